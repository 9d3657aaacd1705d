/** From threads, by iptables-legacy: Shorewall's zones, OpenWrt's copied nat of IPv6, and a subnet router that is not at fault. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTP = { protocol: 'tcp', port: 80 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const SIX = { address: '::' } as const

const NAT = `:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
`

const forwarded = (chain: string) =>
  `-A ${chain} -d 203.0.113.1/32 -p tcp -m tcp --dport 80 -m comment --comment "PF#1" -j DNAT --to-destination 192.168.3.10\n`

const ZONES = `*nat
${NAT}:blu_dnat - [0:0]
:loc_dnat - [0:0]
:net_dnat - [0:0]
-A PREROUTING -i eth0 -j net_dnat
-A PREROUTING -i eth1 -j loc_dnat
-A PREROUTING -i eth2 -j blu_dnat
-A POSTROUTING -s 192.168.1.0/24 -d 192.168.1.0/24 -o eth1 -j SNAT --to-source 192.168.1.1
-A POSTROUTING -o eth0 -j MASQUERADE
${forwarded('net_dnat')}${forwarded('loc_dnat')}${forwarded('blu_dnat')}COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:blu-fw - [0:0]
:blu-net - [0:0]
:blu-ora - [0:0]
:blu_frwd - [0:0]
:loc-ora - [0:0]
:loc_frwd - [0:0]
:net-ora - [0:0]
:net_frwd - [0:0]
:ora-net - [0:0]
:ora_frwd - [0:0]
:reject - [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -i eth1 -j ACCEPT
-A INPUT -i eth2 -j blu-fw
-A INPUT -g reject
-A FORWARD -i eth0 -j net_frwd
-A FORWARD -i eth1 -j loc_frwd
-A FORWARD -i eth2 -j blu_frwd
-A FORWARD -i eth3 -j ora_frwd
-A FORWARD -g reject
-A blu-fw -p udp -m multiport --dports 53,67 -j ACCEPT
-A blu-fw -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A blu-fw -g reject
-A blu-net -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A blu-net -j ACCEPT
-A blu-ora -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A blu-ora -g reject
-A blu_frwd -o eth0 -j blu-net
-A blu_frwd -o eth3 -j blu-ora
-A loc-ora -j ACCEPT
-A loc_frwd -o eth0 -j ACCEPT
-A loc_frwd -o eth3 -j loc-ora
-A net-ora -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A net-ora -d 192.168.3.10/32 -p tcp -m tcp --dport 80 -m conntrack --ctorigdst 203.0.113.1 -m comment --comment "PF#1" -j ACCEPT
-A net-ora -j DROP
-A net_frwd -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A net_frwd -o eth3 -j net-ora
-A ora-net -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ora-net -j ACCEPT
-A ora_frwd -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ora_frwd -o eth0 -j ora-net
-A reject -p tcp -j REJECT --reject-with tcp-reset
-A reject -j REJECT --reject-with icmp-host-prohibited
COMMIT
`

/** nat as the script copied it from IPv4 when one tunnel was up. */
const NAT6 = `*nat
${NAT}:postrouting_rule - [0:0]
:zone_vpn_postrouting - [0:0]
:zone_wan_postrouting - [0:0]
-A POSTROUTING -m comment --comment "!fw3: Custom postrouting rule chain" -j postrouting_rule
-A POSTROUTING -o tun0 -m comment --comment "!fw3" -j zone_vpn_postrouting
-A POSTROUTING -o eth1 -m comment --comment "!fw3" -j zone_wan_postrouting
-A zone_vpn_postrouting -m comment --comment "!fw3" -j MASQUERADE
-A zone_wan_postrouting -m comment --comment "!fw3" -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:reject - [0:0]
:zone_lan_forward - [0:0]
:zone_vpn_dest_ACCEPT - [0:0]
:zone_vpn_forward - [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment "!fw3" -j ACCEPT
-A FORWARD -i br-lan -m comment --comment "!fw3" -j zone_lan_forward
-A FORWARD -i tun0 -m comment --comment "!fw3" -j zone_vpn_forward
-A FORWARD -i tun1 -m comment --comment "!fw3" -j zone_vpn_forward
-A FORWARD -m comment --comment "!fw3" -j reject
-A reject -p tcp -m comment --comment "!fw3" -j REJECT --reject-with tcp-reset
-A reject -m comment --comment "!fw3" -j REJECT --reject-with icmp6-port-unreachable
-A zone_lan_forward -m comment --comment "!fw3: Zone lan to vpn forwarding policy" -j zone_vpn_dest_ACCEPT
-A zone_vpn_dest_ACCEPT -o tun0 -m comment --comment "!fw3" -j ACCEPT
-A zone_vpn_dest_ACCEPT -o tun1 -m comment --comment "!fw3" -j ACCEPT
-A zone_vpn_forward -m comment --comment "!fw3" -j reject
COMMIT
`

