/** By nft, behind the last hook of IP: a chain at egress, which sees ARP as well, and what it lets a container send. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

/** Rules of a container whose whole traffic an inspector on its host has to see: redirected at output, and dropped at egress unless it goes there. */
const customs = (accepted: readonly string[]): string => `table inet customs {
  chain out {
    type nat hook output priority -100; policy accept;
    tcp dport 443 dnat ip to 169.254.1.3:8443
    tcp dport 80 dnat ip to 169.254.1.3:8080
    udp dport 53 dnat ip to 169.254.1.3:8053
    tcp dport 53 dnat ip to 169.254.1.3:8053
  }
}
table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept
    ct state established,related accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } accept
    tcp dport 22 accept
  }
}
table netdev customs {
  chain egress {
    type filter hook egress device "enp1s0" priority 0; policy drop;
    ${accepted.join('\n    ')}
    udp dport 443 counter comment "quic"
    counter comment "dropped"
  }
}
`

const ARP = 'meta protocol arp accept'
const ND = 'icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit } accept'
const TCP = 'ip daddr 169.254.1.3 tcp dport { 8443, 8080, 8053 } accept'
const UDP = 'ip daddr 169.254.1.3 udp dport 8053 accept'

const THREAD = {
  title: 'Shape 1: a rootless podman container, and its drop at the egress hook of netdev',
  address: 'https://github.com/BenSmith/moatery/blob/main/docs/DESIGN.md',
} as const

const container = (accepted: readonly string[]): Pick<Problem, 'backend' | 'hosts' | 'links' | 'traced'> => ({
  backend: 'nft',
  hosts: {
    workload: {
      addresses: { enp1s0: ['192.168.1.50/24'] },
      routes: ['default via 192.168.1.1'],
      listeners: [SSH],
      rules: { nft: customs(accepted) },
    },
    host: {
      addresses: { eth0: ['192.168.1.1/24'], lo: ['169.254.1.3/32'] },
      sysctls: FORWARDS,
      listeners: [
        { protocol: 'tcp', port: 8443 },
        { protocol: 'tcp', port: 8080 },
        { protocol: 'udp', address: '169.254.1.3', port: 8053 },
      ],
    },
  },
  links: [['workload:enp1s0', 'host:eth0']],
  traced: 'workload',
})

export const EGRESS_HOOKS: Problem[] = [
  {
    name: 'customs-drops-at-egress-the-question-for-its-gateways-link-address',
    thread: THREAD,
    ...container([ND, TCP, UDP]),
    fails: { from: 'workload', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'unreachable',
    others: [{ sending: { from: 'workload', what: 'tcp', to: '192.168.1.50', port: 22 }, seen: 'answered' }],
    truth: {
      words:
        'The chain at egress sees ARP, too, and no rule accepts it: the question for the link address of the gateway is dropped, and nobody answers.',
      causes: [{ policy: 'netdev customs egress' }, { chain: 'netdev customs egress' }],
      status: ['lost', 'dropped', 'unanswered'],
      alsoTrue: ['neighbour-failed'],
    },
    mend: [
      ['workload', 'nft insert rule netdev customs egress meta protocol arp accept; ip neigh flush dev enp1s0; true'],
    ],
  },
  {
    name: 'customs-sends-the-names-to-a-port-that-egress-has-no-rule-for',
    thread: THREAD,
    ...container([ARP, ND, TCP]),
    fails: { from: 'workload', what: 'udp', to: '192.168.1.1', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'workload', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'workload', what: 'udp', to: '203.0.113.9', port: 443 }, seen: 'nothing' },
      { sending: { from: 'workload', what: 'tcp', to: '192.168.1.50', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'Questions for names are redirected to port 8053 by UDP as well, and the chain at egress accepts that port for TCP alone.',
      causes: [{ policy: 'netdev customs egress' }, { chain: 'netdev customs egress' }],
      status: ['dropped', 'lost'],
    },
    mend: [['workload', 'nft insert rule netdev customs egress ip daddr 169.254.1.3 udp dport 8053 accept']],
  },
  {
    name: 'healthy-customs-lets-to-its-inspector-what-it-redirects',
    thread: THREAD,
    ...container([ARP, ND, TCP, UDP]),
    fails: { from: 'workload', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'answered',
    others: [
      { sending: { from: 'workload', what: 'udp', to: '192.168.1.1', port: 53 }, seen: 'answered' },
      { sending: { from: 'workload', what: 'udp', to: '203.0.113.9', port: 443 }, seen: 'nothing' },
    ],
    truth: {
      words: 'Nothing is wrong: what is redirected to the inspector passes the chain at egress, and ARP does.',
      causes: [],
      status: ['answered'],
    },
    mend: [['workload', 'true']],
  },
  {
    name: 'customs-drops-at-egress-the-solicitation-of-its-gateway',
    thread: THREAD,
    backend: 'nft',
    hosts: {
      workload: {
        addresses: { enp1s0: ['2001:db8:1::50/64'] },
        routes: ['default via 2001:db8:1::1'],
        listeners: [{ protocol: 'tcp', address: '2001:db8:1::50', port: 22 }],
        rules: {
          nft: `table inet customs {
  chain out {
    type nat hook output priority -100; policy accept;
    tcp dport 443 dnat ip6 to [fd00:169::3]:8443
    tcp dport 80 dnat ip6 to [fd00:169::3]:8080
  }
}
table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept
    ct state established,related accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } accept
    tcp dport 22 accept
  }
}
table netdev customs {
  chain egress {
    type filter hook egress device "enp1s0" priority 0; policy drop;
    meta protocol arp accept
    ip6 daddr fd00:169::3 tcp dport { 8443, 8080 } accept
    udp dport 443 counter comment "quic"
    counter comment "dropped"
  }
}
`,
        },
      },
      host: {
        addresses: { eth0: ['2001:db8:1::1/64'], lo: ['fd00:169::3/128'] },
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', address: 'fd00:169::3', port: 8443 }],
      },
    },
    links: [['workload:enp1s0', 'host:eth0']],
    traced: 'workload',
    fails: { from: 'workload', what: 'tcp', to: '2001:db8:f::9', port: 443 },
    seen: 'unreachable',
    others: [{ sending: { from: 'workload', what: 'tcp', to: '2001:db8:1::50', port: 22 }, seen: 'answered' }],
    truth: {
      words:
        "The chain at egress was written for IPv4: it accepts ARP, and drops the solicitation for the gateway's link address, so nothing of IPv6 leaves.",
      causes: [
        { policy: 'netdev customs egress' },
        { chain: 'netdev customs egress' },
        { code: 'neighbour-discovery-dropped' },
      ],
      status: ['lost', 'dropped', 'unanswered'],
      alsoTrue: ['neighbour-failed'],
    },
    mend: [
      [
        'workload',
        'nft insert rule netdev customs egress icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept; ip neigh flush dev enp1s0; true',
      ],
    ],
  },
]
