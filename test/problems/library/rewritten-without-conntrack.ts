/** Destinations that nft rewrites without conntrack, and copies beside them, from a thread: nothing undoes the rewrite in what is replied. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const QUERY = { protocol: 'udp', port: 5300 } as const
const METRICS = { protocol: 'tcp', port: 9100 } as const

const collector = (address: string) => ({
  addresses: { eth0: [`${address}/24`] },
  routes: ['default via 172.19.0.1'],
  listeners: [QUERY, METRICS],
})

export const REWRITTEN_WITHOUT_CONNTRACK: Problem[] = [
  {
    name: 'stateless-nat-with-a-copy-and-no-way-back',
    thread: {
      title: 'Stateless NAT and packet duplication',
      address: 'https://github.com/google/nftables/issues/80',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] }, routes: ['default via 192.0.2.1'] },
      balancer: {
        bridges: { br0: ['veth1', 'veth2'] },
        addresses: { eth0: ['192.0.2.1/24'], br0: ['172.19.0.1/24'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        listeners: [SSH],
        rules: {
          nft: `table ip filter {
  chain prerouting {
    type filter hook prerouting priority raw; policy accept;
    ip daddr 192.0.2.1 udp dport 5300 counter ip daddr set 172.19.0.2 dup to 172.19.0.6 notrack
    iifname "br0" udp sport 5300 notrack
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept
    ct state established,related accept
    icmp type echo-request accept
    tcp dport 22 accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    ct state untracked udp dport 5300 accept
    ct state untracked udp sport 5300 accept
    ct status dnat accept
  }
}
table ip nat {
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    ip daddr 192.0.2.1 tcp dport 9100 dnat to 172.19.0.2
  }
}
`,
        },
      },
      first: collector('172.19.0.2'),
      copy: collector('172.19.0.6'),
    },
    links: [
      ['client:eth0', 'balancer:eth0'],
      ['balancer:veth1', 'first:eth0'],
      ['balancer:veth2', 'copy:eth0'],
    ],
    traced: 'balancer',
    // the copy only listens: what it would reply goes nowhere
    setup: [['copy', 'ip route replace blackhole 192.0.2.0/24']],
    fails: { from: 'client', what: 'udp', to: '192.0.2.1', port: 5300 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 9100 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The rule writes another destination into the packet, and notrack keeps conntrack from knowing it. What the collector replies leaves with its own address, which the client never asked.',
      causes: [
        { rule: 'ip daddr set 172.19.0.2', chain: 'ip filter prerouting' },
        { code: 'reply-from-other-address' },
        { code: 'untracked', words: ['notrack'] },
      ],
      status: ['unanswered', 'reply-lost'],
      alsoTrue: ['untracked'],
    },
    mend: [
      [
        'balancer',
        'nft "add chain ip filter postrouting { type filter hook postrouting priority srcnat; }"; nft add rule ip filter postrouting ip saddr 172.19.0.2 udp sport 5300 ip saddr set 192.0.2.1',
      ],
    ],
  },
]
