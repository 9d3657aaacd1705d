/** firewalld's lists read wrongly: an inverted one that logs as blocked what it accepts, and a forward of a zone that takes what leaves the zone. */
import { clientAndServer, FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const SUBMISSION = { protocol: 'tcp', port: 587 } as const

const INVERTED = [
  ['echo-request', 'echo-reply', 'destination-unreachable', 'time-exceeded'].map((type) => ['icmp', type] as const),
  ['echo-request', 'echo-reply', 'nd-neighbor-advert', 'nd-neighbor-solicit', 'packet-too-big'].map(
    (type) => ['icmpv6', type] as const,
  ),
]
  .flat()
  .map(
    ([protocol, type]) => `    ${protocol} type ${type} meta pkttype host log prefix "filter_public_ICMP_BLOCK: "
    ${protocol} type ${type} accept
`,
  )
  .join('')

/** A zone's chains as firewalld 0.8 writes them, for one hook. */
const zone = (name: string, { allow = '', deny = '', end = '' }) => `  chain ${name} {
    jump ${name}_log
    jump ${name}_deny
    jump ${name}_allow
${end}  }
  chain ${name}_log {
  }
  chain ${name}_deny {
${deny}  }
  chain ${name}_allow {
${allow}  }
`

export const FIREWALLD_LISTS: Problem[] = [
  {
    name: 'firewalld-logs-as-blocked-what-its-inverted-list-accepts',
    thread: {
      title: 'ICMP packets allowed via icmp-block-inversion logged as blocked',
      address: 'https://github.com/firewalld/firewalld/issues/696',
    },
    backend: 'nft',
    ...clientAndServer({
      listeners: [SSH, { protocol: 'tcp', port: 80 }],
      rules: {
        nft: `table inet firewalld {
  chain raw_PREROUTING {
    type filter hook prerouting priority raw + 10; policy accept;
    icmpv6 type { nd-router-advert, nd-neighbor-solicit } accept
    meta nfproto ipv6 fib saddr . iif oif missing log prefix "rpfilter_DROP: "
    meta nfproto ipv6 fib saddr . iif oif missing drop
  }
  chain filter_INPUT {
    type filter hook input priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    jump filter_INPUT_ZONES
    ct state { invalid } log prefix "STATE_INVALID_DROP: "
    ct state { invalid } drop
    log prefix "FINAL_REJECT: "
    reject with icmpx admin-prohibited
  }
  chain filter_INPUT_ZONES {
    iifname "eth0" goto filter_IN_public
    goto filter_IN_public
  }
  chain filter_FORWARD {
    type filter hook forward priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    ct state { invalid } drop
    reject with icmpx admin-prohibited
  }
  chain filter_OUTPUT {
    type filter hook output priority filter + 10; policy accept;
    oifname "lo" accept
  }
${zone('filter_IN_public', {
  allow: `    tcp dport 22 ct state { new, untracked } accept
    ip6 daddr fe80::/64 udp dport 546 ct state { new, untracked } accept
${INVERTED}`,
  end: '    log prefix "filter_IN_public_DROP: "\n    drop\n',
})}}
`,
      },
    }),
    fails: { from: 'client', what: 'ping', to: '2001:db8:1::1' },
    seen: 'answered',
    others: [
      { sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'Nothing is wrong: the list of ICMP types is inverted, so what is in it is accepted, though the rule in front of that logs it as blocked and the zone drops by default.',
      causes: [],
      status: ['answered'],
    },
    mend: [['server', 'true']],
  },
  {
    name: 'firewalld-forward-of-the-work-zone-takes-what-goes-to-other-mail-servers',
    thread: {
      title: 'Forward port for external zone is reachable from internal zone and gets all port-related traffic',
      address: 'https://github.com/firewalld/firewalld/issues/258',
    },
    backend: 'nft',
    hosts: {
      provider: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [SUBMISSION] },
      router: {
        addresses: { wan: ['203.0.113.1/24'], lan: ['192.168.222.1/24'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          nft: `table inet firewalld {
  chain filter_INPUT {
    type filter hook input priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    jump filter_INPUT_ZONES
    ct state { invalid } drop
    reject with icmpx admin-prohibited
  }
  chain filter_FORWARD {
    type filter hook forward priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    jump filter_FORWARD_IN_ZONES
    jump filter_FORWARD_OUT_ZONES
    ct state { invalid } drop
    reject with icmpx admin-prohibited
  }
  chain filter_INPUT_ZONES {
    iifname "wan" goto filter_IN_external
    iifname "lan" goto filter_IN_work
    goto filter_IN_external
  }
  chain filter_FORWARD_IN_ZONES {
    iifname "wan" goto filter_FWDI_external
    iifname "lan" goto filter_FWDI_work
    goto filter_FWDI_external
  }
  chain filter_FORWARD_OUT_ZONES {
    oifname "wan" goto filter_FWDO_external
    oifname "lan" goto filter_FWDO_work
    goto filter_FWDO_external
  }
${zone('filter_IN_external', { allow: '    tcp dport 22 ct state { new, untracked } accept\n' })}${zone('filter_IN_work', { allow: '    tcp dport 22 ct state { new, untracked } accept\n    udp dport 53 ct state { new, untracked } accept\n', end: '    meta l4proto { icmp, ipv6-icmp } accept\n' })}${zone('filter_FWDI_external', {})}${zone('filter_FWDI_work', {})}${zone('filter_FWDO_external', { allow: '    ct state { new, untracked } accept\n' })}${zone('filter_FWDO_work', {})}}
table ip firewalld {
  chain nat_PREROUTING {
    type nat hook prerouting priority dstnat + 10; policy accept;
    jump nat_PREROUTING_ZONES
  }
  chain nat_PREROUTING_ZONES {
    iifname "wan" goto nat_PRE_external
    iifname "lan" goto nat_PRE_work
    goto nat_PRE_external
  }
  chain nat_POSTROUTING {
    type nat hook postrouting priority srcnat + 10; policy accept;
    jump nat_POSTROUTING_ZONES
  }
  chain nat_POSTROUTING_ZONES {
    oifname "wan" goto nat_POST_external
    oifname "lan" goto nat_POST_work
    goto nat_POST_external
  }
${zone('nat_PRE_external', { allow: '    tcp dport 587 dnat to 192.168.222.4:587\n' })}${zone('nat_PRE_work', { allow: '    tcp dport 587 dnat to 192.168.222.4:587\n' })}${zone('nat_POST_external', { allow: '    oifname != "lo" masquerade\n' })}${zone('nat_POST_work', {})}}
`,
        },
      },
      switch: {
        bridges: { br0: ['p1', 'p2', 'p3'] },
        addresses: { br0: [] },
        sysctls: { 'net.bridge.bridge-nf-call-iptables': '0' },
      },
      mail: {
        addresses: { eth0: ['192.168.222.4/24'] },
        routes: ['default via 192.168.222.1'],
        listeners: [SUBMISSION],
      },
      pc: { addresses: { eth0: ['192.168.222.20/24'] }, routes: ['default via 192.168.222.1'] },
    },
    links: [
      ['provider:eth0', 'router:wan'],
      ['router:lan', 'switch:p1'],
      ['mail:eth0', 'switch:p2'],
      ['pc:eth0', 'switch:p3'],
    ],
    traced: 'router',
    fails: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 587 },
    seen: 'nothing',
    others: [
      { sending: { from: 'provider', what: 'tcp', to: '203.0.113.1', port: 587 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '192.168.222.4', port: 587 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'ping', to: '203.0.113.9' }, seen: 'answered' },
      { sending: { from: 'router', what: 'tcp', to: '203.0.113.9', port: 587 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The work zone's forward asks for the port alone and for no destination: what the PC sends to its provider's mail server goes to the own one, which answers the PC directly from an address that it has not asked.",
      causes: [{ rule: 'tcp dport 587 dnat', chain: 'ip firewalld nat_PRE_work_allow' }],
      status: ['unanswered', 'reply-lost'],
      alsoTrue: ['not-masqueraded'],
    },
    mend: [
      [
        'router',
        'nft flush chain ip firewalld nat_PRE_work_allow; nft add rule ip firewalld nat_PRE_work_allow ip saddr 192.168.222.0/24 ip daddr 203.0.113.1 tcp dport 587 dnat to 192.168.222.4:587',
      ],
    ],
  },
]
