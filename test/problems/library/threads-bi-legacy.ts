/** From threads, by iptables-legacy: a gateway of WireGuard, routers of Asus, and a resolver that IPv4 alone reaches. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

const HTTPS = { protocol: 'tcp', port: 443 } as const

const WEB = { protocol: 'tcp', port: 80 } as const

const DNS = { protocol: 'udp', port: 53 } as const

const NAT = `:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
`

/** The add-on's post_up names the tunnel, not the LAN. */
const ADDON = `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
COMMIT
*nat
${NAT}-A POSTROUTING -o wg0 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i wg0 -p tcp -m tcp --dport 22 -j DROP
COMMIT
`

/** Asuswrt-Merlin: a network of guests at br1, whose access to the intranet is off. */
const MERLIN = `*nat
${NAT}:VSERVER - [0:0]
-A PREROUTING -d 203.0.113.1/32 -j VSERVER
-A POSTROUTING ! -s 203.0.113.1/32 -o eth0 -j MASQUERADE
-A VSERVER -p tcp -m tcp --dport 8443 -j DNAT --to-destination 192.168.1.53:443
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:SECURITY - [0:0]
:other2wan - [0:0]
-A INPUT -m state --state INVALID -j DROP
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -i br0 -m state --state NEW -j ACCEPT
-A INPUT -i br1 -p udp -m multiport --dports 53,67 -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A FORWARD -m state --state RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i br1 -o br0 -j DROP
-A FORWARD -i br1 -o eth0 -j ACCEPT
-A FORWARD ! -i br0 -o eth0 -j other2wan
-A FORWARD -i br0 -o br0 -j ACCEPT
-A FORWARD -m state --state INVALID -j DROP
-A FORWARD ! -i br0 -o eth0 -j SECURITY
-A FORWARD -m conntrack --ctstate DNAT -j ACCEPT
-A FORWARD -i br0 -j ACCEPT
-A SECURITY -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -m limit --limit 10/sec -j RETURN
-A SECURITY -p udp -m limit --limit 50/sec -j RETURN
-A SECURITY -j RETURN
-A other2wan -i tun+ -j RETURN
-A other2wan -j DROP
COMMIT
`

const ASUS: Problem['hosts'] = {
  remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [HTTPS] },
  router: {
    addresses: { eth0: ['203.0.113.1/24'], br0: ['192.168.1.1/24'], br1: ['192.168.101.1/24'] },
    sysctls: FORWARDS,
    listeners: [DNS, WEB],
    rules: { v4: MERLIN },
  },
  pihole: {
    addresses: { eth0: ['192.168.1.53/24', '192.168.1.20/24'] },
    routes: ['default via 192.168.1.1'],
    listeners: [DNS, WEB, HTTPS],
  },
  phone: { addresses: { eth0: ['192.168.101.10/24'] }, routes: ['default via 192.168.101.1'] },
}

const ASUS_LINKS: Problem['links'] = [
  ['remote:eth0', 'router:eth0'],
  ['router:br0', 'pihole:eth0'],
  ['router:br1', 'phone:eth0'],
]

const redirects = (family: '4' | '6') => `*nat
${NAT}-A PREROUTING -p udp -m udp --dport 53 -j REDIRECT --to-ports 5335
-A PREROUTING -p tcp -m tcp --dport 53 -j REDIRECT --to-ports 5335
${family === '4' ? '-A POSTROUTING -o eth1 -j MASQUERADE\n' : ''}COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:input_wan - [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i eth1 -j input_wan
-A input_wan -p ${family === '4' ? 'icmp' : 'ipv6-icmp'} -j ACCEPT
-A input_wan -j DROP
COMMIT
`

