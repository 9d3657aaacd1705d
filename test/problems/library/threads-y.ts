/** Routers, gateways and switches, from threads: replies without a rule, marks nobody sets, sources chosen too early. */
import type { HostSpec } from '../../../src/demo/incident.ts'
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const HTTP = { protocol: 'tcp', port: 80 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const SSH = { protocol: 'tcp', port: 22 } as const

/** CloudStack's virtual router for a routed network: what guests may send is decided by the source, whoever began. */
const ROUTED = `table ip ip4_firewall {
  chain INPUT {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname "lo" accept
    icmp type { echo-request, echo-reply, destination-unreachable, time-exceeded } accept
    iifname "eth0" udp dport { 53, 67 } accept
    iifname "eth0" tcp dport { 53, 80, 8080 } accept
    iifname "eth1" ct state new tcp dport 3922 accept
  }
  chain FORWARD {
    type filter hook forward priority filter; policy accept;
    ip daddr 203.0.113.64/28 counter jump fw_chain_ingress
    ip saddr 203.0.113.64/28 counter jump fw_chain_egress
  }
  chain OUTPUT {
    type filter hook output priority filter; policy accept;
  }
  chain fw_chain_ingress {
    ct state established,related accept
    ip saddr 0.0.0.0/0 tcp dport 22 accept
    ip saddr 198.51.100.0/24 tcp dport 443 accept
    icmp type echo-request accept
    counter drop
  }
  chain fw_chain_egress {
    udp dport 53 accept
    tcp dport { 80, 443 } accept
    icmp type { echo-request, echo-reply } accept
    counter drop
  }
}
table ip6 ip6_firewall {
  chain INPUT {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname "lo" accept
    icmpv6 type { echo-request, nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit } accept
  }
  chain FORWARD {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
  }
}
`

/** NetBird's routing peer: what it masquerades is decided by marks, which its policies' rules set. */
const NETBIRD = `table ip netbird {
  set nb0000001 {
    type ipv4_addr
    flags dynamic
    elements = { 100.92.20.9 }
  }
  set nb0000002 {
    type ipv4_addr
    flags interval
    elements = { 10.77.0.0/24 }
  }
  chain netbird-acl-input-rules {
    ip saddr @nb0000001 counter accept
  }
  chain netbird-acl-input-filter {
    type filter hook input priority filter; policy accept;
    iifname "wt0" ct state established,related counter accept
    iifname "wt0" fib daddr type local jump netbird-acl-input-rules
    iifname "wt0" drop
  }
  chain netbird-rt-fwd {
    ip saddr @nb0000001 ip daddr 192.168.50.0/24 counter accept
    ip saddr @nb0000001 ip daddr 10.77.0.0/24 counter accept
  }
  chain netbird-acl-forward-filter {
    type filter hook forward priority filter; policy accept;
    ct state established,related counter accept
    iifname "wt0" jump netbird-rt-fwd
    iifname "wt0" drop
  }
  chain netbird-mangle-prerouting {
    type filter hook prerouting priority mangle; policy accept;
    iifname "wt0" ct state new fib daddr type != local meta mark set 0x0001bd20
    ip saddr @nb0000002 ip daddr 100.92.0.0/16 ct state new meta mark set 0x0001bd21
  }
  chain netbird-rt-postrouting {
    type nat hook postrouting priority srcnat - 1; policy accept;
    oifname != "lo" meta mark 0x0001bd20 counter masquerade
    oifname "wt0" meta mark 0x0001bd21 counter masquerade
  }
  chain netbird-mangle-forward {
    type filter hook forward priority mangle; policy accept;
    oifname "wt0" tcp flags syn tcp option maxseg size set rt mtu
  }
}
table inet host {
  chain input {
    type filter hook input priority filter + 10; policy drop;
    ct state established,related accept
    iifname { "lo", "wt0" } accept
    meta l4proto { icmp, ipv6-icmp } accept
    iifname "eth0" udp dport 51820 accept
    tcp dport 22 accept
  }
}
`

/** mwan3 with two uplinks of IPv6, beside OpenWrt's fw3. */
const MWAN3 = `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:mwan3_connected - [0:0]
:mwan3_hook - [0:0]
:mwan3_iface_in_wan6 - [0:0]
:mwan3_iface_in_wanb6 - [0:0]
:mwan3_ifaces_in - [0:0]
:mwan3_policy_wan_only - [0:0]
:mwan3_policy_wanb_only - [0:0]
:mwan3_rules - [0:0]
-A PREROUTING -j mwan3_hook
-A FORWARD -o wan -p tcp -m tcp --tcp-flags SYN,RST SYN -m comment --comment "!fw3: Zone wan MTU fixing" -j TCPMSS --clamp-mss-to-pmtu
-A FORWARD -o wanb -p tcp -m tcp --tcp-flags SYN,RST SYN -m comment --comment "!fw3: Zone wan MTU fixing" -j TCPMSS --clamp-mss-to-pmtu
-A OUTPUT -j mwan3_hook
-A mwan3_connected -d fe80::/10 -j MARK --set-xmark 0x3f00/0x3f00
-A mwan3_connected -d ff00::/8 -j MARK --set-xmark 0x3f00/0x3f00
-A mwan3_connected -d 2001:db8:a:1::/64 -j MARK --set-xmark 0x3f00/0x3f00
-A mwan3_hook -p ipv6-icmp -m icmp6 --icmpv6-type 133 -j RETURN
-A mwan3_hook -p ipv6-icmp -m icmp6 --icmpv6-type 134 -j RETURN
-A mwan3_hook -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j RETURN
-A mwan3_hook -p ipv6-icmp -m icmp6 --icmpv6-type 136 -j RETURN
-A mwan3_hook -p ipv6-icmp -m icmp6 --icmpv6-type 137 -j RETURN
-A mwan3_hook -j CONNMARK --restore-mark --nfmask 0x3f00 --ctmask 0x3f00
-A mwan3_hook -m mark --mark 0x0/0x3f00 -j mwan3_ifaces_in
-A mwan3_hook -m mark --mark 0x0/0x3f00 -j mwan3_connected
-A mwan3_hook -m mark --mark 0x0/0x3f00 -j mwan3_rules
-A mwan3_hook -j CONNMARK --save-mark --nfmask 0x3f00 --ctmask 0x3f00
-A mwan3_iface_in_wan6 -i wan -m mark --mark 0x0/0x3f00 -m comment --comment wan6 -j MARK --set-xmark 0x100/0x3f00
-A mwan3_iface_in_wanb6 -i wanb -m mark --mark 0x0/0x3f00 -m comment --comment wanb6 -j MARK --set-xmark 0x200/0x3f00
-A mwan3_ifaces_in -m mark --mark 0x0/0x3f00 -j mwan3_iface_in_wan6
-A mwan3_ifaces_in -m mark --mark 0x0/0x3f00 -j mwan3_iface_in_wanb6
-A mwan3_policy_wan_only -m mark --mark 0x0/0x3f00 -m comment --comment "wan6 3 3" -j MARK --set-xmark 0x100/0x3f00
-A mwan3_policy_wanb_only -m mark --mark 0x0/0x3f00 -m comment --comment "wanb6 3 3" -j MARK --set-xmark 0x200/0x3f00
-A mwan3_rules -d 2001:db8:f::53/128 -m mark --mark 0x0/0x3f00 -m comment --comment track_wanb -j mwan3_policy_wanb_only
-A mwan3_rules -m mark --mark 0x0/0x3f00 -m comment --comment default_rule_v6 -j mwan3_policy_wan_only
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:forwarding_rule - [0:0]
:zone_wan_dest_ACCEPT - [0:0]
-A INPUT -i lo -m comment --comment "!fw3" -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment "!fw3" -j ACCEPT
-A FORWARD -m comment --comment "!fw3: Custom forwarding rule chain" -j forwarding_rule
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment "!fw3" -j ACCEPT
-A FORWARD -i lan -m comment --comment "!fw3: Zone lan to wan forwarding policy" -j zone_wan_dest_ACCEPT
-A zone_wan_dest_ACCEPT -o wan -m comment --comment "!fw3" -j ACCEPT
-A zone_wan_dest_ACCEPT -o wanb -m comment --comment "!fw3" -j ACCEPT
COMMIT
`

/** A provider that forwards no sources but its own customers'. */
const provider = (net: string): HostSpec => ({
  addresses: { eth0: [`2001:db8:${net}::1/64`], eth1: [`2001:db8:f::${net}/64`] },
  routes: [`2001:db8:${net}:1::/64 via 2001:db8:${net}::2`],
  sysctls: FORWARDS,
  rules: {
    nft: `table ip6 edge {\n  chain forward { type filter hook forward priority filter; policy accept; iifname "eth0" ip6 saddr != 2001:db8:${net}::/48 drop; }\n}\n`,
  },
})

export const THREADS_Y: Problem[] = [
  {
    name: 'cloudstack-egress-has-no-rule-for-replies',
    thread: {
      title:
        '[BUG] fw_chain_egress missing ct state established,related accept causes inbound TCP to fail with default egress deny on routed networks',
      address: 'https://github.com/apache/cloudstack/issues/12962',
    },
    backend: 'nft',
    hosts: {
      client: {
        addresses: { eth0: ['198.51.100.9/24'] },
        routes: ['203.0.113.64/28 via 198.51.100.2'],
        listeners: [HTTP],
      },
      vr: {
        addresses: { eth0: ['203.0.113.65/28'], eth2: ['198.51.100.2/24'] },
        sysctls: FORWARDS,
        rules: { nft: ROUTED },
      },
      vm: {
        addresses: { eth0: ['203.0.113.66/28'] },
        routes: ['default via 203.0.113.65'],
        listeners: [SSH, HTTPS],
      },
    },
    links: [
      ['client:eth0', 'vr:eth2'],
      ['vr:eth0', 'vm:eth0'],
    ],
    traced: 'vr',
    fails: { from: 'client', what: 'tcp', to: '203.0.113.66', port: 22 },
    seen: 'nothing',
    others: [
      { sending: { from: 'vm', what: 'tcp', to: '198.51.100.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '203.0.113.66' }, seen: 'answered' },
      { sending: { from: 'vm', what: 'tcp', to: '198.51.100.9', port: 22 }, seen: 'nothing' },
      { sending: { from: 'client', what: 'tcp', to: '203.0.113.66', port: 443 }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        "The guest's reply has the guest's address as its source, so it traverses fw_chain_egress, which has no rule for established connections and ends in a drop.",
      causes: [
        { rule: 'drop', chain: 'ip ip4_firewall fw_chain_egress' },
        { chain: 'ip ip4_firewall fw_chain_egress' },
      ],
      status: ['reply-lost'],
    },
    mend: [['vr', 'nft insert rule ip ip4_firewall fw_chain_egress ct state established,related accept']],
  },
  {
    name: 'netbird-masquerades-only-what-a-policy-marks',
    thread: {
      title: 'docs: rework Site-to-VPN SNAT guidance, verified end-to-end',
      address: 'https://github.com/netbirdio/docs/pull/758',
    },
    backend: 'nft',
    hosts: {
      plc: { addresses: { eth0: ['192.168.50.20/24'] }, routes: ['100.92.0.0/16 via 192.168.50.2'], listeners: [HTTP] },
      lab: { addresses: { eth0: ['10.77.0.5/24'] }, routes: ['100.92.0.0/16 via 10.77.0.1'] },
      router: {
        addresses: { eth0: ['192.168.50.2/24'], eth1: ['10.77.0.1/24'], wt0: ['100.92.10.2/16'] },
        sysctls: FORWARDS,
        rules: { nft: NETBIRD },
        listeners: [SSH],
      },
      peer: {
        addresses: { wt0: ['100.92.20.9/16'] },
        routes: ['192.168.50.0/24 via 100.92.10.2'],
        listeners: [{ protocol: 'tcp', port: 5432 }],
        rules: {
          nft: 'table ip netbird {\n  chain input { type filter hook input priority filter; policy accept; ct state established,related accept; iifname "wt0" ip saddr != 100.92.0.0/16 drop; }\n}\n',
        },
      },
    },
    links: [
      ['plc:eth0', 'router:eth0'],
      ['lab:eth0', 'router:eth1'],
      ['router:wt0', 'peer:wt0'],
    ],
    traced: 'router',
    fails: { from: 'plc', what: 'tcp', to: '100.92.20.9', port: 5432 },
    seen: 'nothing',
    others: [
      { sending: { from: 'lab', what: 'tcp', to: '100.92.20.9', port: 5432 }, seen: 'answered' },
      { sending: { from: 'peer', what: 'tcp', to: '192.168.50.20', port: 80 }, seen: 'answered' },
      { sending: { from: 'plc', what: 'tcp', to: '192.168.50.2', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The rule that masquerades on wt0 wants mark 0x1bd21, which is set for networks of a policy alone. 192.168.50.0/24 is in none, so the packet leaves with its own source, and the peer drops that.',
      causes: [
        { rule: '0x0001bd21', chain: 'ip netbird netbird-rt-postrouting' },
        { rule: '@nb0000002', chain: 'ip netbird netbird-mangle-prerouting' },
      ],
      status: ['unanswered'],
      alsoTrue: ['not-masqueraded'],
    },
    mend: [
      [
        'router',
        'nft add rule ip netbird netbird-rt-postrouting oifname wt0 ip saddr 192.168.50.0/24 counter masquerade',
      ],
    ],
  },
  {
    name: 'mwan3-marks-after-the-source-is-chosen',
    thread: {
      title: 'mwan3: ipv6 failover does not work',
      address: 'https://github.com/openwrt/packages/issues/12309',
    },
    backend: 'iptables-nft',
    hosts: {
      far: {
        addresses: { eth0: ['2001:db8:f::9/64', '2001:db8:f::53/64'] },
        routes: ['2001:db8:a::/48 via 2001:db8:f::a', '2001:db8:b::/48 via 2001:db8:f::b'],
        listeners: [{ protocol: 'tcp', address: '2001:db8:f::9', port: 443 }],
      },
      exchange: { bridges: { ix0: ['p1', 'p2', 'p3'] }, sysctls: { 'net.bridge.bridge-nf-call-ip6tables': '0' } },
      ispa: provider('a'),
      ispb: provider('b'),
      router: {
        addresses: { wan: ['2001:db8:a::2/64'], wanb: ['2001:db8:b::2/64'], lan: ['2001:db8:a:1::1/64'] },
        routes: ['default via 2001:db8:a::1 metric 512', 'default via 2001:db8:b::1 metric 1024'],
        sysctls: FORWARDS,
        rules: { v6: MWAN3 },
      },
      pc: { addresses: { eth0: ['2001:db8:a:1::10/64'] }, routes: ['default via 2001:db8:a:1::1'] },
    },
    links: [
      ['far:eth0', 'exchange:p1'],
      ['ispa:eth1', 'exchange:p2'],
      ['ispb:eth1', 'exchange:p3'],
      ['ispa:eth0', 'router:wan'],
      ['ispb:eth0', 'router:wanb'],
      ['router:lan', 'pc:eth0'],
    ],
    traced: 'router',
    setup: [
      [
        'router',
        'ip -6 route add default via 2001:db8:a::1 dev wan table 1; ip -6 route add default via 2001:db8:b::1 dev wanb table 2; ip -6 rule add pref 1001 iif wan lookup main; ip -6 rule add pref 1002 iif wanb lookup main; ip -6 rule add pref 2001 fwmark 0x100/0x3f00 lookup 1; ip -6 rule add pref 2002 fwmark 0x200/0x3f00 lookup 2; ip -6 rule add pref 2061 fwmark 0x3d00/0x3f00 blackhole; ip -6 rule add pref 2062 fwmark 0x3e00/0x3f00 unreachable',
      ],
    ],
    fails: { from: 'router', what: 'ping', to: '2001:db8:f::53' },
    seen: 'nothing',
    others: [
      { sending: { from: 'router', what: 'ping', to: '2001:db8:f::9' }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '2001:db8:f::9', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The router's own ping got wan's address as its source before OUTPUT marked it 0x200 for wanb. Its route changes then, its source does not, and wanb's provider drops it.",
      causes: [{ code: 'wrong-way-out' }, { rule: '--set-xmark 0x200/0x3f00', chain: 'mangle mwan3_policy_wanb_only' }],
      status: ['unanswered'],
    },
    mend: [['router', 'ip6tables -t nat -A POSTROUTING -o wanb ! -s 2001:db8:b::/48 -j MASQUERADE']],
  },
]
