/** Where the next hop of IPv4 is an address of IPv6, IPv4 needs its neighbour discovery. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

export const NEXT_HOPS_OF_THE_OTHER_FAMILY: Problem[] = [
  {
    name: 'babel-router-lets-no-advertisement-in-of-the-next-hop-that-ipv4-has',
    thread: { title: 'Babeld and firewall', address: 'https://github.com/libremesh/lime-packages/issues/787' },
    backend: 'nft',
    hosts: {
      peer: {
        addresses: { eth0: ['fd00:1::2/64'], lo: ['10.42.0.2/32'] },
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', port: 80 }],
      },
      router: {
        addresses: { mesh: ['fd00:1::1/64'], lo: ['10.42.0.1/32'], lan: ['192.168.1.1/24'] },
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', port: 22 }],
        rules: {
          nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept
    ct state established,related accept
    iifname "mesh" ip6 saddr fe80::/10 udp sport 6696 udp dport 6696 accept comment "babel"
    icmp type echo-request accept
    tcp dport 22 accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "lan" oifname "mesh" accept
    iifname "mesh" oifname "mesh" accept
  }
}
table ip nat {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    iifname "lan" oifname "mesh" snat to 10.42.0.1
  }
}
`,
        },
      },
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
    },
    links: [
      ['peer:eth0', 'router:mesh'],
      ['router:lan', 'pc:eth0'],
    ],
    traced: 'router',
    setup: [
      ['router', 'ip route add 10.42.0.2/32 via inet6 fd00:1::2 dev mesh src 10.42.0.1'],
      ['peer', 'ip route add 10.42.0.1/32 via inet6 fd00:1::1 dev eth0 src 10.42.0.2'],
    ],
    fails: { from: 'pc', what: 'tcp', to: '10.42.0.2', port: 80 },
    seen: 'unreachable',
    others: [{ sending: { from: 'pc', what: 'tcp', to: '192.168.1.1', port: 22 }, seen: 'answered' }],
    truth: {
      words: 'The next hop of IPv4 is an address of IPv6, and input drops the advertisement of its link address.',
      causes: [{ policy: 'inet filter input' }, { code: 'neighbour-discovery-dropped' }, { code: 'neighbour-failed' }],
      status: ['lost', 'unanswered'],
    },
    mend: [
      ['router', 'nft insert rule inet filter input icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept'],
    ],
  },
]
