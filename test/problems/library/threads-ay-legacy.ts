/** By iptables-legacy, from threads: rule sets of EdgeOS for a tunnel, a lease from a global address, a route that is lost. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

const HTTPS = { protocol: 'tcp', port: 443 } as const

const DNS = { protocol: 'udp', port: 53 } as const

/** EdgeOS with eth0 as its uplink. `jumps`, `sets`: of the rule sets besides WAN_IN and WAN_LOCAL. */
const edgeos = ({ sets = '', jumps = '', chains = '' }) => `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:UBNT_VPN_IPSEC_SNAT_HOOK - [0:0]
-A POSTROUTING -j UBNT_VPN_IPSEC_SNAT_HOOK
-A POSTROUTING -o eth0 -m comment --comment NAT-5010 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:UBNT_VPN_IPSEC_FW_HOOK - [0:0]
:VYATTA_FW_IN_HOOK - [0:0]
:VYATTA_FW_LOCAL_HOOK - [0:0]
:VYATTA_FW_OUT_HOOK - [0:0]
:VYATTA_POST_FW_FWD_HOOK - [0:0]
:VYATTA_POST_FW_IN_HOOK - [0:0]
:VYATTA_POST_FW_OUT_HOOK - [0:0]
:WAN_IN - [0:0]
:WAN_LOCAL - [0:0]
${chains}-A INPUT -j UBNT_VPN_IPSEC_FW_HOOK
-A INPUT -j VYATTA_FW_LOCAL_HOOK
-A INPUT -j VYATTA_POST_FW_IN_HOOK
-A FORWARD -j UBNT_VPN_IPSEC_FW_HOOK
-A FORWARD -j VYATTA_FW_IN_HOOK
-A FORWARD -j VYATTA_FW_OUT_HOOK
-A FORWARD -j VYATTA_POST_FW_FWD_HOOK
-A OUTPUT -j VYATTA_POST_FW_OUT_HOOK
-A VYATTA_FW_IN_HOOK -i eth0 -j WAN_IN
${jumps}-A VYATTA_FW_LOCAL_HOOK -i eth0 -j WAN_LOCAL
-A VYATTA_POST_FW_FWD_HOOK -j ACCEPT
-A VYATTA_POST_FW_IN_HOOK -j ACCEPT
-A VYATTA_POST_FW_OUT_HOOK -j ACCEPT
-A WAN_IN -m comment --comment WAN_IN-10 -m state --state RELATED,ESTABLISHED -j RETURN
-A WAN_IN -m comment --comment WAN_IN-30 -m state --state INVALID -j DROP
-A WAN_IN -m comment --comment "WAN_IN-10000 default-action drop" -j DROP
-A WAN_LOCAL -m comment --comment WAN_LOCAL-10 -m state --state RELATED,ESTABLISHED -j RETURN
-A WAN_LOCAL -p udp -m comment --comment WAN_LOCAL-20 -m udp --dport 51820 -j RETURN
-A WAN_LOCAL -m comment --comment "WAN_LOCAL-10000 default-action drop" -j DROP
${sets}COMMIT
`

