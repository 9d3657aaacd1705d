/** firewalld as it writes its whole table: what it checks of published ports, of two interfaces in one network, of frames that a bridge hands on. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const HTTPS = { protocol: 'tcp', port: 443 } as const
const SSH = { protocol: 'tcp', port: 22 } as const

/** A zone's chains, each with those that its parts go to. */
const zone = (name: string, target: 'default' | 'accept', allow: readonly string[], masquerades = false) =>
  [
    [
      'filter_IN',
      'filter_INPUT',
      [...(target === 'accept' ? ['accept'] : ['meta l4proto { icmp, ipv6-icmp } accept', REJECT])],
    ],
    ['filter_FWD', 'filter_FORWARD', [target === 'accept' ? 'accept' : REJECT]],
    ['nat_PRE', 'nat_PREROUTING', []],
    ['nat_POST', 'nat_POSTROUTING', []],
    ['mangle_PRE', 'mangle_PREROUTING', []],
  ]
    .map(([short, long, last]) => {
      const parts = ['pre', 'log', 'deny', 'allow', 'post']
      const allowed = (part: string) =>
        part !== 'allow'
          ? []
          : short === 'filter_IN'
            ? allow
            : short === 'nat_POST' && masquerades
              ? ['meta nfproto ipv4 oifname != "lo" masquerade']
              : []
      return `  chain ${short}_${name} {
    jump ${long}_POLICIES_pre
${parts.map((part) => `    jump ${short}_${name}_${part}\n`).join('')}    jump ${long}_POLICIES_post
${(last as string[]).map((line) => `    ${line}\n`).join('')}  }
${parts
  .map(
    (part) =>
      `  chain ${short}_${name}_${part} {\n${allowed(part)
        .map((line) => `    ${line}\n`)
        .join('')}  }\n`,
  )
  .join('')}`
    })
    .join('')

const REJECT = 'reject with icmpx admin-prohibited'
const PUBLIC = ['tcp dport 22 accept', 'ip6 daddr fe80::/64 udp dport 546 accept', 'tcp dport 9090 accept']

