/** From threads, by nft: a router of VyOS whose prefix has changed, and a server of OpenVPN with a second interface. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const POSTGRES = { protocol: 'tcp', port: 5432 } as const

/** The group has the address of before the provider changed the prefix. What the web servers send is not tracked, what comes for them is. */
const VYOS = `table ip6 vyos_conntrack {
  chain VYOS_CT_IGNORE {
    meta l4proto tcp ip6 saddr 2001:db8:2::/64 tcp sport 443 counter notrack comment "ignore-10"
    return
  }
  chain PREROUTING {
    type filter hook prerouting priority raw; policy accept;
    counter jump VYOS_CT_IGNORE
    counter jump FW_CONNTRACK
    notrack
  }
  chain FW_CONNTRACK {
    accept
  }
}
table ip6 vyos_filter {
  set A6_WEB {
    type ipv6_addr
    flags interval
    auto-merge
    elements = { 2001:db8:1::10 }
  }
  chain VYOS_IPV6_FORWARD_filter {
    type filter hook forward priority filter; policy accept;
    jump VYOS_STATE_POLICY6
    meta l4proto ipv6-icmp counter accept comment "ipv6-FWD-filter-10"
    meta l4proto tcp ip6 daddr @A6_WEB tcp dport 443 iifname "eth0" counter accept comment "ipv6-FWD-filter-20"
    meta l4proto tcp tcp dport { 80, 443 } iifname "eth1" oifname "eth0" counter accept comment "ipv6-FWD-filter-30"
    counter drop comment "FWD-filter default-action drop"
  }
  chain VYOS_IPV6_INPUT_filter {
    type filter hook input priority filter; policy accept;
    jump VYOS_STATE_POLICY6
    meta l4proto ipv6-icmp counter accept comment "ipv6-INP-filter-10"
    iifname "eth1" counter accept comment "ipv6-INP-filter-20"
    counter drop comment "INP-filter default-action drop"
  }
  chain VYOS_STATE_POLICY6 {
    ct state established counter accept
    ct state invalid counter drop
    ct state related counter accept
    return
  }
}
`

/** What openvpn-install writes for nftables, by the interface of the default route, beside a filter of the machine. */
const OPENVPN_INSTALL = `table inet openvpn {
  chain input {
    type filter hook input priority filter; policy accept;
    iifname "tun*" ip saddr 10.8.0.0/24 accept
    iifname "eth0" udp dport 1194 accept
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname "tun*" ip saddr 10.8.0.0/24 accept
    oifname "tun*" ip daddr 10.8.0.0/24 accept
  }
}
table ip openvpn-nat {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 10.8.0.0/24 oifname "eth0" masquerade
  }
}
table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iif "lo" accept
    iifname "eth0" tcp dport 22 accept
    iifname "eth0" udp dport 1194 accept
  }
}
`

