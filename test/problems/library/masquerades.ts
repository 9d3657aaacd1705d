/** Source NAT of gateways with iptables: for what was there before, for too much, too late. A wire stands for a tunnel. */
import type { HostSpec } from '../../../src/demo/incident.ts'
import { FORWARDS, homeRouter, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const DNS = { protocol: 'udp', port: 53 } as const

/** Someone on the internet (203.0.113.9), `server` (203.0.113.1), and `peer`, the second address behind its tunnel. */
export const gateway = (
  tunnel: string,
  net: string,
  rules: string,
  peer: HostSpec = { addresses: { eth0: [`${net}.2/24`] }, routes: [`default via ${net}.1`], listeners: WEB },
): Pick<Problem, 'hosts' | 'links' | 'traced'> => ({
  hosts: {
    internet: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [...WEB, DNS] },
    server: {
      addresses: { eth0: ['203.0.113.1/24'], [tunnel]: [`${net}.1/24`] },
      sysctls: FORWARDS,
      rules: { v4: rules },
    },
    peer,
  },
  links: [
    ['internet:eth0', 'server:eth0'],
    [`server:${tunnel}`, 'peer:eth0'],
  ],
  traced: 'server',
})

export const nat = (rules: string) => `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
${rules}COMMIT
`

export const MASQUERADES: Problem[] = [
  {
    name: 'openvpn-masquerade-old-range',
    thread: {
      title: 'No Internet after changing the server IP range',
      address: 'https://github.com/pivpn/pivpn/issues/861',
    },
    backend: 'iptables-legacy',
    ...gateway('tun0', '10.9.0', nat('-A POSTROUTING -s 10.8.0.0/24 -o eth0 -j MASQUERADE\n')),
    fails: { from: 'peer', what: 'udp', to: '203.0.113.9', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'server', what: 'udp', to: '203.0.113.9', port: 53 }, seen: 'answered' },
      { sending: { from: 'peer', what: 'ping', to: '10.9.0.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The rule that masquerades is for the range that the tunnel had before: requests leave with a private source.',
      causes: [{ rule: '-s 10.8.0.0/24', chain: 'nat POSTROUTING' }, { code: 'not-masqueraded' }],
      status: ['unanswered'],
    },
    mend: [['server', 'iptables -t nat -A POSTROUTING -s 10.9.0.0/24 -o eth0 -j MASQUERADE']],
  },
  {
    name: 'openvpn-masquerade-old-uplink',
    thread: {
      title: 'Changed the network interface from wlan0 to eth0',
      address: 'https://github.com/pivpn/pivpn/issues/392',
    },
    backend: 'iptables-nft',
    ...gateway('tun0', '10.8.0', nat('-A POSTROUTING -s 10.8.0.0/24 -o wlan0 -j MASQUERADE\n')),
    fails: { from: 'peer', what: 'ping', to: '203.0.113.9' },
    seen: 'nothing',
    others: [
      { sending: { from: 'server', what: 'ping', to: '203.0.113.9' }, seen: 'answered' },
      { sending: { from: 'server', what: 'tcp', to: '10.8.0.2', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words: 'The rule that masquerades is for wlan0, and the uplink is eth0 now.',
      causes: [{ rule: '-o wlan0', chain: 'nat POSTROUTING' }, { code: 'not-masqueraded' }],
      status: ['unanswered'],
    },
    mend: [['server', 'iptables -t nat -A POSTROUTING -s 10.8.0.0/24 -o eth0 -j MASQUERADE']],
  },
  {
    name: 'openvpn-snat-takes-servers-own',
    thread: {
      title: 'iptables rule masquerades packets from server to client',
      address: 'https://github.com/Nyr/openvpn-install/issues/122',
    },
    backend: 'iptables-legacy',
    hosts: {
      server: {
        addresses: { eth0: ['203.0.113.1/24'], tun0: ['10.8.0.1/24'] },
        routes: ['default via 203.0.113.254'],
        sysctls: FORWARDS,
        rules: { v4: nat('-A POSTROUTING -s 10.8.0.0/24 -j SNAT --to-source 203.0.113.1\n') },
      },
      // a provider forwards no source that is not its customer's
      isp: {
        addresses: { eth0: ['198.51.100.1/24'], eth1: ['203.0.113.254/24'] },
        sysctls: { ...FORWARDS, 'net.ipv4.conf.all.rp_filter': '1' },
        listeners: WEB,
      },
      peer: {
        addresses: { tun0: ['10.8.0.2/24'], wlan0: ['198.51.100.9/24'] },
        routes: ['default via 198.51.100.1'],
        listeners: WEB,
      },
    },
    links: [
      ['server:eth0', 'isp:eth1'],
      ['isp:eth0', 'peer:wlan0'],
      ['server:tun0', 'peer:tun0'],
    ],
    traced: 'server',
    fails: { from: 'server', what: 'ping', to: '10.8.0.2' },
    seen: 'nothing',
    others: [
      { sending: { from: 'peer', what: 'ping', to: '10.8.0.1' }, seen: 'answered' },
      { sending: { from: 'server', what: 'tcp', to: '203.0.113.254', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The rule names no interface: the server's own request into the tunnel leaves with the public source, and the reply takes another way.",
      causes: [{ rule: 'SNAT --to-source 203.0.113.1', chain: 'nat POSTROUTING' }],
      status: ['unanswered'],
    },
    mend: [['server', 'iptables -t nat -R POSTROUTING 1 -s 10.8.0.2 -j SNAT --to-source 203.0.113.1']],
  },
  {
    name: 'nebula-entry-without-masquerade',
    thread: {
      title: "host won't reconnect to lighthouse successfully behind a ip-changed NAT",
      address: 'https://github.com/slackhq/nebula/issues/889',
    },
    backend: 'iptables-legacy',
    ...homeRouter(
      {
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan -o wan -j ACCEPT
COMMIT
`,
        },
      },
      { remote: { listeners: [{ protocol: 'udp', port: 4242 }, ...WEB] } },
    ),
    earlier: {
      sendings: [{ from: 'pc', what: 'udp', to: '203.0.113.9', port: 4242, sport: 44242 }],
      change: [['router', 'iptables -t nat -A POSTROUTING -s 192.168.1.0/24 -o wan -j MASQUERADE']],
    },
    fails: { from: 'pc', what: 'udp', to: '203.0.113.9', port: 4242, sport: 44242 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'udp', to: '203.0.113.9', port: 4242 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'Its connection began before the uplink had its rule that masquerades: the entry keeps the private source.',
      causes: [{ code: 'stale-conntrack' }],
      status: ['unanswered'],
      alsoTrue: ['not-masqueraded'],
    },
    mend: [['router', 'conntrack -D -p udp --dport 4242']],
  },
]
