/** From threads, by all three: hosts and gateways with two ways out, of which the rules and the routes choose different ones. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const SSH6 = { ...SSH, address: '::' } as const
const HTTPS6 = { ...HTTPS, address: '::' } as const

/** NixOS by nft: the port is allowed on the first interface alone, and the reverse path is checked. */
const NIXOS = `table inet nixos-fw {
  chain rpfilter {
    type filter hook prerouting priority mangle + 10; policy drop;
    meta nfproto ipv4 udp sport . udp dport { 67 . 68, 68 . 67 } accept comment "DHCPv4 client/server"
    fib saddr . mark . iif oif exists accept
    jump rpfilter-allow
  }
  chain rpfilter-allow {
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } accept
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iifname { "lo" } accept comment "trusted interfaces"
    ct state vmap { invalid : drop, established : accept, related : accept, new : jump input-allow, untracked : jump input-allow }
    tcp flags syn / fin,syn,rst,ack log prefix "refused connection: " level info
  }
  chain input-allow {
    tcp dport 22 accept
    iifname "eth0" tcp dport 443 accept
    icmpv6 type != { nd-redirect, 139 } accept comment "Accept all ICMPv6 messages except redirects and node information queries"
  }
}
`

/** Asuswrt-Merlin with two clients of OpenVPN, of which the second one is up. */
const MERLIN = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 192.168.50.0/24 -o tun12 -j MASQUERADE
-A POSTROUTING ! -s 203.0.113.1/32 -o eth0 -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:OVPNCF - [0:0]
:OVPNCI - [0:0]
-A INPUT -i tun+ -j OVPNCI
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i br0 -m state --state NEW -j ACCEPT
-A INPUT -i lo -m state --state NEW -j ACCEPT
-A FORWARD -m state --state RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -j OVPNCF
-A FORWARD -i br0 -j ACCEPT
-A OVPNCF -i tun12 -m state --state NEW -j DROP
-A OVPNCI -i tun12 -m state --state NEW -j DROP
COMMIT
`

/** The gateway's rules with the kill switch on. */
const KILL_SWITCH = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o tun0 -m comment --comment "masquerade on the tunnel" -j MASQUERADE
-A POSTROUTING -o eth0 -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:forward_rules_lan - [0:0]
:forward_rules_vpn - [0:0]
:killswitch - [0:0]
:killswitch_on - [0:0]
-A INPUT -i eth1 -m comment --comment "In from LAN" -j ACCEPT
-A INPUT -i lo -m comment --comment loopback -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i eth1 -j forward_rules_lan
-A forward_rules_lan -o tun0 -j forward_rules_vpn
-A forward_rules_lan -o eth0 -j killswitch
-A forward_rules_vpn -j ACCEPT
-A killswitch -j killswitch_on
-A killswitch_on -m comment --comment "the kill switch is on" -j REJECT --reject-with icmp-net-unreachable
COMMIT
`

