/** By nft, from threads: zones without a policy between them, a trusted interface that is not let on. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

/** Forwards, and what is bridged is no business of its rules, as where br_netfilter is not loaded. */
const ROUTES = {
  ...FORWARDS,
  'net.bridge.bridge-nf-call-iptables': '0',
  'net.bridge.bridge-nf-call-ip6tables': '0',
}

const SSH = { protocol: 'tcp', port: 22 } as const

const HTTPS = { protocol: 'tcp', port: 443 } as const

const DNS = { protocol: 'udp', port: 53 } as const

/** The chains that firewalld gives a zone or a policy, of which some have rules. */
const zone = (name: string, { allow = '', end = '' }: { allow?: string; end?: string } = {}) => `  chain ${name} {
    jump ${name}_pre
    jump ${name}_log
    jump ${name}_deny
    jump ${name}_allow
    jump ${name}_post
${end}  }
  chain ${name}_pre {
  }
  chain ${name}_log {
  }
  chain ${name}_deny {
  }
  chain ${name}_allow {
${allow}  }
  chain ${name}_post {
  }
`

export const THREADS_AV_HOSTS: Problem[] = [
  {
    name: 'firewalld-has-no-policy-from-the-internal-zone-to-the-external-one',
    thread: {
      title: 'filter_FWD_internal_REJECT internal zone -> external zone traffic is filtered',
      address: 'https://github.com/firewalld/firewalld/issues/1015',
    },
    backend: 'nft',
    hosts: {
      remote: {
        addresses: { eth0: ['203.0.113.9/24'] },
        routes: ['192.168.3.0/24 via 203.0.113.1'],
        listeners: [HTTPS],
      },
      srvr: {
        addresses: { enp3s0: ['203.0.113.1/24'], br0: ['192.168.3.1/24'] },
        bridges: { br0: ['enp4s0', 'enp5s0'] },
        sysctls: ROUTES,
        listeners: [SSH, DNS],
        rules: {
          nft: `table inet firewalld {
  chain mangle_PREROUTING {
    type filter hook prerouting priority mangle + 10; policy accept;
    jump mangle_PREROUTING_POLICIES
  }
  chain mangle_PREROUTING_POLICIES {
    ip saddr 192.168.3.0/24 return
    iifname "enp3s0" return
    iifname "br0" return
  }
  chain nat_PREROUTING {
    type nat hook prerouting priority dstnat + 10; policy accept;
  }
  chain nat_POSTROUTING {
    type nat hook postrouting priority srcnat + 10; policy accept;
    jump nat_POSTROUTING_POLICIES
  }
  chain nat_POSTROUTING_POLICIES {
    ip daddr 192.168.3.0/24 jump nat_POST_internal
    ip daddr 192.168.3.0/24 return
    oifname "enp3s0" jump nat_POST_external
    oifname "enp3s0" return
    oifname "br0" jump nat_POST_internal
    oifname "br0" return
  }
${zone('nat_POST_internal')}${zone('nat_POST_external', { allow: '    meta nfproto ipv4 oifname != "lo" masquerade\n' })}  chain filter_INPUT {
    type filter hook input priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    ct state invalid log prefix "STATE_INVALID_DROP: "
    ct state invalid drop
    jump filter_INPUT_POLICIES
    log prefix "FINAL_REJECT: "
    reject with icmpx admin-prohibited
  }
  chain filter_FORWARD {
    type filter hook forward priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    ct state invalid log prefix "STATE_INVALID_DROP: "
    ct state invalid drop
    ip6 daddr { ::/96, ::ffff:0.0.0.0/96, 2002::/24, 2002:a00::/24, 2002:7f00::/24, 2002:ac10::/28, 2002:c0a8::/32 } reject with icmpv6 addr-unreachable
    jump filter_FORWARD_POLICIES
    log prefix "FINAL_REJECT: "
    reject with icmpx admin-prohibited
  }
  chain filter_OUTPUT {
    type filter hook output priority filter + 10; policy accept;
    ct state { established, related } accept
    oifname "lo" accept
    ip6 daddr { ::/96, ::ffff:0.0.0.0/96, 2002::/24, 2002:a00::/24, 2002:7f00::/24, 2002:ac10::/28, 2002:c0a8::/32 } reject with icmpv6 addr-unreachable
  }
  chain filter_INPUT_POLICIES {
    ip saddr 192.168.3.0/24 jump filter_IN_internal
    ip saddr 192.168.3.0/24 reject with icmpx admin-prohibited
    iifname "enp3s0" jump filter_IN_external
    iifname "enp3s0" reject with icmpx admin-prohibited
    iifname "br0" jump filter_IN_internal
    iifname "br0" reject with icmpx admin-prohibited
  }
  chain filter_FORWARD_POLICIES {
    ip saddr 192.168.3.0/24 ip daddr 192.168.3.0/24 jump filter_FWD_internal
    ip saddr 192.168.3.0/24 ip daddr 192.168.3.0/24 reject with icmpx admin-prohibited
    ip saddr 192.168.3.0/24 oifname "enp3s0" jump filter_FWD_internal
    ip saddr 192.168.3.0/24 oifname "enp3s0" reject with icmpx admin-prohibited
    ip saddr 192.168.3.0/24 jump filter_FWD_internal
    ip saddr 192.168.3.0/24 reject with icmpx admin-prohibited
    iifname "enp3s0" ip daddr 192.168.3.0/24 jump filter_FWD_external
    iifname "enp3s0" ip daddr 192.168.3.0/24 reject with icmpx admin-prohibited
    iifname "enp3s0" jump filter_FWD_external
    iifname "enp3s0" reject with icmpx admin-prohibited
    iifname "br0" jump filter_FWD_internal
    iifname "br0" reject with icmpx admin-prohibited
  }
${zone('filter_IN_internal', {
  allow:
    '    tcp dport 22 accept\n    udp dport 53 accept\n    tcp dport 53 accept\n    udp dport 67 accept\n    tcp dport 443 accept\n',
  end: '    meta l4proto { icmp, ipv6-icmp } accept\n    log prefix "filter_IN_internal_REJECT: "\n    reject with icmpx admin-prohibited\n',
})}${zone('filter_IN_external', {
  end: '    meta l4proto { icmp, ipv6-icmp } accept\n    log prefix "filter_IN_external_REJECT: "\n    reject with icmpx admin-prohibited\n',
})}${zone('filter_FWD_internal', {
  allow: '    ip daddr 192.168.3.0/24 accept\n    oifname "br0" accept\n',
  end: '    log prefix "filter_FWD_internal_REJECT: "\n    reject with icmpx admin-prohibited\n',
})}${zone('filter_FWD_external', {
  end: '    log prefix "filter_FWD_external_REJECT: "\n    reject with icmpx admin-prohibited\n',
})}}
`,
        },
      },
      pc: { addresses: { eth0: ['192.168.3.105/24'] }, routes: ['default via 192.168.3.1'], listeners: [SSH] },
      tv: { addresses: { eth0: ['192.168.3.106/24'] }, routes: ['default via 192.168.3.1'] },
    },
    links: [
      ['remote:eth0', 'srvr:enp3s0'],
      ['srvr:enp4s0', 'pc:eth0'],
      ['srvr:enp5s0', 'tv:eth0'],
    ],
    traced: 'srvr',
    fails: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '192.168.3.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'tv', what: 'tcp', to: '192.168.3.105', port: 22 }, seen: 'answered' },
      { sending: { from: 'srvr', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '192.168.3.105', port: 22 }, seen: 'unreachable' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'unreachable' },
    ],
    truth: {
      words:
        'The zone internal forwards to its own network and bridge alone. No policy accepts what goes from it to the zone external, so the zone rejects it, though external masquerades.',
      causes: [
        { rule: 'reject with icmpx', chain: 'inet firewalld filter_FWD_internal' },
        { chain: 'inet firewalld filter_FWD_internal' },
        { chain: 'inet firewalld filter_FWD_internal_allow' },
        { chain: 'inet firewalld filter_FORWARD_POLICIES' },
      ],
      status: ['rejected'],
    },
    mend: [
      ['srvr', 'nft insert rule inet firewalld filter_FORWARD_POLICIES ip saddr 192.168.3.0/24 oifname enp3s0 accept'],
    ],
  },
  {
    name: 'nixos-trusts-an-interface-at-input-and-not-at-forward',
    thread: {
      title: 'nixos/networking.firewall: trustedInterfaces not fully working with filterForward and checkReversePath',
      address: 'https://github.com/NixOS/nixpkgs/issues/437920',
    },
    backend: 'nft',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [HTTPS] },
      host: {
        addresses: { enp5s0: ['203.0.113.1/24'], virbr0: ['192.168.122.1/24'] },
        bridges: { virbr0: ['vnet0'] },
        sysctls: ROUTES,
        listeners: [SSH, DNS],
        rules: {
          nft: `table inet nixos-fw {
  set temp-ports {
    comment "Temporarily opened ports"
    type inet_proto . inet_service
    flags interval
    auto-merge
  }
  chain rpfilter {
    type filter hook prerouting priority mangle + 10; policy drop;
    meta nfproto ipv4 udp sport . udp dport { 67 . 68, 68 . 67 } accept comment "DHCPv4 client/server"
    fib saddr . mark . iif oif exists accept
    jump rpfilter-allow
  }
  chain rpfilter-allow {
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iifname { "lo", "virbr0" } accept comment "trusted interfaces"
    ct state vmap { invalid : drop, established : accept, related : accept, new : jump input-allow, untracked : jump input-allow }
    tcp flags & (fin | syn | rst | ack) == syn log prefix "refused connection: " level info
  }
  chain input-allow {
    tcp dport 22 accept
    meta l4proto . th dport @temp-ports accept
    icmp type echo-request accept comment "allow ping"
    icmpv6 type != { nd-redirect, 139 } accept comment "Accept all ICMPv6 messages except redirects and node information queries (type 139).  See RFC 4890, section 4.4."
    ip6 daddr fe80::/64 udp dport 546 accept comment "DHCPv6 client"
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { invalid : drop, established : accept, related : accept, new : jump forward-allow, untracked : jump forward-allow }
  }
  chain forward-allow {
    icmpv6 type != { router-renumbering, 139 } accept comment "Accept all ICMPv6 messages except renumbering and node information queries (type 139).  See RFC 4890, section 4.3."
    ct status dnat accept comment "allow port forward"
  }
}
table ip libvirt_network {
  chain forward {
    type filter hook forward priority filter; policy accept;
    counter jump guest_cross
    counter jump guest_input
    counter jump guest_output
  }
  chain guest_output {
    ip saddr 192.168.122.0/24 iif "virbr0" counter accept
    iif "virbr0" counter reject
  }
  chain guest_input {
    oif "virbr0" ip daddr 192.168.122.0/24 ct state established,related counter accept
    oif "virbr0" counter reject
  }
  chain guest_cross {
    iif "virbr0" oif "virbr0" counter accept
  }
  chain guest_nat {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 192.168.122.0/24 ip daddr 224.0.0.0/24 counter return
    ip saddr 192.168.122.0/24 ip daddr 255.255.255.255 counter return
    meta l4proto tcp ip saddr 192.168.122.0/24 ip daddr != 192.168.122.0/24 counter masquerade to :1024-65535
    meta l4proto udp ip saddr 192.168.122.0/24 ip daddr != 192.168.122.0/24 counter masquerade to :1024-65535
    ip saddr 192.168.122.0/24 ip daddr != 192.168.122.0/24 counter masquerade
  }
}
`,
        },
      },
      vm: { addresses: { eth0: ['192.168.122.50/24'] }, routes: ['default via 192.168.122.1'], listeners: [SSH] },
    },
    links: [
      ['remote:eth0', 'host:enp5s0'],
      ['host:vnet0', 'vm:eth0'],
    ],
    traced: 'host',
    fails: { from: 'vm', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'vm', what: 'udp', to: '192.168.122.1', port: 53 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'udp', to: '203.0.113.1', port: 53 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The trusted interface is accepted at input alone. At forward the firewall's chain has no rule for it: its policy drops what libvirt's own table accepts.",
      causes: [
        { policy: 'inet nixos-fw forward' },
        { chain: 'inet nixos-fw forward-allow' },
        { chain: 'inet nixos-fw forward' },
      ],
      status: ['dropped'],
    },
    mend: [['host', 'nft add rule inet nixos-fw forward-allow iifname virbr0 accept']],
  },
]
