/** StartOS's forwards to its services, from a thread: for the network at the link alone. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const HTTPS = { protocol: 'tcp', port: 443 } as const

export const FORWARDS_OF_STARTOS: Problem[] = [
  {
    name: 'startos-forwards-for-the-network-on-link-alone',
    thread: {
      title:
        'A "Local" exposure means two different things: the vhost accepts any RFC1918 source, a raw-port DNAT accepts only the on-link subnet',
      address: 'https://github.com/Start9Labs/start-technologies/issues/3912',
    },
    backend: 'nft',
    hosts: {
      lan: { addresses: { eth0: ['192.168.1.9/24'] } },
      iot: { addresses: { eth0: ['10.20.0.9/24'] }, routes: ['default via 10.20.0.1'] },
      net: { addresses: { eth0: ['203.0.113.9/24'] }, routes: ['default via 203.0.113.1'] },
      router: {
        bridges: { br0: ['lan1', 'lan2'] },
        addresses: { br0: ['192.168.1.1/24'], iot0: ['10.20.0.1/24'], wan: ['203.0.113.1/24'] },
        sysctls: FORWARDS,
      },
      server: {
        bridges: { lxcbr0: ['veth1'] },
        addresses: { eth0: ['192.168.1.5/24'], lxcbr0: ['10.0.3.1/24'] },
        routes: ['default via 192.168.1.1'],
        sysctls: FORWARDS,
        listeners: [HTTPS],
        rules: {
          nft: `table ip startos {
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    ip saddr 192.168.1.0/24 ip daddr 192.168.1.5 meta l4proto { tcp, udp } th dport 8332 dnat to 10.0.3.9:8332 comment "F1f0e2c3b4a59687"
    ip saddr 10.0.3.0/24 ip daddr 192.168.1.5 meta l4proto { tcp, udp } th dport 8332 dnat to 10.0.3.9:8332 comment "F1f0e2c3b4a59687"
  }
  chain output {
    type nat hook output priority -100; policy accept;
    ip daddr 192.168.1.5 meta l4proto { tcp, udp } th dport 8332 dnat to 10.0.3.9:8332 comment "F1f0e2c3b4a59687"
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "lxcbr0" accept
    ct status dnat ct original ip daddr 192.168.1.5 meta l4proto { tcp, udp } ct original proto-dst 8332 ip daddr 10.0.3.9 th dport 8332 ct state new accept comment "F1f0e2c3b4a59687"
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    iifname "lxcbr0" oifname "eth0" masquerade
    fib saddr type local ct original ip daddr 192.168.1.5 ip daddr 10.0.3.9 meta l4proto { tcp, udp } th dport 8332 masquerade comment "F1f0e2c3b4a59687"
    ip saddr 10.0.3.0/24 ip daddr 10.0.3.9 meta l4proto { tcp, udp } th dport 8332 masquerade comment "F1f0e2c3b4a59687"
  }
}
`,
        },
      },
      bitcoind: {
        addresses: { eth0: ['10.0.3.9/24'] },
        routes: ['default via 10.0.3.1'],
        listeners: [{ protocol: 'tcp', port: 8332 }],
      },
    },
    links: [
      ['lan:eth0', 'router:lan1'],
      ['server:eth0', 'router:lan2'],
      ['iot:eth0', 'router:iot0'],
      ['net:eth0', 'router:wan'],
      ['server:veth1', 'bitcoind:eth0'],
    ],
    traced: 'server',
    fails: { from: 'iot', what: 'tcp', to: '192.168.1.5', port: 8332 },
    seen: 'refused',
    others: [
      { sending: { from: 'lan', what: 'tcp', to: '192.168.1.5', port: 8332 }, seen: 'answered' },
      { sending: { from: 'iot', what: 'tcp', to: '192.168.1.5', port: 443 }, seen: 'answered' },
      { sending: { from: 'net', what: 'tcp', to: '192.168.1.5', port: 8332 }, seen: 'refused' },
    ],
    truth: {
      words:
        'The port is forwarded for the network at the link and for the bridge. A client of another private network that is routed here asks the host itself, where nobody listens.',
      causes: [
        { rule: 'ip saddr 192.168.1.0/24', chain: 'ip startos prerouting' },
        { rule: 'ip saddr 10.0.3.0/24', chain: 'ip startos prerouting' },
      ],
      status: ['refused'],
      alsoTrue: ['closed-port', 'refused-here'],
    },
    mend: [
      [
        'server',
        "nft 'add rule ip startos prerouting ip saddr { 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 127.0.0.0/8, 169.254.0.0/16 } ip daddr 192.168.1.5 meta l4proto { tcp, udp } th dport 8332 dnat to 10.0.3.9:8332'",
      ],
    ],
  },
]