export const PREFIXES: Problem[] = [
  {
    name: 'vyos-group-has-the-old-prefix-and-replies-are-not-tracked',
    thread: {
      title: 'conntrack: T4309: T4903: Refactor `system conntrack ignore`, add IPv6 support and firewall groups',
      address: 'https://github.com/vyos/vyos-1x/pull/2199',
    },
    backend: 'nft',
    hosts: {
      client: {
        addresses: { eth0: ['2001:db8:f::9/64'] },
        routes: ['2001:db8:2::/64 via 2001:db8:f::1'],
        listeners: [{ ...HTTPS, address: '::' }],
      },
      router: {
        addresses: { eth0: ['2001:db8:f::1/64'], eth1: ['2001:db8:2::1/64'] },
        sysctls: FORWARDS,
        listeners: [{ ...SSH, address: '::' }],
        rules: { nft: VYOS },
      },
      web: {
        addresses: { eth0: ['2001:db8:2::10/64'] },
        routes: ['default via 2001:db8:2::1'],
        listeners: [
          { ...SSH, address: '::' },
          { ...HTTPS, address: '::' },
        ],
      },
    },
    links: [
      ['client:eth0', 'router:eth0'],
      ['router:eth1', 'web:eth0'],
    ],
    traced: 'router',
    fails: { from: 'client', what: 'tcp', to: '2001:db8:2::10', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'web', what: 'tcp', to: '2001:db8:f::9', port: 443 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '2001:db8:2::10' }, seen: 'answered' },
      { sending: { from: 'web', what: 'tcp', to: '2001:db8:2::1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:2::10', port: 22 }, seen: 'nothing' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:f::1', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The group has the server's address of before the prefix changed; and the server's replies are not tracked while the requests are, so the policy of states does not accept them.",
      causes: [
        { code: 'not-in-set' },
        { rule: '@A6_WEB', chain: 'ip6 vyos_filter VYOS_IPV6_FORWARD_filter' },
        { rule: 'drop', chain: 'ip6 vyos_filter VYOS_IPV6_FORWARD_filter' },
        { rule: 'notrack', chain: 'ip6 vyos_conntrack VYOS_CT_IGNORE' },
        { code: 'untracked' },
      ],
      status: ['dropped'],
      alsoTrue: ['several-causes'],
    },
    mend: [
      ['router', 'nft add element ip6 vyos_filter A6_WEB { 2001:db8:2::10 }'],
      ['router', 'nft flush chain ip6 vyos_conntrack VYOS_CT_IGNORE'],
    ],
  },
  {
    name: 'openvpn-install-masquerades-by-the-first-interface-alone',
    thread: {
      title: 'Cannot use with AWS EC2',
      address: 'https://github.com/angristan/openvpn-install/issues/778',
    },
    backend: 'nft',
    hosts: {
      laptop: { addresses: { tun0: ['10.8.0.2/24'] }, routes: ['default via 10.8.0.1'] },
      server: {
        addresses: { tun0: ['10.8.0.1/24'], eth0: ['172.31.0.10/24'], eth1: ['10.0.2.10/24'] },
        routes: ['default via 172.31.0.1'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: { nft: OPENVPN_INSTALL },
      },
      vpc: {
        addresses: { eth0: ['172.31.0.1/24'], lo: ['198.51.100.9/32'] },
        routes: ['10.0.2.0/24 via 172.31.0.10'],
        listeners: [HTTPS],
      },
      // it checks the source of what an instance sends
      subnet: {
        bridges: { br0: ['p1', 'p2'] },
        addresses: { br0: ['10.0.2.1/24'] },
        rules: {
          nft: `table bridge sourcecheck {
  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname "p1" ip saddr != 10.0.2.10 drop
  }
}
`,
        },
      },
      db: { addresses: { eth0: ['10.0.2.20/24'] }, routes: ['default via 10.0.2.1'], listeners: [POSTGRES] },
    },
    links: [
      ['laptop:tun0', 'server:tun0'],
      ['server:eth0', 'vpc:eth0'],
      ['server:eth1', 'subnet:p1'],
      ['subnet:p2', 'db:eth0'],
    ],
    traced: 'server',
    fails: { from: 'laptop', what: 'tcp', to: '10.0.2.20', port: 5432 },
    seen: 'nothing',
    others: [
      { sending: { from: 'laptop', what: 'tcp', to: '198.51.100.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'server', what: 'tcp', to: '10.0.2.20', port: 5432 }, seen: 'answered' },
      { sending: { from: 'vpc', what: 'tcp', to: '172.31.0.10', port: 22 }, seen: 'answered' },
      { sending: { from: 'vpc', what: 'tcp', to: '10.0.2.20', port: 5432 }, seen: 'nothing' },
      { sending: { from: 'laptop', what: 'tcp', to: '10.8.0.1', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "What the tunnel brings leaves by the second interface with the laptop's own address: the rule masquerades by the first alone. The cloud's network drops what is not from an address of the instance.",
      causes: [
        { code: 'not-masqueraded' },
        { rule: 'oifname "eth0" masquerade', chain: 'ip openvpn-nat postrouting' },
        { chain: 'ip openvpn-nat postrouting' },
      ],
      status: ['unanswered'],
      alsoTrue: ['not-netfilter'],
    },
    mend: [['server', 'nft add rule ip openvpn-nat postrouting ip saddr 10.8.0.0/24 oifname eth1 masquerade']],
  },
]
