/** Docker's rules for what it publishes and what it does not, and connections that are older. */
import { bridged, FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { docker } from './docker.ts'

const NET = '172.17.0.1/16'
const published = { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 } as const

export const PUBLISHING: Problem[] = [
  {
    name: 'docker-raw-drops-direct-access',
    thread: { title: 'Docker 28 and Tailscale subnet routing', address: 'https://github.com/moby/moby/issues/51015' },
    backend: 'iptables-nft',
    ...bridged('docker0', NET, {
      rules: {
        v4: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -d 172.17.0.2/32 ! -i docker0 -j DROP
COMMIT
${docker({
  forward: `:ts-forward - [0:0]
-A FORWARD -j ts-forward
-A ts-forward -i eth0 -j MARK --set-xmark 0x40000/0xff0000
-A ts-forward -m mark --mark 0x40000/0xff0000 -j ACCEPT
`,
})}`,
      },
    }),
    fails: { from: 'client', what: 'ping', to: '172.17.0.2' },
    seen: 'nothing',
    others: [
      { sending: published, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '172.17.0.1' }, seen: 'answered' },
    ],
    truth: {
      words: "Docker's rule in raw drops what asks a container by its own address, before any other chain.",
      causes: [{ rule: '-d 172.17.0.2/32 ! -i docker0 -j DROP', chain: 'raw PREROUTING' }],
      status: ['dropped'],
    },
    mend: [['host', 'iptables -t raw -I PREROUTING -i eth0 -d 172.17.0.2 -j ACCEPT']],
  },
  {
    name: 'docker-udp-entry-without-nat',
    thread: { title: 'UDP pkts lost for some src', address: 'https://github.com/docker/for-linux/issues/156' },
    backend: 'iptables-legacy',
    ...bridged('docker0', NET, { rules: { v4: docker() } }, { listeners: [{ protocol: 'udp', port: 514 }] }),
    earlier: {
      sendings: [{ from: 'client', what: 'udp', to: '192.0.2.1', port: 514, sport: 45514 }],
      change: [
        [
          'host',
          'iptables -t nat -A DOCKER ! -i docker0 -p udp --dport 514 -j DNAT --to-destination 172.17.0.2:514; iptables -A DOCKER -d 172.17.0.2 ! -i docker0 -o docker0 -p udp --dport 514 -j ACCEPT',
        ],
      ],
    },
    fails: { from: 'client', what: 'udp', to: '192.0.2.1', port: 514, sport: 45514 },
    seen: 'refused',
    others: [{ sending: { from: 'client', what: 'udp', to: '192.0.2.1', port: 514 }, seen: 'answered' }],
    truth: {
      words:
        'Its entry in connection tracking is from when the container was stopped and the port not published: it has no NAT.',
      causes: [{ code: 'stale-conntrack' }],
      status: ['refused'],
      alsoTrue: ['closed-port', 'refused-here'],
    },
    mend: [['host', 'conntrack -D -p udp --dport 514']],
  },
  {
    name: 'docker-ipv6-without-masquerade',
    thread: {
      title: 'Unable to ping ipv6 address from docker',
      address: 'https://github.com/docker/for-linux/issues/648',
    },
    backend: 'iptables-nft',
    hosts: {
      c1: {
        addresses: { eth0: ['fd00:17::2/64', '172.17.0.2/16'] },
        routes: ['default via fd00:17::1', 'default via 172.17.0.1'],
      },
      host: {
        bridges: { docker0: ['veth1'] },
        addresses: { docker0: ['fd00:17::1/64', '172.17.0.1/16'], eth0: ['2001:db8:1::1/64', '192.0.2.1/24'] },
        sysctls: FORWARDS,
        rules: {
          v4: docker(),
          v6: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate INVALID -j DROP
COMMIT
`,
        },
      },
      far: { addresses: { eth0: ['2001:db8:1::9/64', '192.0.2.9/24'] } },
    },
    links: [
      ['c1:eth0', 'host:veth1'],
      ['host:eth0', 'far:eth0'],
    ],
    traced: 'host',
    fails: { from: 'c1', what: 'ping', to: '2001:db8:1::9' },
    seen: 'nothing',
    others: [
      { sending: { from: 'c1', what: 'ping', to: '192.0.2.9' }, seen: 'answered' },
      { sending: { from: 'host', what: 'ping', to: '2001:db8:1::9' }, seen: 'answered' },
    ],
    truth: {
      words: "Docker's rules masquerade IPv4 alone: the request leaves with a source that is local to this host.",
      causes: [{ code: 'not-masqueraded' }],
      status: ['unanswered'],
    },
    mend: [['host', 'ip6tables -t nat -A POSTROUTING -s fd00:17::/64 ! -o docker0 -j MASQUERADE']],
  },
]