export const TWO_WAYS_OUT: Problem[] = [
  {
    name: 'nixos-checks-the-path-back-and-allows-the-port-on-the-other-interface',
    thread: {
      title: 'nixos/{firewall, nat}: add a nftables based implementation',
      address: 'https://github.com/NixOS/nixpkgs/pull/203011',
    },
    backend: 'nft',
    hosts: {
      client: {
        addresses: { eth0: ['2001:db8:1::9/64'], eth1: ['2001:db8:2::9/64'], lo: ['2001:db8:f::9/128'] },
        routes: ['2001:db8:1::1/128 dev eth0 src 2001:db8:f::9', '2001:db8:2::1/128 dev eth1 src 2001:db8:f::9'],
        // each provider knows its own network alone
        rules: {
          nft: `table ip6 provider {
  chain prerouting {
    type filter hook prerouting priority filter; policy accept;
    iifname "eth0" ip6 saddr 2001:db8:2::/64 drop
    iifname "eth1" ip6 saddr 2001:db8:1::/64 drop
  }
}
`,
        },
      },
      server: {
        addresses: { eth0: ['2001:db8:1::1/64'], eth1: ['2001:db8:2::1/64'] },
        routes: ['default via 2001:db8:1::9'],
        listeners: [SSH6, HTTPS6, { protocol: 'tcp', port: 8080, address: '::' }],
        rules: { nft: NIXOS },
      },
    },
    links: [
      ['client:eth0', 'server:eth0'],
      ['client:eth1', 'server:eth1'],
    ],
    traced: 'server',
    fails: { from: 'client', what: 'tcp', to: '2001:db8:2::1', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 443 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 8080 }, seen: 'nothing' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:2::1', port: 8080 }, seen: 'nothing' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:2::1', port: 22 }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        'The default route is that of the other interface: the check of the reverse path drops the request, and the reply would leave by the other provider, who drops its source. And the port is allowed on eth0 alone.',
      causes: [
        { policy: 'inet nixos-fw rpfilter' },
        { rule: 'fib saddr', chain: 'inet nixos-fw rpfilter' },
        { policy: 'inet nixos-fw input' },
        { rule: 'iifname "eth0" tcp dport 443', chain: 'inet nixos-fw input-allow' },
        { code: 'reply-by-other-uplink' },
      ],
      status: ['dropped'],
      alsoTrue: ['several-causes'],
    },
    mend: [
      [
        'server',
        'ip -6 route add default via 2001:db8:2::9 table 102; ip -6 rule add from 2001:db8:2::1 lookup 102 priority 1000',
      ],
      ['server', 'nft add rule inet nixos-fw input-allow iifname eth1 tcp dport 443 accept'],
    ],
  },
  {
    name: 'merlin-client-that-is-stopped-still-blocks-before-the-one-that-is-up',
    thread: {
      title: 'vpnclient2-5 connect but network clients are blocked',
      address: 'https://github.com/RMerl/asuswrt-merlin.ng/issues/446',
    },
    backend: 'iptables-legacy',
    hosts: {
      isp: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [HTTPS] },
      router: {
        addresses: { eth0: ['203.0.113.1/24'], br0: ['192.168.50.1/24'], tun12: ['10.8.2.2/24'] },
        routes: ['default via 203.0.113.9', 'prohibit default table 111', 'default via 10.8.2.1 table 112'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: { v4: MERLIN },
      },
      vpn: { addresses: { tun0: ['10.8.2.1/24'], lo: ['198.51.100.9/32'] }, listeners: [HTTPS] },
      pc: {
        addresses: { eth0: ['192.168.50.200/24'] },
        routes: ['default via 192.168.50.1'],
        listeners: [SSH],
      },
    },
    links: [
      ['isp:eth0', 'router:eth0'],
      ['vpn:tun0', 'router:tun12'],
      ['router:br0', 'pc:eth0'],
    ],
    setup: [
      [
        'router',
        'ip rule add from 192.168.50.192/26 lookup 111 priority 10210; ip rule add from 192.168.50.192/26 lookup 112 priority 10410',
      ],
    ],
    traced: 'router',
    fails: { from: 'pc', what: 'tcp', to: '198.51.100.9', port: 443 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'router', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'isp', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'nothing' },
      { sending: { from: 'vpn', what: 'tcp', to: '10.8.2.2', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The table of the first client prohibits all while it is stopped, and the rule that asks it comes before the one that asks the table of the second.',
      causes: [{ code: 'vanished-no-route' }],
      status: ['lost', 'refused'],
    },
    mend: [['router', 'ip rule del from 192.168.50.192/26 lookup 111 priority 10210']],
  },
  {
    name: 'kill-switch-rejects-a-machine-that-the-routing-rule-leaves-out',
    thread: {
      title: 'Iptables rules and Vpn Kill Switch for Wlan0',
      address: 'https://github.com/mr-canoehead/vpn_client_gateway/issues/29',
    },
    backend: 'iptables-nft',
    hosts: {
      isp: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [HTTPS] },
      gateway: {
        addresses: { eth0: ['203.0.113.1/24'], eth1: ['192.168.1.1/24'], tun0: ['10.8.0.2/24'] },
        routes: ['default via 203.0.113.9', 'default via 10.8.0.1 table 101'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: { v4: KILL_SWITCH },
      },
      vpn: { addresses: { tun0: ['10.8.0.1/24'], lo: ['198.51.100.9/32'] }, listeners: [HTTPS] },
      tv: {
        addresses: { eth0: ['192.168.1.200/24', '192.168.1.201/24'] },
        routes: ['default via 192.168.1.1', '203.0.113.9/32 via 192.168.1.1 src 192.168.1.201'],
      },
    },
    links: [
      ['isp:eth0', 'gateway:eth0'],
      ['vpn:tun0', 'gateway:tun0'],
      ['gateway:eth1', 'tv:eth0'],
    ],
    setup: [['gateway', 'ip rule add from 192.168.1.0/25 iif eth1 lookup 101 priority 1000']],
    traced: 'gateway',
    fails: { from: 'tv', what: 'tcp', to: '198.51.100.9', port: 443 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'tv', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'unreachable' },
      { sending: { from: 'tv', what: 'tcp', to: '192.168.1.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'gateway', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'isp', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The routing rule sends half of the LAN through the tunnel, and this machine is in the other half: it would leave by the uplink, and the kill switch rejects that, as it should.',
      causes: [
        { code: 'wrong-way-out' },
        { rule: '--reject-with icmp-net-unreachable', chain: 'filter killswitch_on' },
      ],
      status: ['rejected'],
    },
    mend: [['gateway', 'ip rule add from 192.168.1.200 iif eth1 lookup 101 priority 1001']],
  },
]
