/** firewalld's dispatch of zones and policies, from threads: a policy that nothing calls, that takes too much, that forwards too much. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTP = { protocol: 'tcp', port: 80 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const

const PARTS = ['pre', 'log', 'deny', 'allow', 'post']
export const REJECTS = 'reject with icmpx admin-prohibited'
const PINGS = 'meta l4proto { icmp, ipv6-icmp } accept'
const NEIGHBOURS = [
  'icmpv6 type nd-neighbor-advert accept',
  'icmpv6 type nd-neighbor-solicit accept',
  'icmpv6 type nd-router-advert accept',
  'icmpv6 type nd-redirect accept',
]
const UNROUTED =
  'ip6 daddr { ::/96, ::ffff:0.0.0.0/96, 2002::/24, 2002:a00::/24, 2002:7f00::/24, 2002:a9fe::/32, 2002:ac10::/28, 2002:c0a8::/32, 2002:e000::/19 } reject with icmpv6 addr-unreachable'

export const chain = (name: string, rules: readonly string[]): string =>
  `  chain ${name} {\n${rules.map((rule) => `    ${rule}\n`).join('')}  }\n`

/** The six chains of a zone or policy; `around`: what calls the policies, in the zones of firewalld 1. */
export function parts(
  name: string,
  { allow = [], end = [], around = [] }: { allow?: readonly string[]; end?: readonly string[]; around?: string[] } = {},
): string {
  const [first, last] = around
  const jumps = PARTS.map((part) => `jump ${name}_${part}`)
  const all = [...(first ? [`jump ${first}`] : []), ...jumps, ...(last ? [`jump ${last}`] : []), ...end]
  return chain(name, all) + PARTS.map((part) => chain(`${name}_${part}`, part === 'allow' ? allow : [])).join('')
}

/** A base chain at firewalld's priorities: ten behind the usual ones. */
export const base = (hook: string, priority: string, rules: readonly string[], type = 'filter'): string =>
  chain(`${type}_${hook.toUpperCase()}`, [
    `type ${type} hook ${hook} priority ${priority} + 10; policy accept;`,
    ...rules,
  ])

export const STATES = ['ct state { established, related } accept', 'ct status dnat accept', 'iifname "lo" accept']

const inputs = (dispatch: string) => [...STATES, 'ct state invalid drop', `jump ${dispatch}`, REJECTS]
const forwards = (dispatch: string) => [...STATES, UNROUTED, 'ct state invalid drop', `jump ${dispatch}`, REJECTS]
const outputs = [
  'ct state { established, related } accept',
  'oifname "lo" accept',
  UNROUTED,
  'jump filter_OUTPUT_POLICIES',
]

export const table = (...chains: readonly string[]): string => `table inet firewalld {\n${chains.join('')}}\n`

const V1 = (hook: string) => ({ around: [`filter_${hook}_POLICIES_pre`, `filter_${hook}_POLICIES_post`] })