export const THREADS_BI_LEGACY: Problem[] = [
  {
    name: 'gateway-of-a-tunnel-masquerades-into-the-tunnel-and-not-into-the-lan',
    thread: {
      title: 'IP masquerading not working correctly',
      address: 'https://github.com/bigmoby/addon-wireguard-client/issues/34',
    },
    backend: 'iptables-legacy',
    hosts: {
      phone: { addresses: { wg0: ['10.10.1.1/24'] }, routes: ['192.168.8.0/24 via 10.10.1.2'] },
      assistant: {
        addresses: { wg0: ['10.10.1.2/24'], eth0: ['192.168.8.9/24'] },
        routes: ['default via 192.168.8.1'],
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', port: 8123 }, SSH],
        rules: { v4: ADDON },
      },
      router: {
        bridges: { lan: ['p1', 'p2'] },
        addresses: { lan: ['192.168.8.1/24'] },
        sysctls: FORWARDS,
      },
      nas: {
        addresses: { eth0: ['192.168.8.169/24'] },
        routes: ['default via 192.168.8.1'],
        listeners: [WEB],
      },
    },
    links: [
      ['phone:wg0', 'assistant:wg0'],
      ['assistant:eth0', 'router:p1'],
      ['router:p2', 'nas:eth0'],
    ],
    traced: 'assistant',
    fails: { from: 'phone', what: 'tcp', to: '192.168.8.169', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'assistant', what: 'tcp', to: '192.168.8.169', port: 80 }, seen: 'answered' },
      { sending: { from: 'phone', what: 'tcp', to: '10.10.1.2', port: 8123 }, seen: 'answered' },
      { sending: { from: 'phone', what: 'tcp', to: '10.10.1.2', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'What comes from the tunnel goes into the LAN with an address of the tunnel: the machines there reply to their own router, which knows no way back. The rule masquerades what leaves by the tunnel instead.',
      causes: [
        { code: 'not-masqueraded' },
        { rule: '-o wg0 -j MASQUERADE', chain: 'nat POSTROUTING' },
        { chain: 'nat POSTROUTING' },
      ],
      status: ['unanswered'],
    },
    mend: [['assistant', 'iptables -t nat -A POSTROUTING -s 10.10.1.0/24 -o eth0 -j MASQUERADE']],
  },
  {
    name: 'guests-are-kept-off-the-lan-with-the-resolver-they-were-given',
    thread: {
      title: "Guest Wireless and OpenVPN clients can't access Pi-hole or other DNS/DHCP in LAN",
      address: 'https://github.com/RMerl/asuswrt-merlin.ng/issues/253',
    },
    backend: 'iptables-legacy',
    hosts: ASUS,
    links: ASUS_LINKS,
    traced: 'router',
    fails: { from: 'phone', what: 'udp', to: '192.168.1.53', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'phone', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'phone', what: 'udp', to: '192.168.101.1', port: 53 }, seen: 'answered' },
      { sending: { from: 'phone', what: 'tcp', to: '192.168.1.53', port: 80 }, seen: 'nothing' },
      { sending: { from: 'phone', what: 'udp', to: '192.168.1.20', port: 53 }, seen: 'nothing' },
      { sending: { from: 'phone', what: 'tcp', to: '192.168.101.1', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words: "The rule that keeps guests off the LAN drops their questions to the LAN's resolver, too.",
      causes: [{ rule: '-i br1 -o br0 -j DROP', chain: 'filter FORWARD' }],
      status: ['dropped'],
    },
    mend: [['router', 'iptables -I FORWARD 2 -i br1 -o br0 -d 192.168.1.53 -p udp --dport 53 -j ACCEPT']],
  },
  {
    name: 'dns-of-ipv6-is-redirected-to-a-resolver-that-listens-by-ipv4',
    thread: {
      title: 'AdguardHome不监听ipv6来源导致内网ipv6客户端无法解析DNS',
      address: 'https://github.com/xiaoqingfengATGH/HomeLede/issues/141',
    },
    backend: 'iptables-legacy',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24', '2001:db8:f::9/64'] } },
      router: {
        addresses: {
          eth1: ['203.0.113.1/24', '2001:db8:f::1/64'],
          'br-lan': ['192.168.1.1/24', 'fdb0:d130:f81c:4::1/64'],
        },
        sysctls: FORWARDS,
        listeners: [
          { protocol: 'udp', port: 5335 },
          { ...DNS, address: '::' },
          { ...WEB, address: '::' },
        ],
        rules: { v4: redirects('4'), v6: redirects('6') },
      },
      pc: {
        addresses: { eth0: ['192.168.1.10/24', 'fdb0:d130:f81c:4::10/64'] },
        routes: ['default via 192.168.1.1', 'default via fdb0:d130:f81c:4::1'],
      },
    },
    links: [
      ['remote:eth0', 'router:eth1'],
      ['router:br-lan', 'pc:eth0'],
    ],
    traced: 'router',
    fails: { from: 'pc', what: 'udp', to: 'fdb0:d130:f81c:4::1', port: 53 },
    seen: 'refused',
    others: [
      { sending: { from: 'pc', what: 'udp', to: '192.168.1.1', port: 53 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: 'fdb0:d130:f81c:4::1', port: 80 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'udp', to: '2001:db8:f::1', port: 53 }, seen: 'nothing' },
    ],
    truth: {
      words: 'DNS by IPv6 is redirected to port 5335, too, where the resolver listens on IPv4 alone.',
      causes: [
        { rule: '-p udp -m udp --dport 53 -j REDIRECT --to-ports 5335', chain: 'nat PREROUTING' },
        { code: 'closed-port' },
        { code: 'wrong-bind-address' },
        { code: 'refused-here', words: ['5335'] },
      ],
      status: ['refused'],
    },
    mend: [['router', 'ip6tables -t nat -D PREROUTING -p udp -m udp --dport 53 -j REDIRECT --to-ports 5335']],
  },
  {
    name: 'healthy-asus-accepts-the-lan-by-its-last-rule',
    thread: {
      title: '[382.2_Beta 1] iptables.filter.FORWARD chain is broken again.',
      address: 'https://github.com/RMerl/asuswrt-merlin/issues/1574',
    },
    backend: 'iptables-legacy',
    hosts: ASUS,
    links: ASUS_LINKS,
    traced: 'router',
    fails: { from: 'pihole', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'answered',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 8443 }, seen: 'answered' },
      { sending: { from: 'phone', what: 'tcp', to: '192.168.1.53', port: 80 }, seen: 'nothing' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'Nothing is wrong: the rule from br0 to the uplink that is missed is not needed, since the last rule accepts all from br0.',
      causes: [],
      status: ['answered'],
    },
    mend: [['router', 'true']],
  },
]
