/** IPv6 beside IPv4: rules that one family has, errors about the size of packets. */
import { clientAndServer, FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const CONTROL = { protocol: 'udp', port: 6001 } as const

const ufw = (six: '' | '6', before: string, user: string) => `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:ufw${six}-before-input - [0:0]
:ufw${six}-after-input - [0:0]
:ufw${six}-logging-deny - [0:0]
:ufw${six}-skip-to-policy-input - [0:0]
:ufw${six}-user-input - [0:0]
-A INPUT -j ufw${six}-before-input
-A INPUT -j ufw${six}-after-input
-A ufw${six}-before-input -i lo -j ACCEPT
${before}-A ufw${six}-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw${six}-before-input -m conntrack --ctstate INVALID -j ufw${six}-logging-deny
-A ufw${six}-before-input -m conntrack --ctstate INVALID -j DROP
-A ufw${six}-before-input -j ufw${six}-user-input
-A ufw${six}-after-input -p udp -m udp --dport 137 -j ufw${six}-skip-to-policy-input
-A ufw${six}-after-input -p udp -m udp --dport 138 -j ufw${six}-skip-to-policy-input
-A ufw${six}-logging-deny -m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix "[UFW BLOCK] "
-A ufw${six}-skip-to-policy-input -j DROP
${user}COMMIT
`

export const SIXES: Problem[] = [
  {
    name: 'ufw-allows-one-family',
    thread: { title: 'ufw IPv6 rules', address: 'https://github.com/mikebrady/shairport-sync/issues/1173' },
    backend: 'iptables-nft',
    ...clientAndServer({
      listeners: [
        CONTROL,
        { ...CONTROL, address: '2001:db8:1::1' },
        { protocol: 'tcp', address: '2001:db8:1::1', port: 22 },
      ],
      rules: {
        v4: ufw(
          '',
          '',
          `-A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT
-A ufw-user-input -s 192.0.2.0/24 -p tcp -m tcp --dport 5000 -j ACCEPT
-A ufw-user-input -s 192.0.2.0/24 -p udp -m multiport --dports 6001:6011 -j ACCEPT
`,
        ),
        v6: ufw(
          '6',
          `-A ufw6-before-input -m rt --rt-type 0 -j DROP
-A ufw6-before-input -p ipv6-icmp -m icmp6 --icmpv6-type 134 -m hl --hl-eq 255 -j ACCEPT
-A ufw6-before-input -p ipv6-icmp -m icmp6 --icmpv6-type 135 -m hl --hl-eq 255 -j ACCEPT
-A ufw6-before-input -p ipv6-icmp -m icmp6 --icmpv6-type 136 -m hl --hl-eq 255 -j ACCEPT
-A ufw6-before-input -d ff02::fb/128 -p udp -m udp --dport 5353 -j ACCEPT
`,
          '-A ufw6-user-input -p tcp -m tcp --dport 22 -j ACCEPT\n',
        ),
      },
    }),
    fails: { from: 'client', what: 'udp', to: '2001:db8:1::1', port: 6001 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'udp', to: '192.0.2.1', port: 6001 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words: 'ufw was told to accept it from a network of IPv4; for IPv6 it has no such rule, and the policy drops it.',
      causes: [
        { policy: 'filter INPUT' },
        { chain: 'filter ufw6-user-input' },
        { rule: '--dports 6001:6011', chain: 'filter ufw-user-input' },
      ],
      status: ['dropped'],
    },
    mend: [
      ['server', 'ip6tables -A ufw6-user-input -s 2001:db8:1::/64 -p udp -m multiport --dports 6001:6011 -j ACCEPT'],
    ],
  },
  {
    name: 'firehol-drops-related-errors',
    thread: {
      title: 'Accept ICMP(v6) RELATED packets ASAP in interface',
      address: 'https://github.com/firehol/firehol/pull/168',
    },
    backend: 'iptables-legacy',
    hosts: {
      server: {
        addresses: { eth0: ['2001:db8:1::1/64'] },
        routes: ['default via 2001:db8:1::fe'],
        rules: {
          v6: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
:in_world - [0:0]
:out_world - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -i eth0 -j in_world
-A INPUT -p ipv6-icmp -m conntrack --ctstate RELATED -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -o eth0 -j out_world
-A in_world -p ipv6-icmp -m icmp6 --icmpv6-type neighbour-solicitation -j ACCEPT
-A in_world -p ipv6-icmp -m icmp6 --icmpv6-type neighbour-advertisement -j ACCEPT
-A in_world -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT
-A in_world -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A in_world -j DROP
-A out_world -j ACCEPT
COMMIT
`,
        },
      },
      isp: {
        addresses: { eth0: ['2001:db8:1::fe/64'], ppp0: ['2001:db8:f::1/64'] },
        mtu: { ppp0: 1280 },
        sysctls: FORWARDS,
      },
      far: {
        addresses: { eth0: ['2001:db8:f::9/64'] },
        mtu: { eth0: 1280 },
        routes: ['default via 2001:db8:f::1'],
        listeners: [{ protocol: 'udp', address: '2001:db8:f::9', port: 1194 }],
      },
    },
    links: [
      ['server:eth0', 'isp:eth0'],
      ['isp:ppp0', 'far:eth0'],
    ],
    traced: 'server',
    fails: { from: 'server', what: 'udp', to: '2001:db8:f::9', port: 1194, bytes: 1400, tries: 2 },
    seen: 'nothing',
    others: [
      { sending: { from: 'server', what: 'udp', to: '2001:db8:f::9', port: 1194 }, seen: 'answered' },
      { sending: { from: 'far', what: 'ping', to: '2001:db8:1::1' }, seen: 'nothing' },
    ],
    truth: {
      words:
        "A router on the way says that the packet is too big; the interface's chain ends in DROP before INPUT accepts what is RELATED, so the sender never learns it.",
      causes: [
        { rule: '-j DROP', chain: 'filter in_world' },
        { rule: '--ctstate RELATED -j ACCEPT', chain: 'filter INPUT' },
        { rule: '--ctstate ESTABLISHED -j ACCEPT', chain: 'filter in_world' },
      ],
      status: ['lost', 'unanswered', 'reply-lost'],
    },
    mend: [['server', 'ip6tables -I INPUT -p ipv6-icmp -m conntrack --ctstate RELATED -j ACCEPT']],
  },
]
