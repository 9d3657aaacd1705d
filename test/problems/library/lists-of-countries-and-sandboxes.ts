/** Lists of nft that say more or less than meant, from threads: a country's networks at ingress, the networks that a sandbox may ask. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

export const LISTS_OF_COUNTRIES_AND_SANDBOXES: Problem[] = [
  {
    name: 'geo-nft-drops-what-the-site-replies-at-ingress',
    thread: {
      title: 'My ISP web site is blocked',
      address: 'https://github.com/wirefalls/geo-nft/issues/22',
    },
    backend: 'nft',
    hosts: {
      server: {
        addresses: { eth0: ['203.0.113.1/24', '2001:db8:f::1/64'] },
        routes: ['default via 203.0.113.254'],
        listeners: [SSH],
        rules: {
          nft: `table netdev filter {
  set geo-netdev4 {
    type ipv4_addr
    flags interval
    elements = { 1.0.1.0/24, 1.0.2.0/23, 1.0.8.0/21, 5.8.0.0/19, 5.34.192.0/20, 27.8.0.0/13, 37.9.0.0/20,
                 46.8.0.0/16, 77.88.0.0/18, 87.226.128.0/17, 95.24.0.0/13, 109.94.164.0/22, 176.59.32.0/19,
                 188.0.240.0/20, 198.51.100.64/26, 217.218.0.0/15 }
  }
  set geo-netdev6 {
    type ipv6_addr
    flags interval
    elements = { 2001:250::/31, 2001:640::/32, 2400:3200::/32, 2a02:6b8::/29 }
  }
  chain ingress {
    type filter hook ingress device "eth0" priority -500; policy accept;
    ip saddr @geo-netdev4 counter drop comment "Drop source addresses in set geo-netdev4"
    ip6 saddr @geo-netdev6 counter drop comment "Drop source addresses in set geo-netdev6"
  }
}
table inet filter {
  set geo-inet4 {
    type ipv4_addr
    flags interval
    elements = { 175.45.176.0/22 }
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept
    ct state vmap { established : accept, related : accept, invalid : drop }
    icmp type echo-request limit rate 5/second accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert, echo-request } accept
    tcp dport 22 ct state new limit rate 10/minute accept
  }
  chain output {
    type filter hook output priority filter; policy accept;
    ip daddr @geo-inet4 counter reject with icmp admin-prohibited
  }
}
`,
        },
      },
      isp: {
        addresses: {
          eth0: ['203.0.113.254/24'],
          lo: ['198.51.100.80/32', '198.51.100.20/32'],
        },
        listeners: WEB,
      },
    },
    links: [['isp:eth0', 'server:eth0']],
    traced: 'server',
    fails: { from: 'server', what: 'tcp', to: '198.51.100.80', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'server', what: 'tcp', to: '198.51.100.20', port: 80 }, seen: 'answered' },
      { sending: { from: 'server', what: 'ping', to: '198.51.100.80' }, seen: 'nothing', either: true },
      { sending: { from: 'isp', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The request leaves, but the site's network is in the list of countries: what it replies is dropped at ingress, before connection tracking could know it.",
      causes: [{ rule: 'ip saddr @geo-netdev4', chain: 'netdev filter ingress' }],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [['server', 'nft delete element netdev filter geo-netdev4 { 198.51.100.64/26 }']],
  },
  {
    name: 'opensandbox-knows-the-services-name-and-not-its-network',
    thread: {
      title: 'feat(egress): simplify intra-cluster traffic configuration for Kubernetes deployments',
      address: 'https://github.com/opensandbox-group/OpenSandbox/issues/1091',
    },
    backend: 'nft',
    hosts: {
      sandbox: {
        addresses: { eth0: ['10.244.1.7/24', 'fd00:10:244:1::7/64'] },
        routes: ['default via 10.244.1.1', 'default via fd00:10:244:1::1'],
        rules: {
          nft: `table inet opensandbox {
  set allow_v4 {
    type ipv4_addr
    flags interval
    elements = { 10.96.0.0/12 }
  }
  set allow_v6 {
    type ipv6_addr
    flags interval
    elements = { 2001:db8:200::/48 }
  }
  set deny_v4 {
    type ipv4_addr
    flags interval
    elements = { 169.254.0.0/16 }
  }
  set deny_v6 {
    type ipv6_addr
    flags interval
    elements = { fd00:10:244::/48 }
  }
  set dyn_allow_v4 {
    type ipv4_addr
    flags timeout
    elements = { 198.51.100.80 timeout 6h }
  }
  set dyn_allow_v6 {
    type ipv6_addr
    flags timeout
    elements = { 2001:db8:f::80 timeout 6h }
  }
  chain egress {
    type filter hook output priority filter; policy drop;
    ct state established,related accept
    meta mark 0x00000001 accept
    oifname "lo" accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit } accept
    tcp dport 853 drop
    udp dport 853 drop
    ip daddr @deny_v4 drop
    ip6 daddr @deny_v6 drop
    ip daddr @dyn_allow_v4 accept
    ip6 daddr @dyn_allow_v6 accept
    ip daddr @allow_v4 accept
    ip6 daddr @allow_v6 accept
    counter drop
  }
}
table ip nat {
  chain OUTPUT {
    type nat hook output priority -100; policy accept;
    udp dport 53 meta mark != 0x00000001 counter redirect to :15353
    tcp dport 53 meta mark != 0x00000001 counter redirect to :15353
  }
}
`,
        },
      },
      node: {
        addresses: {
          cni0: ['10.244.1.1/24', 'fd00:10:244:1::1/64'],
          lo: ['10.96.45.12/32', 'fd00:10:96::c/128', '198.51.100.80/32', '2001:db8:f::80/128'],
        },
        sysctls: FORWARDS,
        listeners: [
          { protocol: 'tcp', port: 5432 },
          { protocol: 'tcp', port: 5432, address: '::' },
          { protocol: 'tcp', port: 443, address: '::' },
        ],
      },
    },
    links: [['sandbox:eth0', 'node:cni0']],
    traced: 'sandbox',
    fails: { from: 'sandbox', what: 'tcp', to: 'fd00:10:96::c', port: 5432 },
    seen: 'nothing',
    others: [
      { sending: { from: 'sandbox', what: 'tcp', to: '10.96.45.12', port: 5432 }, seen: 'answered' },
      { sending: { from: 'sandbox', what: 'tcp', to: '2001:db8:f::80', port: 443 }, seen: 'answered' },
      { sending: { from: 'sandbox', what: 'tcp', to: 'fd00:10:244:1::1', port: 5432 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The name of the service may be asked, but the network of services of IPv6 is in no list that allows, so the end of the chain drops the connection.',
      causes: [
        { rule: 'counter', chain: 'inet opensandbox egress' },
        { rule: 'ip6 daddr @allow_v6', chain: 'inet opensandbox egress' },
        { code: 'not-in-set', words: ['allow_v6'] },
      ],
      status: ['dropped'],
      alsoTrue: ['not-in-set'],
    },
    mend: [['sandbox', 'nft add element inet opensandbox allow_v6 { fd00:10:96::/112 }']],
  },
]
