/** Tunnels and their kill switches. A wire named wg0 stands for the tunnel. */
import type { HostSpec } from '../../../src/demo/incident.ts'
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = [{ protocol: 'tcp', port: 22 }] as const

/** `host` at 192.0.2.1 with `peer` (10.8.0.2) behind `tunnel`, and `lan` (192.0.2.9). */
const withTunnel = (tunnel: string, host: HostSpec): Pick<Problem, 'hosts' | 'links' | 'traced'> => ({
  hosts: {
    lan: { addresses: { eth0: ['192.0.2.9/24'] }, routes: ['10.8.0.1/32 via 192.0.2.1'], listeners: WEB },
    host: {
      ...host,
      addresses: { eth0: ['192.0.2.1/24'], [tunnel]: ['10.8.0.1/24'] },
      sysctls: { ...FORWARDS, ...host.sysctls },
    },
    peer: { addresses: { eth0: ['10.8.0.2/24'] }, routes: ['default via 10.8.0.1'], listeners: WEB },
  },
  links: [
    ['lan:eth0', 'host:eth0'],
    [`host:${tunnel}`, 'peer:eth0'],
  ],
  traced: 'host',
})

export const VPN: Problem[] = [
  {
    name: 'wireguard-docker-drops-replies',
    thread: {
      title: 'Consider DOCKER-USER chain if docker is installed',
      address: 'https://github.com/burghardt/easy-wg-quick/issues/82',
    },
    backend: 'iptables-legacy',
    ...withTunnel('wghub', {
      rules: {
        v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 10.8.0.0/24 -o eth0 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i wghub -j ACCEPT
-A DOCKER-USER -j RETURN
COMMIT
`,
      },
    }),
    fails: { from: 'peer', what: 'tcp', to: '192.0.2.9', port: 80 },
    seen: 'nothing',
    setup: [['lan', 'ip route add 10.8.0.0/24 via 192.0.2.1']],
    others: [{ sending: { from: 'lan', what: 'tcp', to: '10.8.0.2', port: 80 }, seen: 'nothing' }],
    truth: {
      words: "What the peer sends is accepted by its interface; Docker's policy drops what comes back.",
      causes: [{ policy: 'filter FORWARD' }, { chain: 'filter DOCKER-USER' }],
      status: ['reply-lost'],
    },
    mend: [['host', 'iptables -I DOCKER-USER -o wghub -j ACCEPT']],
  },
  {
    name: 'wireguard-kill-switch-lan',
    thread: { title: 'Local dns server', address: 'https://github.com/jordanpotter/docker-wireguard/issues/13' },
    backend: 'iptables-legacy',
    ...withTunnel('wg0', {
      rules: {
        v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A OUTPUT ! -o wg0 -m mark ! --mark 0xca6c -m addrtype ! --dst-type LOCAL -j REJECT --reject-with icmp-port-unreachable
COMMIT
`,
      },
    }),
    fails: { from: 'host', what: 'tcp', to: '192.0.2.9', port: 80 },
    seen: 'refused',
    others: [{ sending: { from: 'host', what: 'tcp', to: '10.8.0.2', port: 80 }, seen: 'answered' }],
    truth: {
      words: 'The kill switch rejects all that leaves past the tunnel, also for the own network.',
      causes: [{ rule: '! -o wg0', chain: 'filter OUTPUT' }],
      status: ['rejected'],
    },
    mend: [['host', 'iptables -I OUTPUT -d 192.0.2.0/24 -j ACCEPT']],
  },
  {
    name: 'wg-quick-raw-drop',
    thread: { title: 'wireguard -- 折腾', address: 'https://github.com/dkluffy/dklog/issues/54' },
    backend: 'iptables-legacy',
    ...withTunnel('wg0', {
      listeners: WEB,
      rules: {
        v4: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -d 10.8.0.1/32 ! -i wg0 -m addrtype ! --src-type LOCAL -m comment --comment "wg-quick(8) rule for wg0" -j DROP
COMMIT
`,
      },
    }),
    fails: { from: 'lan', what: 'tcp', to: '10.8.0.1', port: 80 },
    seen: 'nothing',
    others: [{ sending: { from: 'lan', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'answered' }],
    truth: {
      words: "wg-quick drops what comes for the tunnel's address by another interface.",
      causes: [{ rule: 'wg-quick(8) rule for wg0', chain: 'raw PREROUTING' }],
      status: ['dropped'],
    },
    mend: [['host', 'iptables -t raw -F PREROUTING']],
  },
  {
    name: 'gluetun-host-network',
    thread: {
      title: 'Bug: Gluetun blocks all incoming connections to the host after switching to `network_mode: host`',
      address: 'https://github.com/passteque/gluetun/issues/2793',
    },
    backend: 'iptables-nft',
    ...withTunnel('tun0', {
      listeners: SSH,
      rules: {
        v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -o tun0 -j ACCEPT
COMMIT
`,
      },
    }),
    fails: { from: 'lan', what: 'tcp', to: '192.0.2.1', port: 22 },
    seen: 'nothing',
    others: [
      { sending: { from: 'host', what: 'tcp', to: '10.8.0.2', port: 80 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The firewall of the container stands in the host's namespace: INPUT's policy drops what it has no rule for.",
      causes: [{ policy: 'filter INPUT' }],
      status: ['dropped'],
    },
    mend: [['host', 'iptables -A INPUT -i eth0 -p tcp --dport 22 -j ACCEPT']],
  },
  {
    name: 'tailscale-drops-cgnat-dns',
    thread: {
      title: 'local dns response is blocked by iptables',
      address: 'https://github.com/tailscale/tailscale/issues/10237',
    },
    backend: 'iptables-nft',
    hosts: {
      host: {
        addresses: { eth0: ['192.0.2.1/24'], tailscale0: ['100.80.115.142/32'] },
        routes: ['100.100.2.136/32 via 192.0.2.9', '100.101.1.1/32 dev tailscale0'],
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:ts-input - [0:0]
:ts-forward - [0:0]
-A INPUT -j ts-input
-A FORWARD -j ts-forward
-A ts-input -s 100.80.115.142/32 -i lo -j ACCEPT
-A ts-input -s 100.115.92.0/23 ! -i tailscale0 -j RETURN
-A ts-input -s 100.64.0.0/10 ! -i tailscale0 -j DROP
-A ts-input -i tailscale0 -j ACCEPT
-A ts-forward -i tailscale0 -j MARK --set-xmark 0x40000/0xff0000
-A ts-forward -m mark --mark 0x40000/0xff0000 -j ACCEPT
-A ts-forward -s 100.64.0.0/10 -o tailscale0 -j DROP
-A ts-forward -o tailscale0 -j ACCEPT
COMMIT
`,
        },
      },
      dns: {
        addresses: { eth0: ['192.0.2.9/24'], lo: ['100.100.2.136/32'] },
        listeners: [{ protocol: 'udp', address: '100.100.2.136', port: 53 }, ...WEB],
      },
      tailnet: { addresses: { eth0: ['100.101.1.1/32'] }, routes: ['100.80.115.142/32 dev eth0'], listeners: WEB },
    },
    links: [
      ['host:eth0', 'dns:eth0'],
      ['host:tailscale0', 'tailnet:eth0'],
    ],
    traced: 'host',
    fails: { from: 'host', what: 'udp', to: '100.100.2.136', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'host', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '100.101.1.1', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words: "The resolver's address is in the range that Tailscale takes for its own: ts-input drops the reply.",
      causes: [{ rule: '-s 100.64.0.0/10', chain: 'filter ts-input' }],
      status: ['reply-lost'],
    },
    mend: [['host', 'iptables -I ts-input -s 100.100.2.136 -p udp --sport 53 -j ACCEPT']],
  },
]