/** As of version 2.3. `zones`: by the names of their interfaces; `dnat`: in front of what is accepted as translated. */
const firewalld = (zones: Readonly<Record<string, string>>, chains: string, { dnat = '', redirects = '' } = {}) => {
  const other = zones['']!
  const to = (chain: string, by: string) =>
    `${Object.entries(zones)
      .filter(([name]) => name !== '')
      .map(([name, zoned]) => `    ${by} "${name}" goto ${chain}_${zoned}\n`)
      .join('')}    goto ${chain}_${other}\n`
  const policies = ['filter_INPUT', 'filter_FORWARD', 'nat_PREROUTING', 'nat_POSTROUTING', 'mangle_PREROUTING']
  return `table inet firewalld {
  chain mangle_PREROUTING {
    type filter hook prerouting priority mangle + 10; policy accept;
    jump mangle_PREROUTING_ZONES
  }
  chain mangle_PREROUTING_ZONES {
${to('mangle_PRE', 'iifname')}  }
  chain nat_PREROUTING {
    type nat hook prerouting priority dstnat + 10; policy accept;
    jump nat_PREROUTING_ZONES
  }
  chain nat_PREROUTING_ZONES {
${redirects}${to('nat_PRE', 'iifname')}  }
  chain nat_POSTROUTING {
    type nat hook postrouting priority srcnat + 10; policy accept;
    jump nat_POSTROUTING_ZONES
  }
  chain nat_POSTROUTING_ZONES {
${to('nat_POST', 'oifname')}  }
  chain nat_OUTPUT {
    type nat hook output priority -90; policy accept;
    jump nat_OUTPUT_POLICIES_pre
    jump nat_OUTPUT_POLICIES_post
  }
  chain nat_OUTPUT_POLICIES_pre {
  }
  chain nat_OUTPUT_POLICIES_post {
  }
  chain filter_PREROUTING {
    type filter hook prerouting priority filter + 10; policy accept;
    icmpv6 type { nd-router-advert, nd-neighbor-solicit } accept
    meta nfproto ipv6 fib saddr . mark . iif oif missing drop
  }
  chain filter_INPUT {
    type filter hook input priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    ct state invalid drop
    jump filter_INPUT_ZONES
    ${REJECT}
  }
  chain filter_INPUT_ZONES {
${to('filter_IN', 'iifname')}  }
  chain filter_FORWARD {
    type filter hook forward priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat ${dnat || 'accept'}
    iifname "lo" accept
    ct state invalid drop
    ip6 daddr { ::/96, ::ffff:0.0.0.0/96, 2002::/24, 2002:a00::/24, 2002:7f00::/24, 2002:a9fe::/32, 2002:ac10::/28, 2002:c0a8::/32, 2002:e000::/19 } reject with icmpv6 addr-unreachable
    jump filter_FORWARD_ZONES
    ${REJECT}
  }
  chain filter_FORWARD_ZONES {
${to('filter_FWD', 'iifname')}  }
  chain filter_OUTPUT {
    type filter hook output priority filter + 10; policy accept;
    ct state { established, related } accept
    oifname "lo" accept
    ip6 daddr { ::/96, ::ffff:0.0.0.0/96, 2002::/24, 2002:a00::/24, 2002:7f00::/24, 2002:a9fe::/32, 2002:ac10::/28, 2002:c0a8::/32, 2002:e000::/19 } reject with icmpv6 addr-unreachable
    jump filter_OUTPUT_POLICIES_pre
    jump filter_OUTPUT_POLICIES_post
  }
  chain filter_OUTPUT_POLICIES_pre {
  }
  chain filter_OUTPUT_POLICIES_post {
  }
  chain filter_IN_policy_allow-host-ipv6 {
    jump filter_IN_policy_allow-host-ipv6_allow
  }
  chain filter_IN_policy_allow-host-ipv6_allow {
    icmpv6 type nd-neighbor-advert accept
    icmpv6 type nd-neighbor-solicit accept
    icmpv6 type nd-router-advert accept
    icmpv6 type nd-redirect accept
  }
${policies
  .map(
    (name) => `  chain ${name}_POLICIES_pre {
${name === 'filter_INPUT' ? '    jump filter_IN_policy_allow-host-ipv6\n' : ''}  }
  chain ${name}_POLICIES_post {
  }
`,
  )
  .join('')}${chains}}
`
}

/** What Docker has beside it, as nft lists what iptables wrote. */
const DOCKER = `table ip nat {
  chain DOCKER {
    iifname "docker0" counter packets 0 bytes 0 return
    iifname != "docker0" tcp dport 8080 counter packets 11 bytes 660 dnat to 172.17.0.2:80
  }
  chain PREROUTING {
    type nat hook prerouting priority dstnat; policy accept;
    fib daddr type local counter packets 63 bytes 3780 jump DOCKER
  }
  chain OUTPUT {
    type nat hook output priority -100; policy accept;
    ip daddr != 127.0.0.0/8 fib daddr type local counter packets 0 bytes 0 jump DOCKER
  }
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 172.17.0.0/16 oifname != "docker0" counter packets 4 bytes 240 masquerade
  }
}
table ip filter {
  chain DOCKER {
    ip daddr 172.17.0.2 iifname != "docker0" oifname "docker0" tcp dport 80 counter packets 11 bytes 660 accept
    iifname != "docker0" oifname "docker0" counter packets 0 bytes 0 drop
  }
  chain DOCKER-CT {
    oifname "docker0" ct state related,established counter packets 90 bytes 9022 accept
  }
  chain DOCKER-BRIDGE {
    oifname "docker0" counter packets 11 bytes 660 jump DOCKER
  }
  chain DOCKER-ISOLATION-STAGE-1 {
    iifname "docker0" oifname != "docker0" counter packets 4 bytes 240 jump DOCKER-ISOLATION-STAGE-2
  }
  chain DOCKER-ISOLATION-STAGE-2 {
    oifname "docker0" counter packets 0 bytes 0 drop
  }
  chain DOCKER-FORWARD {
    counter packets 105 bytes 9922 jump DOCKER-CT
    counter packets 15 bytes 900 jump DOCKER-ISOLATION-STAGE-1
    counter packets 15 bytes 900 jump DOCKER-BRIDGE
    iifname "docker0" counter packets 4 bytes 240 accept
  }
  chain DOCKER-USER {
  }
  chain FORWARD {
    type filter hook forward priority filter; policy drop;
    counter packets 105 bytes 9922 jump DOCKER-USER
    counter packets 105 bytes 9922 jump DOCKER-FORWARD
  }
}
`

