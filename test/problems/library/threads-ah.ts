/** What a rule asks for and a packet has not: an owner, an interface of that name, a header right behind the first, a helper in its direction, a state that the map lists. */
import { bridged, clientAndServer, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { POKED } from './groups-asked.ts'
import { asksForReports, asksNames } from './raw-programs.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

/** Hands web traffic of a machine to a proxy on it; `first` stands in front of the rule. */
const aproxy = (first: string) => `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
    ct state established,related accept
    iifname "lxdbr0" accept
    meta l4proto { icmp, ipv6-icmp } accept
    tcp dport 22 accept
  }
}
table ip aproxy {
  set exclude {
    type ipv4_addr
    flags interval
    elements = { 10.100.0.0/16, 127.0.0.0/8 }
  }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
${first}    ip daddr != @exclude tcp dport { 80, 443 } counter dnat to 192.0.2.1:54969
  }
  chain output {
    type nat hook output priority -100; policy accept;
    ip daddr != @exclude tcp dport { 80, 443 } counter dnat to 192.0.2.1:54969
  }
}
`

const runner = (first: string): Pick<Problem, 'hosts' | 'links' | 'traced'> => {
  const net = bridged(
    'lxdbr0',
    '10.20.0.1/24',
    { listeners: [SSH, { protocol: 'tcp', port: 54969 }], rules: { nft: aproxy(first) } },
    { listeners: [...WEB, { protocol: 'tcp', port: 8080 }] },
  )
  return net
}

const APROXY: Problem = {
  name: 'aproxy-takes-what-comes-in-for-a-container',
  thread: {
    title: 'Limit aproxy nftables redirection to egress traffic only',
    address: 'https://github.com/canonical/github-runner-operator/pull/807',
  },
  backend: 'nft',
  ...runner(''),
  fails: { from: 'client', what: 'tcp', to: '10.20.0.2', port: 80 },
  seen: 'nothing',
  others: [
    { sending: { from: 'client', what: 'tcp', to: '10.20.0.2', port: 8080 }, seen: 'answered' },
    { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
    { sending: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
  ],
  truth: {
    words:
      'The rule that hands web traffic to the proxy asks for no direction: a request from outside for the container goes to the proxy as well, whose port the input chain accepts from containers alone.',
    causes: [{ rule: 'dnat to 192.0.2.1:54969', chain: 'ip aproxy prerouting' }],
    status: ['dropped'],
  },
  mend: [['host', `nft 'insert rule ip aproxy prerouting fib daddr oifname != "eth0" return'`]],
}

/** What firewalld makes of a zone `public` with the service samba-client; `output`: of a policy of what the host sends. */
const sambaClient = (output: string) => `table inet firewalld {
  ct helper helper-netbios-ns-udp {
    type "netbios-ns" protocol udp
    l3proto ip
  }
  chain filter_INPUT {
    type filter hook input priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    ct state invalid drop
    iifname "wlp1s0" goto filter_IN_public
    reject with icmpx admin-prohibited
  }
  chain filter_IN_public {
    jump filter_IN_public_allow
    meta l4proto { icmp, ipv6-icmp } accept
    reject with icmpx admin-prohibited
  }
  chain filter_IN_public_allow {
    tcp dport 22 accept
    udp dport 137 ct helper set "helper-netbios-ns-udp"
    udp dport 137 ct state { new, untracked } accept
    udp dport 138 ct state { new, untracked } accept
  }
  chain filter_OUTPUT {
    type filter hook output priority filter + 10; policy accept;
    ct state { established, related } accept
    oifname "lo" accept
${output}  }
}
`

const lookup = (output: string): Pick<Problem, 'hosts' | 'links' | 'traced' | 'setup'> => ({
  hosts: {
    client: {
      addresses: { wlp1s0: ['192.168.1.104/24'] },
      listeners: [SSH],
      rules: { nft: sambaClient(output) },
    },
    nas: {
      addresses: { eth0: ['192.168.1.253/24'] },
      listeners: [
        { protocol: 'udp', port: 137 },
        { protocol: 'tcp', port: 445 },
      ],
    },
  },
  links: [['client:wlp1s0', 'nas:eth0']],
  traced: 'client',
  setup: [
    // what the helper compares the destination with
    ['client', 'ip addr del 192.168.1.104/24 dev wlp1s0; ip addr add 192.168.1.104/24 brd + dev wlp1s0'],
    ['client', asksNames('192.168.1.255')],
  ],
})

const SAMBA: Problem = {
  name: 'firewalld-sets-the-netbios-helper-on-what-comes-in',
  thread: {
    title: 'samba-client service needs source-port 137/udp',
    address: 'https://github.com/firewalld/firewalld/issues/266',
  },
  backend: 'nft',
  ...lookup(''),
  fails: POKED,
  seen: 'nothing',
  looksAt: { protocol: 'udp', dst: '192.168.1.255' },
  others: [
    { sending: { from: 'client', what: 'tcp', to: '192.168.1.253', port: 445 }, seen: 'answered' },
    { sending: { from: 'client', what: 'udp', to: '192.168.1.253', port: 137 }, seen: 'answered' },
    { sending: { from: 'nas', what: 'tcp', to: '192.168.1.104', port: 22 }, seen: 'answered' },
  ],
  truth: {
    words:
      "The query is a broadcast and its answer comes from the server's own address, so it is of no flow that connection tracking knows: only the helper would expect it, which the zone's rule sets on what comes in and nothing on what goes out.",
    causes: [
      { rule: 'reject with icmpx admin-prohibited', chain: 'inet firewalld filter_IN_public' },
      { rule: 'ct helper set "helper-netbios-ns-udp"', chain: 'inet firewalld filter_IN_public_allow' },
    ],
    status: ['reply-lost', 'unanswered'],
  },
  mend: [['client', 'nft insert rule inet firewalld filter_IN_public_allow udp sport 137 accept']],
}

export const THREADS_AH: Problem[] = [
  APROXY,
  {
    ...APROXY,
    name: 'near-aproxy-takes-what-leaves-by-the-uplink-alone',
    ...runner('    fib daddr oifname != "eth0" return\n'),
    seen: 'answered',
    truth: {
      words:
        'Nothing is wrong: the rule in front spares what the routes lead to the bridge, so the request comes to the container.',
      causes: [],
      status: ['answered'],
    },
    mend: [['host', 'true']],
  },
  SAMBA,
  {
    ...SAMBA,
    name: 'near-firewalld-policy-sets-the-netbios-helper-on-what-leaves',
    thread: { title: 'netbios assistants', address: 'https://github.com/firewalld/firewalld/issues/630' },
    ...lookup('    udp dport 137 ct helper set "helper-netbios-ns-udp"\n'),
    seen: 'answered',
    truth: {
      words:
        "Nothing is wrong: the helper of what leaves expects answers from the whole network, so the server's is related, and accepted.",
      causes: [],
      status: ['answered'],
    },
    mend: [['client', 'true']],
  },
  {
    name: 'nixos-state-map-does-not-list-untracked',
    thread: {
      title: 'nixos/firewall-nftables: unbreak IPv6',
      address: 'https://github.com/NixOS/nixpkgs/pull/231505',
    },
    backend: 'nft',
    ...clientAndServer({
      listeners: [SSH, ...WEB],
      rules: {
        nft: `table inet nixos-fw {
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept comment "trusted interfaces"
    ct state vmap { invalid : drop, established : accept, related : accept, new : jump input-allow }
    tcp flags & (fin | syn | rst | ack) == syn log prefix "refused connection: " level info
  }
  chain input-allow {
    tcp dport { 22, 80 } accept
    icmp type echo-request accept comment "allow ping"
    icmpv6 type != { nd-redirect, 139 } accept comment "Accept all ICMPv6 messages except redirects and node information queries"
    ip6 daddr fe80::/64 udp dport 546 accept comment "DHCPv6 client"
  }
}
`,
      },
    }),
    // so that it goes on asking while a fix is tried
    setup: [['client', 'echo 30 > /proc/sys/net/ipv6/neigh/eth0/mcast_solicit']],
    fails: { from: 'client', what: 'ping', to: '2001:db8:1::1' },
    seen: 'nothing',
    looksAt: { protocol: 'icmpv6', dst: 'ff02::1:ff00:1' },
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 81 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'Neighbour discovery is not tracked, and the map of states has no entry for untracked: the solicitation does not come to the chain that accepts all ICMPv6, and the default action drops it.',
      causes: [{ rule: 'ct state vmap', chain: 'inet nixos-fw input' }, { chain: 'inet nixos-fw input-allow' }],
      status: ['dropped'],
    },
    mend: [
      [
        'server',
        "h=$(nft -a list chain inet nixos-fw input | sed -n 's/.*ct state vmap.* handle //p'); nft replace rule inet nixos-fw input handle $h 'ct state vmap { invalid : drop, established : accept, related : accept, new : jump input-allow, untracked : jump input-allow }'",
      ],
    ],
  },
  {
    name: 'incus-asks-for-icmpv6-right-behind-the-first-header',
    thread: {
      title: 'Bridge NIC ACL: icmp6 rules never match MLD packets (rendered as `ip6 nexthdr icmpv6`)',
      address: 'https://github.com/lxc/incus/issues/4025',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24', '2001:db8:1::9/64'] } },
      host: {
        bridges: { incusbr0: ['eth0', 'veth1'] },
        rules: {
          nft: `table bridge incus {
  chain aclfwd.c1.eth0 {
    type filter hook forward priority filter; policy accept;
    iifname "veth1" accept
    oifname "veth1" ether type arp accept
    oifname "veth1" ip6 nexthdr ipv6-icmp accept
    oifname "veth1" ip protocol icmp accept
    oifname "veth1" tcp dport 80 accept
    oifname "veth1" drop
  }
}
`,
        },
      },
      c1: {
        addresses: { eth0: ['192.0.2.2/24', '2001:db8:1::2/64'] },
        listeners: [...WEB, { protocol: 'tcp', port: 81 }],
      },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['host:veth1', 'c1:eth0'],
    ],
    traced: 'host',
    setup: [
      // else the host reports as well
      ['host', 'sysctl -qw net.ipv6.conf.incusbr0.disable_ipv6=1'],
      ['client', asksForReports('eth0')],
    ],
    fails: POKED,
    seen: 'nothing',
    looksAt: { protocol: 'icmpv6', dst: 'ff02::1' },
    others: [
      { sending: { from: 'client', what: 'ping', to: '2001:db8:1::2' }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.2', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.2', port: 81 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "A listener query has a hop-by-hop header between IPv6's and ICMPv6's, and the rule asks that ICMPv6 be next to IPv6's: it does not match, and the last rule drops the query on its way to the container.",
      causes: [{ rule: 'ip6 nexthdr ipv6-icmp', chain: 'bridge incus aclfwd.c1.eth0' }],
      status: ['dropped'],
    },
    mend: [['host', `nft 'insert rule bridge incus aclfwd.c1.eth0 oifname "veth1" meta l4proto ipv6-icmp accept'`]],
  },
]