export const NFT_DISPATCH: Problem[] = [
  {
    name: 'firewalld-policy-towards-a-default-zone-without-interface',
    thread: {
      title: 'policy cannot be applie to default zone without interface',
      address: 'https://github.com/firewalld/firewalld/issues/1205',
    },
    backend: 'nft',
    hosts: {
      server: { addresses: { eth0: ['2001:db8:106::20/64'] }, routes: ['default via 2001:db8:106::1'] },
      switch: { bridges: { sw0: ['p1', 'p2', 'p3'] }, sysctls: { 'net.bridge.bridge-nf-call-ip6tables': '0' } },
      box: {
        addresses: { eth0: ['2001:db8:106::1/64', '2001:db8:1::1/64'] },
        routes: ['default via 2001:db8:1::fe'],
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', address: '2001:db8:106::1', port: 22 }],
        rules: {
          nft: table(
            base('input', 'filter', inputs('filter_INPUT_ZONES')),
            base('forward', 'filter', forwards('filter_FORWARD_ZONES')),
            base('output', 'filter', outputs),
            chain('filter_INPUT_ZONES', ['ip6 saddr 2001:db8:106::/64 goto filter_IN_dmz', 'goto filter_IN_public']),
            chain('filter_FORWARD_ZONES', [
              'ip6 saddr 2001:db8:106::/64 goto filter_FWD_dmz',
              'goto filter_FWD_public',
            ]),
            chain('filter_INPUT_POLICIES_pre', ['jump filter_IN_policy_allow-host-ipv6']),
            chain('filter_INPUT_POLICIES_post', []),
            chain('filter_FORWARD_POLICIES_pre', []),
            chain('filter_FORWARD_POLICIES_post', []),
            chain('filter_OUTPUT_POLICIES', []),
            parts('filter_IN_policy_allow-host-ipv6', { allow: NEIGHBOURS }),
            parts('filter_FWD_policy_dmz-public', { end: ['accept'] }),
            parts('filter_IN_public', { ...V1('INPUT'), allow: ['tcp dport 22 accept'], end: [PINGS, REJECTS] }),
            parts('filter_IN_dmz', { ...V1('INPUT'), allow: ['tcp dport 22 accept'], end: [PINGS, REJECTS] }),
            parts('filter_FWD_public', { ...V1('FORWARD'), end: [REJECTS] }),
            parts('filter_FWD_dmz', {
              ...V1('FORWARD'),
              allow: ['ip6 daddr 2001:db8:106::/64 accept'],
              end: [REJECTS],
            }),
          ),
        },
      },
      gw: {
        addresses: { eth0: ['2001:db8:1::fe/64'], lo: ['2001:db8:9::9/128'] },
        routes: ['2001:db8:106::/64 via 2001:db8:1::1'],
        listeners: [{ protocol: 'tcp', address: '2001:db8:9::9', port: 443 }],
      },
    },
    links: [
      ['server:eth0', 'switch:p1'],
      ['box:eth0', 'switch:p2'],
      ['gw:eth0', 'switch:p3'],
    ],
    traced: 'box',
    fails: { from: 'server', what: 'tcp', to: '2001:db8:9::9', port: 443 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'server', what: 'tcp', to: '2001:db8:106::1', port: 22 }, seen: 'answered' },
      { sending: { from: 'box', what: 'tcp', to: '2001:db8:9::9', port: 443 }, seen: 'answered' },
      { sending: { from: 'gw', what: 'ping', to: '2001:db8:106::20' }, seen: 'unreachable' },
    ],
    truth: {
      words:
        'The policy from dmz to public has its chains, but the dispatch of policies has no rule for it: public is the default zone and has neither interface nor source, so the zone rejects.',
      causes: [
        { chain: 'inet firewalld filter_FWD_policy_dmz-public' },
        { chain: 'inet firewalld filter_FORWARD_POLICIES_pre' },
        { rule: 'reject with icmpx', chain: 'inet firewalld filter_FWD_dmz' },
      ],
      status: ['rejected'],
    },
    mend: [
      [
        'box',
        'nft add rule inet firewalld filter_FORWARD_POLICIES_pre ip6 saddr 2001:db8:106::/64 jump filter_FWD_policy_dmz-public',
      ],
    ],
  },
  {
    name: 'firewalld-policy-of-the-default-zone-takes-all-that-is-sent',
    thread: {
      title: 'nftables ruleset seems broken in Firewalld 2.5.0 despite unchanged zone/policy assignment',
      address: 'https://github.com/firewalld/firewalld/issues/1591',
    },
    backend: 'nft',
    hosts: {
      laptop: {
        addresses: { wlo1: ['192.0.2.2/24', '2001:db8:1::2/64'] },
        routes: ['default via 192.0.2.1'],
        listeners: [SSH],
        rules: {
          nft: table(
            base('input', 'filter', inputs('filter_INPUT_POLICIES')),
            base('forward', 'filter', forwards('filter_FORWARD_POLICIES')),
            base('output', 'filter', outputs),
            chain('filter_INPUT_POLICIES', [
              'iifname "wlo1" jump filter_IN_policy_allow-host-ipv6',
              'iifname "wlo1" jump filter_IN_my-home-zone',
              `iifname "wlo1" ${REJECTS}`,
              'jump filter_IN_policy_allow-host-ipv6',
              'jump filter_IN_my-default-zone',
              'drop',
            ]),
            chain('filter_FORWARD_POLICIES', [
              'iifname "wlo1" oifname "wlo1" jump filter_FWD_my-home-zone',
              `iifname "wlo1" oifname "wlo1" ${REJECTS}`,
              'iifname "wlo1" jump filter_FWD_my-home-zone',
              `iifname "wlo1" ${REJECTS}`,
              'jump filter_FWD_my-default-zone',
              'drop',
            ]),
            chain('filter_OUTPUT_POLICIES', [
              'jump filter_OUT_policy_block-outgoing-policy',
              'return',
              'oifname "wlo1" jump filter_OUT_policy_allow-at-home',
              'oifname "wlo1" return',
            ]),
            parts('filter_IN_policy_allow-host-ipv6', { allow: NEIGHBOURS }),
            parts('filter_OUT_policy_block-outgoing-policy', { end: [REJECTS] }),
            parts('filter_OUT_policy_allow-at-home', {
              allow: ['udp dport 53 accept', 'tcp dport { 80, 443 } accept', 'udp dport 123 accept'],
            }),
            parts('filter_IN_my-home-zone', {
              allow: ['tcp dport 22 accept', 'ip6 daddr fe80::/64 udp dport 546 accept', 'udp dport 5353 accept'],
              end: [PINGS],
            }),
            parts('filter_IN_my-default-zone'),
            parts('filter_FWD_my-home-zone'),
            parts('filter_FWD_my-default-zone'),
          ),
        },
      },
      gw: { addresses: { eth0: ['192.0.2.1/24', '2001:db8:1::1/64'] }, listeners: [HTTPS] },
    },
    links: [['laptop:wlo1', 'gw:eth0']],
    traced: 'laptop',
    fails: { from: 'laptop', what: 'tcp', to: '192.0.2.1', port: 443 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'gw', what: 'tcp', to: '192.0.2.2', port: 22 }, seen: 'answered' },
      { sending: { from: 'gw', what: 'ping', to: '192.0.2.2' }, seen: 'answered' },
      { sending: { from: 'laptop', what: 'ping', to: '192.0.2.1' }, seen: 'nothing', either: true },
      { sending: { from: 'gw', what: 'tcp', to: '192.0.2.2', port: 80 }, seen: 'unreachable' },
    ],
    truth: {
      words:
        'The policy that blocks what goes to the default zone is called without asking for an interface, before the rules of the zone that has wlo1: it rejects whatever the laptop sends.',
      causes: [
        { rule: 'jump filter_OUT_policy_block-outgoing-policy', chain: 'inet firewalld filter_OUTPUT_POLICIES' },
        { rule: 'reject with icmpx', chain: 'inet firewalld filter_OUT_policy_block-outgoing-policy' },
      ],
      status: ['rejected'],
    },
    mend: [
      [
        'laptop',
        `nft 'insert rule inet firewalld filter_OUTPUT_POLICIES oifname "wlo1" return; insert rule inet firewalld filter_OUTPUT_POLICIES oifname "wlo1" jump filter_OUT_policy_allow-at-home'`,
      ],
    ],
  },
  {
    name: 'netavark-port-policy-takes-requests-for-other-hosts',
    thread: {
      title: 'Firewalld backend forward port even for non-local-targeting traffic',
      address: 'https://github.com/containers/netavark/issues/904',
    },
    backend: 'nft',
    hosts: {
      c1: {
        addresses: { eth0: ['10.88.0.2/16'] },
        routes: ['default via 10.88.0.1'],
        listeners: [{ protocol: 'tcp', port: 12345 }],
      },
      c2: { addresses: { eth0: ['10.88.0.12/16'] }, routes: ['default via 10.88.0.1'] },
      host: {
        bridges: { podman0: ['veth1', 'veth2'] },
        addresses: { eth0: ['192.0.2.1/24'], podman0: ['10.88.0.1/16'] },
        routes: ['default via 192.0.2.9'],
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        listeners: [SSH],
        rules: {
          nft: table(
            base('prerouting', 'dstnat', ['jump nat_PREROUTING_POLICIES'], 'nat'),
            base('postrouting', 'srcnat', ['jump nat_POSTROUTING_POLICIES'], 'nat'),
            base('input', 'filter', inputs('filter_INPUT_POLICIES')),
            base('forward', 'filter', forwards('filter_FORWARD_POLICIES')),
            base('output', 'filter', outputs),
            chain('nat_PREROUTING_POLICIES', [
              'ip saddr 10.88.0.0/16 jump nat_PRE_policy_netavark_portfwd',
              'ip saddr 10.88.0.0/16 jump nat_PRE_netavark_zone',
              'ip saddr 10.88.0.0/16 return',
              'iifname "eth0" jump nat_PRE_policy_netavark_portfwd',
              'iifname "eth0" jump nat_PRE_public',
              'iifname "eth0" return',
              'jump nat_PRE_policy_netavark_portfwd',
              'jump nat_PRE_public',
              'return',
            ]),
            chain('nat_POSTROUTING_POLICIES', [
              'ip saddr 10.88.0.0/16 oifname "eth0" jump nat_POST_policy_netavark_policy',
              'ip saddr 10.88.0.0/16 oifname "eth0" jump nat_POST_public',
              'ip saddr 10.88.0.0/16 oifname "eth0" return',
              'jump nat_POST_public',
              'return',
            ]),
            chain('filter_INPUT_POLICIES', [
              'ip saddr 10.88.0.0/16 jump filter_IN_netavark_zone',
              'ip saddr 10.88.0.0/16 accept',
              'iifname "eth0" jump filter_IN_policy_allow-host-ipv6',
              'iifname "eth0" jump filter_IN_public',
              `iifname "eth0" ${REJECTS}`,
              'jump filter_IN_policy_allow-host-ipv6',
              'jump filter_IN_public',
              REJECTS,
            ]),
            chain('filter_FORWARD_POLICIES', [
              'ip saddr 10.88.0.0/16 oifname "eth0" jump filter_FWD_policy_netavark_policy',
              'ip saddr 10.88.0.0/16 oifname "eth0" jump filter_FWD_netavark_zone',
              'ip saddr 10.88.0.0/16 oifname "eth0" accept',
              'ip saddr 10.88.0.0/16 jump filter_FWD_netavark_zone',
              'ip saddr 10.88.0.0/16 accept',
              'jump filter_FWD_public',
              REJECTS,
            ]),
            chain('filter_OUTPUT_POLICIES', []),
            parts('nat_PRE_policy_netavark_portfwd', {
              allow: ['meta nfproto ipv4 tcp dport 12345 dnat ip to 10.88.0.2:12345'],
            }),
            parts('nat_PRE_netavark_zone'),
            parts('nat_PRE_public'),
            parts('nat_POST_policy_netavark_policy', { allow: ['meta nfproto ipv4 oifname != "lo" masquerade'] }),
            parts('nat_POST_public'),
            parts('filter_IN_policy_allow-host-ipv6', { allow: NEIGHBOURS }),
            parts('filter_IN_netavark_zone'),
            parts('filter_IN_public', { allow: ['tcp dport 22 accept'], end: [PINGS] }),
            parts('filter_FWD_policy_netavark_policy', { end: ['accept'] }),
            parts('filter_FWD_netavark_zone'),
            parts('filter_FWD_public'),
          ),
        },
      },
      remote: {
        addresses: { eth0: ['192.0.2.9/24'], lo: ['198.51.100.5/32'] },
        listeners: [HTTP, { protocol: 'tcp', port: 12345 }],
      },
    },
    links: [
      ['c1:eth0', 'host:veth1'],
      ['c2:eth0', 'host:veth2'],
      ['host:eth0', 'remote:eth0'],
    ],
    traced: 'host',
    fails: { from: 'c2', what: 'tcp', to: '198.51.100.5', port: 12345 },
    seen: 'nothing',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '192.0.2.1', port: 12345 }, seen: 'answered' },
      { sending: { from: 'c2', what: 'tcp', to: '198.51.100.5', port: 80 }, seen: 'answered' },
      { sending: { from: 'c2', what: 'tcp', to: '10.88.0.2', port: 12345 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The published port is a policy from any zone to any zone, without a destination: what a container asks another host's port 12345 goes to the container next door, which replies past the host.",
      causes: [{ rule: 'dnat ip to 10.88.0.2', chain: 'inet firewalld nat_PRE_policy_netavark_portfwd_allow' }],
      status: ['unanswered', 'reply-lost'],
      alsoTrue: ['not-masqueraded'],
    },
    mend: [
      [
        'host',
        'nft "flush chain inet firewalld nat_PRE_policy_netavark_portfwd_allow; add rule inet firewalld nat_PRE_policy_netavark_portfwd_allow meta nfproto ipv4 fib daddr type local tcp dport 12345 dnat ip to 10.88.0.2:12345"',
      ],
    ],
  },
]