export const THREADS_AF: Problem[] = [
  {
    name: 'firewalld-strict-ports-reject-what-docker-publishes',
    thread: {
      title: 'StrictForwardPorts does not enforce zone or toaddr for already published ports.',
      address: 'https://github.com/firewalld/firewalld/issues/1536',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] }, listeners: WEB },
      host: {
        bridges: { docker0: ['veth1'] },
        addresses: { eth0: ['192.0.2.1/24'], docker0: ['172.17.0.1/16'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          nft: `${DOCKER}${firewalld(
            { docker0: 'docker', eth0: 'public', '': 'public' },
            `  chain filter_FORWARD_dnat {
    meta l4proto tcp ct original proto-dst 8443 accept
    ${REJECT}
  }
${zone('public', 'default', PUBLIC)}${zone('docker', 'accept', [])}`,
            {
              dnat: 'jump filter_FORWARD_dnat',
              redirects: '    iifname "eth0" meta nfproto ipv4 tcp dport 8443 dnat ip to 172.17.0.2:443\n',
            },
          )}`,
        },
      },
      c1: { addresses: { eth0: ['172.17.0.2/16'] }, routes: ['default via 172.17.0.1'], listeners: [...WEB, HTTPS] },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['host:veth1', 'c1:eth0'],
    ],
    traced: 'host',
    setup: [
      ['host', 'nft insert rule ip filter DOCKER ip daddr 172.17.0.2 oifname docker0 tcp dport 443 counter accept'],
    ],
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8443 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 5432 }, seen: 'unreachable' },
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'With strict forward ports firewalld takes what others translate only where it has the port itself: 8443, and not 8080 that Docker publishes.',
      causes: [
        { rule: REJECT, chain: 'inet firewalld filter_FORWARD_dnat' },
        { chain: 'inet firewalld filter_FORWARD_dnat' },
      ],
      status: ['rejected'],
    },
    mend: [
      ['host', 'nft insert rule inet firewalld filter_FORWARD_dnat meta l4proto tcp ct original proto-dst 8080 accept'],
    ],
  },
  {
    name: 'firewalld-strict-path-of-two-interfaces-in-one-network',
    thread: {
      title: 'IPv6_rpfilter=strict drops all incoming ipv6 packets on all but one interface per network',
      address: 'https://github.com/firewalld/firewalld/issues/1508',
    },
    backend: 'nft',
    hosts: {
      peer: { addresses: { eth0: ['2001:db8:1::9/64', '192.168.1.9/24'] } },
      switch: { bridges: { br0: ['p0', 'p1', 'p2'] } },
      host: {
        addresses: { enp3s0: ['2001:db8:1::5/64', '192.168.1.5/24'], wlp2s0: ['2001:db8:1::6/64'] },
        listeners: [
          { protocol: 'tcp', port: 22, address: '::' },
          { protocol: 'tcp', port: 22, address: '192.168.1.5' },
        ],
        rules: {
          nft: firewalld(
            { enp3s0: 'home', wlp2s0: 'home', '': 'public' },
            `${zone('public', 'default', PUBLIC)}${zone('home', 'default', [...PUBLIC, 'udp dport 5353 accept'])}`,
          ),
        },
      },
    },
    links: [
      ['peer:eth0', 'switch:p0'],
      ['host:enp3s0', 'switch:p1'],
      ['host:wlp2s0', 'switch:p2'],
    ],
    traced: 'host',
    setup: [
      [
        'host',
        'ip -6 route add 2001:db8:1::/64 dev enp3s0 metric 100; ip -6 route add 2001:db8:1::/64 dev wlp2s0 metric 200',
      ],
      [
        'host',
        'ip -6 route del 2001:db8:1::/64 dev enp3s0 metric 256; ip -6 route del 2001:db8:1::/64 dev wlp2s0 metric 256',
      ],
    ],
    fails: { from: 'peer', what: 'tcp', to: '2001:db8:1::6', port: 22 },
    seen: 'nothing',
    others: [
      { sending: { from: 'peer', what: 'tcp', to: '2001:db8:1::5', port: 22 }, seen: 'answered' },
      { sending: { from: 'peer', what: 'tcp', to: '192.168.1.5', port: 22 }, seen: 'answered' },
      { sending: { from: 'peer', what: 'ping', to: '2001:db8:1::6' }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        "Both interfaces are in one network, and the wired one's route is preferred: the way back of what comes in by the other is not by that interface, and the strict reverse path check drops it.",
      causes: [{ rule: 'fib saddr . mark . iif oif missing drop', chain: 'inet firewalld filter_PREROUTING' }],
      status: ['dropped'],
    },
    mend: [
      [
        'host',
        "h=$(nft -a list chain inet firewalld filter_PREROUTING | sed -n 's/.*missing drop.* handle //p'); nft replace rule inet firewalld filter_PREROUTING handle $h meta nfproto ipv6 fib saddr . mark oif missing drop",
      ],
    ],
  },
  {
    name: 'firewalld-rejects-what-br-netfilter-hands-it',
    thread: {
      title: 'It is impossible to add a rule accepting bridge traffic with FirewallBackend=nftables',
      address: 'https://github.com/firewalld/firewalld/issues/1236',
    },
    backend: 'nft',
    hosts: {
      peer: { addresses: { eth0: ['192.0.2.9/24'] }, listeners: WEB },
      host: {
        bridges: { br0: ['eno1', 'vnet3'] },
        addresses: { br0: ['192.0.2.1/24'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          nft: `table ip filter {
  chain INPUT {
    type filter hook input priority filter; policy accept;
  }
  chain FORWARD {
    type filter hook forward priority filter; policy accept;
    iifname "br0" oifname "br0" counter packets 12 bytes 720 accept
  }
  chain OUTPUT {
    type filter hook output priority filter; policy accept;
  }
}
${firewalld({ br0: 'public', '': 'public' }, zone('public', 'default', PUBLIC))}`,
        },
      },
      vm: { addresses: { eth0: ['192.0.2.20/24'] }, listeners: [HTTPS] },
    },
    links: [
      ['peer:eth0', 'host:eno1'],
      ['host:vnet3', 'vm:eth0'],
    ],
    traced: 'host',
    setup: [['host', 'sysctl -qw net.bridge.bridge-nf-call-iptables=1']],
    fails: { from: 'peer', what: 'tcp', to: '192.0.2.20', port: 443 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'peer', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'vm', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'unreachable', either: true },
      { sending: { from: 'peer', what: 'tcp', to: '192.0.2.1', port: 443 }, seen: 'unreachable' },
    ],
    truth: {
      words:
        "br_netfilter hands bridged frames to FORWARD: the rule that the direct interface wrote accepts them in a table of its own, and firewalld's, which comes behind it, rejects what its zone does not let through.",
      causes: [{ rule: REJECT, chain: 'inet firewalld filter_FWD_public' }, { code: 'bridge-nf-call' }],
      status: ['rejected'],
    },
    mend: [['host', 'sysctl -w net.bridge.bridge-nf-call-iptables=0']],
  },
]