export const THREADS_AY_LEGACY: Problem[] = [
  {
    name: 'edgeos-rule-set-of-the-tunnel-accepts-two-servers-and-no-camera',
    thread: {
      title: 'Inbound firewall rules on wg0 interface breaks wireguard',
      address: 'https://github.com/Lochnair/vyatta-wireguard/issues/68',
    },
    backend: 'iptables-legacy',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [HTTPS] },
      router: {
        addresses: { eth0: ['203.0.113.1/24'], eth1: ['10.0.1.1/24'], wg0: ['10.9.0.1/24'] },
        sysctls: FORWARDS,
        listeners: [DNS, SSH],
        rules: {
          v4: edgeos({
            chains: ':WIREGUARD - [0:0]\n',
            jumps: '-A VYATTA_FW_IN_HOOK -i wg0 -j WIREGUARD\n',
            sets: `-A WIREGUARD -d 10.0.1.2/32 -p tcp -m comment --comment WIREGUARD-20 -m multiport --dports 80,443,20,22,500,1701,4500,25,110,143,587,995,993,4190 -j RETURN
-A WIREGUARD -d 10.0.1.2/32 -p udp -m comment --comment WIREGUARD-20 -m multiport --dports 80,443,20,22,500,1701,4500,25,110,143,587,995,993,4190 -j RETURN
-A WIREGUARD -d 10.0.1.6/32 -p tcp -m comment --comment WIREGUARD-30 -m tcp --dport 5060:5070 -j RETURN
-A WIREGUARD -d 10.0.1.6/32 -p udp -m comment --comment WIREGUARD-30 -m udp --dport 5060:5070 -j RETURN
-A WIREGUARD -m comment --comment WIREGUARD-40 -m state --state RELATED,ESTABLISHED -j RETURN
-A WIREGUARD -m comment --comment WIREGUARD-50 -m state --state INVALID -j DROP
-A WIREGUARD -m comment --comment "WIREGUARD-10000 default-action drop" -j DROP
`,
          }),
        },
      },
      server: {
        addresses: { eth0: ['10.0.1.2/24'] },
        routes: ['default via 10.0.1.1'],
        listeners: [HTTPS, { protocol: 'tcp', port: 8080 }, { protocol: 'tcp', port: 5060 }],
      },
      phone: { addresses: { wg0: ['10.9.0.2/24'] }, routes: ['default via 10.9.0.1'] },
    },
    links: [
      ['remote:eth0', 'router:eth0'],
      ['router:eth1', 'server:eth0'],
      ['router:wg0', 'phone:wg0'],
    ],
    traced: 'router',
    fails: { from: 'phone', what: 'tcp', to: '10.0.1.2', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'phone', what: 'tcp', to: '10.0.1.2', port: 443 }, seen: 'answered' },
      { sending: { from: 'phone', what: 'udp', to: '10.9.0.1', port: 53 }, seen: 'answered' },
      { sending: { from: 'server', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'phone', what: 'tcp', to: '10.0.1.2', port: 5060 }, seen: 'nothing' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The rule set of wg0 returns for other ports of the server; its default action drops what no rule returns.',
      causes: [
        { rule: 'default-action drop', chain: 'filter WIREGUARD' },
        { rule: 'WIREGUARD-20', chain: 'filter WIREGUARD' },
      ],
      status: ['dropped'],
    },
    mend: [['router', 'iptables -I WIREGUARD 1 -d 10.0.1.2/32 -p tcp --dport 8080 -j RETURN']],
  },
  {
    name: 'aif-takes-leases-from-link-local-sources-alone',
    thread: {
      title: 'fixed: tweak rule for allowing DHCPv6 client requests',
      address: 'https://github.com/arno-iptables-firewall/aif/pull/87',
    },
    backend: 'iptables-legacy',
    hosts: {
      isp: { addresses: { eth0: ['2001:db8:f::9/64'] }, listeners: [{ ...HTTPS, address: '::' }] },
      router: {
        addresses: { eth0: ['fe80::1/64', '2001:db8:f::1/64'], eth1: ['2001:db8:1::1/64'] },
        routes: ['default via 2001:db8:f::9'],
        sysctls: FORWARDS,
        listeners: [
          { protocol: 'udp', address: 'fe80::1%eth0', port: 546 },
          { protocol: 'udp', address: '2001:db8:f::1', port: 546 },
          { ...SSH, address: '::' },
        ],
        rules: {
          v6: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:BASE_INPUT_CHAIN - [0:0]
:EXT_INPUT_CHAIN - [0:0]
:EXT_ICMP_FLOOD_CHAIN - [0:0]
:INT_INPUT_CHAIN - [0:0]
-A INPUT -j BASE_INPUT_CHAIN
-A INPUT -i eth1 -j INT_INPUT_CHAIN
-A INPUT -i eth0 -j EXT_INPUT_CHAIN
-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A FORWARD -i eth1 -o eth0 -j ACCEPT
-A BASE_INPUT_CHAIN -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A BASE_INPUT_CHAIN -i lo -j ACCEPT
-A EXT_INPUT_CHAIN -s fe80::/10 -p udp -m udp --sport 547 --dport 546 -j ACCEPT
-A EXT_INPUT_CHAIN -p ipv6-icmp -m icmp6 --icmpv6-type 133 -j ACCEPT
-A EXT_INPUT_CHAIN -p ipv6-icmp -m icmp6 --icmpv6-type 134 -j ACCEPT
-A EXT_INPUT_CHAIN -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j ACCEPT
-A EXT_INPUT_CHAIN -p ipv6-icmp -m icmp6 --icmpv6-type 136 -j ACCEPT
-A EXT_INPUT_CHAIN -p ipv6-icmp -m icmp6 --icmpv6-type 128 -m limit --limit 20/sec --limit-burst 100 -j ACCEPT
-A EXT_INPUT_CHAIN -p ipv6-icmp -m icmp6 --icmpv6-type 128 -j EXT_ICMP_FLOOD_CHAIN
-A EXT_INPUT_CHAIN -j DROP
-A EXT_ICMP_FLOOD_CHAIN -j DROP
-A INT_INPUT_CHAIN -j ACCEPT
COMMIT
`,
        },
      },
      pc: { addresses: { eth0: ['2001:db8:1::10/64'] }, routes: ['default via 2001:db8:1::1'] },
    },
    links: [
      ['isp:eth0', 'router:eth0'],
      ['router:eth1', 'pc:eth0'],
    ],
    traced: 'router',
    // so that the server answers from its global address
    setup: [
      [
        'isp',
        'ip -6 addr flush dev eth0 scope link; ip -6 route add fe80::/64 dev eth0; ip -6 route add 2001:db8:1::/64 via 2001:db8:f::1',
      ],
    ],
    fails: { from: 'isp', what: 'udp', to: 'fe80::1%eth0', port: 546, sport: 547 },
    seen: 'nothing',
    looksAt: { protocol: 'udp', dst: 'fe80::1' },
    others: [
      { sending: { from: 'isp', what: 'ping', to: '2001:db8:f::1' }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '2001:db8:f::9', port: 443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'answered' },
      { sending: { from: 'isp', what: 'udp', to: '2001:db8:f::1', port: 546 }, seen: 'nothing' },
      { sending: { from: 'isp', what: 'tcp', to: '2001:db8:f::1', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The rule for DHCPv6 accepts link-local sources alone. This provider's server replies from a global address, and the end of the chain drops it.",
      causes: [
        { rule: '-s fe80::/10', chain: 'filter EXT_INPUT_CHAIN' },
        { rule: '-A EXT_INPUT_CHAIN -j DROP', chain: 'filter EXT_INPUT_CHAIN' },
      ],
      status: ['dropped'],
    },
    mend: [['router', 'ip6tables -I EXT_INPUT_CHAIN 1 -d fe80::/10 -p udp --sport 547 --dport 546 -j ACCEPT']],
  },
  {
    name: 'edgeos-loses-the-route-to-the-other-site-and-masquerades-instead',
    thread: {
      title: 'Site to Site routes lost when modifying NAT rules with EdgeRouter 4 v2.0.9-hotfix.1',
      address: 'https://github.com/WireGuard/wireguard-vyatta-ubnt/issues/76',
    },
    backend: 'iptables-legacy',
    hosts: {
      // drops what is private, as providers do
      isp: {
        addresses: { eth0: ['203.0.113.9/24'] },
        routes: ['blackhole 192.168.0.0/16'],
        sysctls: FORWARDS,
        listeners: [HTTPS],
      },
      router: {
        addresses: { eth0: ['203.0.113.1/24'], eth1: ['192.168.10.1/24'], wg0: ['10.9.0.1/24'] },
        routes: ['default via 203.0.113.9'],
        sysctls: FORWARDS,
        listeners: [DNS, SSH],
        rules: { v4: edgeos({}) },
      },
      pc: { addresses: { eth0: ['192.168.10.20/24'] }, routes: ['default via 192.168.10.1'] },
      office: {
        addresses: { wg0: ['10.9.0.2/24'], lo: ['192.168.20.5/32'] },
        routes: ['192.168.10.0/24 via 10.9.0.1'],
        listeners: [HTTPS],
      },
    },
    links: [
      ['isp:eth0', 'router:eth0'],
      ['router:eth1', 'pc:eth0'],
      ['router:wg0', 'office:wg0'],
    ],
    traced: 'router',
    fails: { from: 'pc', what: 'tcp', to: '192.168.20.5', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '10.9.0.2', port: 443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'udp', to: '192.168.10.1', port: 53 }, seen: 'answered' },
      { sending: { from: 'isp', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The route to the other site's network is gone. The packet leaves by the default route, masqueraded, and nobody there knows the network.",
      causes: [{ code: 'wrong-way-out' }, { code: 'unanswered', words: ['route'] }],
      status: ['unanswered'],
      alsoTrue: ['no-reply', 'unanswered'],
    },
    mend: [['router', 'ip route add 192.168.20.0/24 dev wg0 via 10.9.0.2']],
  },
  {
    name: 'healthy-openvpn-rewrites-by-the-first-of-two-rules',
    thread: {
      title: "It doesn't work on my Ubuntu Server 18.04.3 (LTS) x64",
      address: 'https://github.com/Nyr/openvpn-install/issues/726',
    },
    backend: 'iptables-legacy',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [HTTPS] },
      server: {
        addresses: { eth0: ['203.0.113.1/24'], tun0: ['10.8.0.1/24'] },
        sysctls: FORWARDS,
        listeners: [SSH, { protocol: 'udp', port: 1194 }],
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [7:564]
-A POSTROUTING -s 10.8.0.0/24 -o eth0 -j MASQUERADE
-A POSTROUTING -s 10.8.0.0/24 ! -d 10.8.0.0/24 -j SNAT --to-source 203.0.113.1
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p udp -m udp --dport 1194 -j ACCEPT
-A INPUT -i tun0 -j ACCEPT
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -s 10.8.0.0/24 -j ACCEPT
COMMIT
`,
        },
      },
      client: { addresses: { tun0: ['10.8.0.2/24'] }, routes: ['default via 10.8.0.1'], listeners: [HTTPS] },
    },
    links: [
      ['remote:eth0', 'server:eth0'],
      ['server:tun0', 'client:tun0'],
    ],
    traced: 'server',
    fails: { from: 'client', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'answered',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '10.8.0.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'udp', to: '203.0.113.1', port: 1194 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words: 'Nothing is wrong: MASQUERADE rewrites the source, and the SNAT rule after it is evaluated for nothing.',
      causes: [],
      status: ['answered'],
    },
    mend: [['server', 'true']],
  },
]
