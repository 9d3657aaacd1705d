/** The same of iptables' rules, and of routing rules by TOS: bits that are not compared, an alias, a source port, an exception that a narrower element overrides. */
import { clientAndServer, FORWARDS, homeRouter, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

/** A router that gives voice a codepoint; what has TOS 0x10 is to leave by the second uplink, which leads nowhere yet. */
const pbr = (codepoint: string): Pick<Problem, 'hosts' | 'links' | 'traced' | 'setup'> => ({
  hosts: {
    pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
    router: {
      addresses: { lan: ['192.168.1.1/24'], wan: ['203.0.113.2/24'], lte: ['192.0.2.2/24'] },
      routes: ['default via 203.0.113.1'],
      sysctls: FORWARDS,
      listeners: [SSH],
      rules: {
        v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i lan -p udp -m udp --dport 5004 -j DSCP --set-dscp ${codepoint}
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o wan -j MASQUERADE
-A POSTROUTING -o lte -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan -j ACCEPT
COMMIT
`,
      },
    },
    isp: {
      addresses: { eth0: ['203.0.113.1/24'], lo: ['198.51.100.7/32'] },
      listeners: [...WEB, { protocol: 'udp', port: 5004, address: '198.51.100.7' }],
    },
    modem: { addresses: { eth0: ['192.0.2.1/24'] } },
  },
  links: [
    ['pc:eth0', 'router:lan'],
    ['router:wan', 'isp:eth0'],
    ['router:lte', 'modem:eth0'],
  ],
  traced: 'router',
  setup: [['router', 'ip rule add tos 0x10 lookup 200; ip route add default via 192.0.2.1 table 200']],
})

const PBR: Problem = {
  name: 'frr-tos-rule-compares-three-bits-of-the-codepoint',
  thread: { title: 'PBR with DSCP', address: 'https://github.com/FRRouting/frr/issues/11529' },
  backend: 'iptables-nft',
  ...pbr('0x24'),
  fails: { from: 'pc', what: 'udp', to: '198.51.100.7', port: 5004 },
  seen: 'nothing',
  others: [
    { sending: { from: 'pc', what: 'tcp', to: '198.51.100.7', port: 80 }, seen: 'answered' },
    { sending: { from: 'pc', what: 'ping', to: '198.51.100.7' }, seen: 'answered' },
    { sending: { from: 'pc', what: 'tcp', to: '192.168.1.1', port: 22 }, seen: 'answered' },
  ],
  truth: {
    words:
      'The packet is given AF42, TOS 0x90: a routing rule of `tos` compares the three bits 0x1c alone, so that of 0x10 takes it to the second uplink.',
    causes: [
      { rule: '--set-dscp 0x24', chain: 'mangle PREROUTING' },
      { code: 'wrong-way-out', words: ['tos 0x10'] },
      { code: 'wrong-way-out', words: ['table 200'] },
      { code: 'not-netfilter', words: ['table 200'] },
    ],
    status: ['unanswered', 'lost'],
  },
  mend: [['router', 'ip rule del tos 0x10 lookup 200']],
}

export const THREADS_AH_MORE: Problem[] = [
  PBR,
  {
    ...PBR,
    name: 'near-frr-codepoint-has-other-bits-than-the-tos-rule',
    thread: { title: 'DSCP / ECN-based PBR Matching', address: 'https://github.com/FRRouting/frr/pull/6730' },
    ...pbr('0x22'),
    seen: 'answered',
    truth: {
      words:
        'Nothing is wrong: AF41 is TOS 0x88, which has 0x08 in the three bits that a routing rule of `tos` compares, so the packet leaves by the first uplink.',
      causes: [],
      status: ['answered'],
    },
    mend: [['router', 'true']],
  },
  {
    name: 'firehol-rule-of-a-user-is-not-for-what-the-kernel-sends',
    thread: {
      title: 'orphan packets with ownership are not silently dropped',
      address: 'https://github.com/firehol/firehol/issues/462',
    },
    backend: 'iptables-nft',
    ...clientAndServer({
      listeners: [SSH],
      rules: {
        v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
:in_world - [0:0]
:out_world - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -i eth0 -j in_world
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -o eth0 -j out_world
-A in_world -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT
-A in_world -p icmp -m icmp --icmp-type 8 -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT
-A in_world -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A out_world -m owner --uid-owner 0 -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT
-A out_world -p tcp -m conntrack --ctstate NEW -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -j DROP
COMMIT
`,
      },
    }),
    fails: { from: 'client', what: 'ping', to: '192.0.2.1' },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'server', what: 'ping', to: '192.0.2.2' }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The kernel itself sends the echo reply, so it is of no user: the rule of root does not match it, and OUTPUT drops it.',
      causes: [{ rule: '--uid-owner 0', chain: 'filter out_world' }],
      status: ['reply-lost'],
    },
    mend: [['server', 'iptables -I out_world -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT']],
  },
  {
    name: 'near-sonic-relay-asks-from-the-servers-port-untracked',
    thread: {
      title: '[dhcp-pkt-fwd] The src port and dst port of Relayed Packet are both 67',
      address: 'https://github.com/sonic-net/sonic-mgmt/pull/2432',
    },
    backend: 'iptables-nft',
    ...clientAndServer({
      listeners: [SSH, { protocol: 'udp', port: 67 }],
      rules: {
        v4: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p udp -m udp --dport 67 -j CT --notrack
-A OUTPUT -p udp -m udp --sport 67 -j CT --notrack
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p udp -m udp --sport 67:68 --dport 67 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -m conntrack --ctstate INVALID -j DROP
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -p udp -m udp --sport 67 --dport 67:68 -j ACCEPT
COMMIT
`,
      },
    }),
    fails: { from: 'client', what: 'udp', to: '192.0.2.1', port: 67, sport: 67 },
    seen: 'answered',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'udp', to: '192.0.2.1', port: 67 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'Nothing is wrong: a relay asks from port 67 and is answered there, and both directions are untracked and accepted by their ports.',
      causes: [],
      status: ['answered'],
    },
    mend: [['server', 'true']],
  },
  {
    name: 'firewalld-drops-what-all-nodes-reply',
    thread: {
      title: 'ipv6 multicast all nodes replies are rejected',
      address: 'https://github.com/firewalld/firewalld/issues/1046',
    },
    backend: 'iptables-nft',
    ...clientAndServer({
      listeners: [SSH],
      rules: {
        v6: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:IN_home - [0:0]
:IN_home_allow - [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -i eth0 -g IN_home
-A INPUT -j REJECT --reject-with icmp6-adm-prohibited
-A IN_home -j IN_home_allow
-A IN_home -p ipv6-icmp -j ACCEPT
-A IN_home -j REJECT --reject-with icmp6-adm-prohibited
-A IN_home_allow -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW,UNTRACKED -j ACCEPT
COMMIT
`,
      },
    }),
    // else it answers itself
    setup: [['server', 'sysctl -qw net.ipv6.icmp.echo_ignore_multicast=1']],
    fails: { from: 'server', what: 'ping', to: 'ff02::1%eth0' },
    seen: 'nothing',
    looksAt: { protocol: 'icmpv6', dst: 'ff02::1' },
    others: [
      { sending: { from: 'server', what: 'ping', to: '2001:db8:1::2' }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '2001:db8:1::1' }, seen: 'answered' },
    ],
    truth: {
      words:
        "The reply comes from the neighbour's own address, not from the group that was asked: to connection tracking it is INVALID, and INPUT drops that.",
      causes: [{ rule: '--ctstate INVALID -j DROP', chain: 'filter INPUT' }],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [['server', 'ip6tables -D INPUT -m conntrack --ctstate INVALID -j DROP']],
  },
  {
    name: 'lede-takes-dhcpv6-from-the-servers-port-alone',
    thread: {
      title: 'firewall: verify dhcp source ports',
      address: 'https://github.com/lede-project/source/pull/1188',
    },
    backend: 'iptables-legacy',
    hosts: {
      isp: {
        addresses: { eth0: ['fe80::9/64', '2001:db8:f::9/64'] },
        listeners: [{ protocol: 'tcp', address: '2001:db8:f::9', port: 80 }],
      },
      router: {
        addresses: { wan: ['fe80::1/64', '2001:db8:f::1/64'], lan: ['2001:db8:1::1/64'] },
        sysctls: FORWARDS,
        listeners: [{ protocol: 'udp', address: 'fe80::1%wan', port: 546 }],
        rules: {
          v6: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:zone_wan_input - [0:0]
:zone_wan_src_DROP - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i wan -j zone_wan_input
-A zone_wan_input -s fc00::/6 -d fc00::/6 -p udp -m udp --sport 547 --dport 546 -m comment --comment "!fw3: Allow-DHCPv6" -j ACCEPT
-A zone_wan_input -p ipv6-icmp -m limit --limit 1000/sec -m comment --comment "!fw3: Allow-ICMPv6-Input" -j ACCEPT
-A zone_wan_input -j zone_wan_src_DROP
-A zone_wan_src_DROP -i wan -m comment --comment "!fw3" -j DROP
COMMIT
`,
        },
      },
      pc: { addresses: { eth0: ['2001:db8:1::10/64'] }, routes: ['default via 2001:db8:1::1'] },
    },
    links: [
      ['isp:eth0', 'router:wan'],
      ['router:lan', 'pc:eth0'],
    ],
    traced: 'router',
    fails: { from: 'isp', what: 'udp', to: 'fe80::1%eth0', port: 546, sport: 49152 },
    seen: 'nothing',
    looksAt: { protocol: 'udp', dst: 'fe80::1' },
    others: [
      { sending: { from: 'isp', what: 'udp', to: 'fe80::1%eth0', port: 546, sport: 547 }, seen: 'answered' },
      { sending: { from: 'isp', what: 'ping', to: '2001:db8:f::1' }, seen: 'answered' },
      { sending: { from: 'router', what: 'tcp', to: '2001:db8:f::9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words: "The rule for DHCPv6 asks for the source port 547; this provider's server sends from another.",
      causes: [{ rule: '--sport 547 --dport 546', chain: 'filter zone_wan_input' }],
      status: ['dropped'],
    },
    mend: [['router', 'ip6tables -I zone_wan_input -s fc00::/6 -d fc00::/6 -p udp --dport 546 -j ACCEPT']],
  },
  {
    name: 'puppet-rule-names-an-alias-of-the-interface',
    thread: {
      title: 'MODULES-1469 MODULES-1470 Support alias (eth0:0), negation for iniface, ...',
      address: 'https://github.com/puppetlabs/puppetlabs-firewall/pull/435',
    },
    backend: 'iptables-legacy',
    ...clientAndServer({
      listeners: [SSH, ...WEB],
      rules: {
        v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -m comment --comment "000 accept all to lo interface" -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment "001 accept related established" -j ACCEPT
-A INPUT -p icmp -m comment --comment "002 accept all icmp" -j ACCEPT
-A INPUT -i eth0 -p tcp -m multiport --dports 22 -m comment --comment "010 ssh" -j ACCEPT
-A INPUT -i eth0:0 -p tcp -m multiport --dports 80,443 -m comment --comment "020 site on the alias" -j ACCEPT
COMMIT
`,
      },
    }),
    setup: [['server', 'ip addr add 192.0.2.80/24 dev eth0 label eth0:0']],
    fails: { from: 'client', what: 'tcp', to: '192.0.2.80', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'nothing' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.80', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '192.0.2.80' }, seen: 'answered' },
    ],
    truth: {
      words:
        'eth0:0 is a label of an address: what is sent to that comes in by eth0, so the rule matches nothing, and INPUT drops the request.',
      causes: [{ rule: '-i eth0:0', chain: 'filter INPUT' }],
      status: ['dropped'],
    },
    mend: [['server', 'iptables -A INPUT -d 192.0.2.80 -i eth0 -p tcp --dport 80 -j ACCEPT']],
  },
  {
    name: 'ipset-exception-is-wider-than-the-element',
    thread: {
      title: 'Missing IP set nomatch entry support',
      address: 'https://github.com/firewalld/firewalld/issues/769',
    },
    backend: 'iptables-legacy',
    ...homeRouter(
      {
        listeners: [SSH, { protocol: 'tcp', port: 443 }],
        rules: {
          ipset: `create tor4 hash:net family inet hashsize 1024 maxelem 65536
add tor4 203.0.113.0/24
add tor4 203.0.113.9
add tor4 198.51.100.0/24
add tor4 203.0.113.8/29 nomatch
`,
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -i lan -j ACCEPT
-A INPUT -i wan -m set --match-set tor4 src -j DROP
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i wan -p tcp -m tcp --dport 443 -j ACCEPT
-A FORWARD -i lan -o wan -j ACCEPT
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
        },
      },
      { remote: { routes: ['192.168.1.0/24 via 203.0.113.1'], listeners: WEB } },
    ),
    setup: [['remote', 'ip addr add 203.0.113.10/24 dev eth0']],
    fails: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '192.168.1.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The exception is for 203.0.113.8/29, and the set asks for the narrowest element first: 203.0.113.9 is still one, so the rule drops it.',
      causes: [{ rule: '--match-set tor4 src -j DROP', chain: 'filter INPUT' }],
      status: ['dropped'],
    },
    mend: [['router', 'ipset del tor4 203.0.113.9']],
  },
]