const SUBNET_ROUTER = `*nat
${NAT}:ts-postrouting - [0:0]
-A POSTROUTING -j ts-postrouting
-A ts-postrouting -m mark --mark 0x40000/0xff0000 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:ts-forward - [0:0]
:ts-input - [0:0]
-A INPUT -j ts-input
-A FORWARD -j ts-forward
-A ts-forward -i tailscale0 -j MARK --set-xmark 0x40000/0xff0000
-A ts-forward -m mark --mark 0x40000/0xff0000 -j ACCEPT
-A ts-forward -s 100.64.0.0/10 -o tailscale0 -j DROP
-A ts-forward -o tailscale0 -j ACCEPT
-A ts-input -s 100.64.0.1/32 -i lo -j ACCEPT
-A ts-input -s 100.115.92.0/23 ! -i tailscale0 -j RETURN
-A ts-input -s 100.64.0.0/10 ! -i tailscale0 -j DROP
-A ts-input -i tailscale0 -j ACCEPT
COMMIT
`

export const THREADS_BK_LEGACY: Problem[] = [
  {
    name: 'shorewall-rewrites-for-the-blue-zone-and-has-no-rule-to-orange',
    thread: {
      title: 'Hairpin NAT broken in orange and blue',
      address: 'https://github.com/NethServer/dev/issues/6066',
    },
    backend: 'iptables-legacy',
    hosts: {
      remote: {
        addresses: { eth0: ['203.0.113.9/24'] },
        routes: ['192.168.0.0/16 via 203.0.113.1'],
        listeners: [HTTPS],
      },
      fw: {
        addresses: {
          eth0: ['203.0.113.1/24'],
          eth1: ['192.168.1.1/24'],
          eth2: ['192.168.2.1/24'],
          eth3: ['192.168.3.1/24'],
        },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: { v4: ZONES },
      },
      green: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
      blue: { addresses: { eth0: ['192.168.2.10/24'] }, routes: ['default via 192.168.2.1'] },
      orange: {
        addresses: { eth0: ['192.168.3.10/24'] },
        routes: ['default via 192.168.3.1'],
        listeners: [SSH, HTTP],
      },
    },
    links: [
      ['remote:eth0', 'fw:eth0'],
      ['fw:eth1', 'green:eth0'],
      ['fw:eth2', 'blue:eth0'],
      ['fw:eth3', 'orange:eth0'],
    ],
    traced: 'fw',
    fails: { from: 'blue', what: 'tcp', to: '203.0.113.1', port: 80 },
    seen: 'refused',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'green', what: 'tcp', to: '203.0.113.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'blue', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'blue', what: 'tcp', to: '192.168.3.10', port: 22 }, seen: 'refused' },
      { sending: { from: 'blue', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'refused' },
      { sending: { from: 'remote', what: 'tcp', to: '192.168.3.10', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'nat rewrites the destination for the blue zone, too, but the chain from blue to orange has no rule that accepts the forwarded port, as the one from the net has.',
      causes: [{ rule: '-g reject', chain: 'filter blu-ora' }, { chain: 'filter blu-ora' }],
      status: ['rejected'],
    },
    mend: [
      ['fw', 'iptables -I blu-ora 2 -d 192.168.3.10 -p tcp --dport 80 -m conntrack --ctorigdst 203.0.113.1 -j ACCEPT'],
    ],
  },
  {
    name: 'fw3-nat-of-ipv6-was-copied-before-the-second-tunnel-was-up',
    thread: {
      title: 'IPv6 prefix from the VPN server side',
      address: 'https://github.com/openwrt/luci/issues/2813',
    },
    backend: 'iptables-legacy',
    hosts: {
      vpn1: {
        addresses: { tun0: ['fd10::1/64'], lo: ['2001:db8:cafe::7/128'] },
        routes: ['fd00:1::/64 via fd10::2'],
        listeners: [{ ...HTTPS, ...SIX }],
      },
      vpn2: {
        addresses: { tun1: ['fd11::1/64'], lo: ['2001:db8:cafe::9/128'] },
        listeners: [{ ...HTTPS, ...SIX }],
      },
      router: {
        addresses: { 'br-lan': ['fd00:1::1/64'], tun0: ['fd10::2/64'], tun1: ['fd11::2/64'] },
        routes: ['default via fd11::1', '2001:db8:cafe::7/128 via fd10::1'],
        sysctls: FORWARDS,
        rules: { v6: NAT6 },
      },
      pc: {
        addresses: { eth0: ['fd00:1::10/64'] },
        routes: ['default via fd00:1::1'],
        listeners: [{ ...SSH, ...SIX }],
      },
    },
    links: [
      ['vpn1:tun0', 'router:tun0'],
      ['vpn2:tun1', 'router:tun1'],
      ['router:br-lan', 'pc:eth0'],
    ],
    traced: 'router',
    fails: { from: 'pc', what: 'tcp', to: '2001:db8:cafe::9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '2001:db8:cafe::7', port: 443 }, seen: 'answered' },
      { sending: { from: 'router', what: 'tcp', to: '2001:db8:cafe::9', port: 443 }, seen: 'answered' },
      { sending: { from: 'vpn1', what: 'tcp', to: 'fd00:1::10', port: 22 }, seen: 'refused' },
    ],
    truth: {
      words:
        "nat of IPv6 calls the zone's chain for the first tunnel alone. By the second one packets leave with the LAN's own address, which its other end does not know.",
      causes: [
        { code: 'not-masqueraded' },
        { rule: '-o tun0', chain: 'nat POSTROUTING' },
        { chain: 'nat POSTROUTING' },
      ],
      status: ['unanswered'],
    },
    mend: [['router', 'ip6tables -t nat -A POSTROUTING -o tun1 -j zone_vpn_postrouting']],
  },
  {
    name: 'healthy-subnet-router-hands-the-reply-to-a-peer-that-drops-it',
    thread: {
      title: "Subnet router: forwarded TCP reply correctly generated and NAT'd, but never reaches requesting peer",
      address: 'https://github.com/tailscale/tailscale/issues/21145',
    },
    backend: 'iptables-legacy',
    hosts: {
      peer: {
        addresses: { tailscale0: ['100.64.0.2/10'] },
        routes: ['192.168.1.0/24 via 100.64.0.1'],
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -s 192.168.1.0/24 -j DROP
COMMIT
`,
        },
      },
      router: {
        addresses: { tailscale0: ['100.64.0.1/10'], eth0: ['192.168.1.2/24'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: { v4: SUBNET_ROUTER },
      },
      server: { addresses: { eth0: ['192.168.1.1/24'] }, listeners: [HTTP] },
    },
    links: [
      ['peer:tailscale0', 'router:tailscale0'],
      ['router:eth0', 'server:eth0'],
    ],
    traced: 'router',
    fails: { from: 'peer', what: 'tcp', to: '192.168.1.1', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'router', what: 'tcp', to: '192.168.1.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'peer', what: 'tcp', to: '100.64.0.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The rules of this router are not at fault: they accept and rewrite request and reply. The peer itself drops what comes from the LAN.',
      causes: [],
      // who asked gets nothing and sends again: where that is captured, it is known
      status: ['answered', 'reply-lost'],
    },
    mend: [['peer', 'iptables -F INPUT']],
  },
]
