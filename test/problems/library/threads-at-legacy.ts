/** By iptables-legacy, from threads: a kill switch without the replies of TCP, a rule for another day of the week, a list of countries that a certificate needs; and one that is healthy. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const HTTP = { protocol: 'tcp', port: 80 } as const
const PRIVOXY = { protocol: 'tcp', port: 8118 } as const
const FILTER = ':INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n'

export const THREADS_AT_LEGACY: Problem[] = [
  {
    name: 'privoxy-kill-switch-accepts-the-replies-of-one-udp-port',
    thread: {
      title: 'Maybe use iptables to implement kill switch option?',
      address: 'https://github.com/walterl/proton-privoxy/issues/5',
    },
    backend: 'iptables-legacy',
    hosts: {
      vpn: {
        addresses: { eth0: ['203.0.113.9/24'] },
        routes: ['default via 203.0.113.1'],
        listeners: [HTTPS, { protocol: 'udp', port: 1194 }],
      },
      router: { addresses: { wan: ['203.0.113.1/24'], lan: ['172.26.0.1/16'] }, sysctls: FORWARDS },
      box: {
        addresses: { eth0: ['172.26.0.2/16'] },
        routes: ['default via 172.26.0.1'],
        listeners: [PRIVOXY],
        rules: {
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -i proton0 -j ACCEPT
-A INPUT -i proton0 -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p udp -m udp --sport 1194 -j ACCEPT
-A INPUT -s 172.26.0.0/16 -i eth0 -j ACCEPT
-A INPUT -s 10.8.0.0/16 -i eth0 -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -o proton0 -j ACCEPT
-A OUTPUT -o proton0 -m state --state RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -p udp -m udp --dport 1194 -j ACCEPT
-A OUTPUT -p tcp -m tcp --dport 443 -j ACCEPT
-A OUTPUT -d 172.26.0.0/16 -o eth0 -j ACCEPT
-A OUTPUT -d 10.8.0.0/16 -o eth0 -j ACCEPT
COMMIT
`,
        },
      },
    },
    links: [
      ['vpn:eth0', 'router:wan'],
      ['router:lan', 'box:eth0'],
    ],
    traced: 'box',
    fails: { from: 'box', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'box', what: 'udp', to: '203.0.113.9', port: 1194 }, seen: 'answered' },
      { sending: { from: 'router', what: 'tcp', to: '172.26.0.2', port: 8118 }, seen: 'answered' },
      { sending: { from: 'vpn', what: 'tcp', to: '172.26.0.2', port: 8118 }, seen: 'nothing' },
      { sending: { from: 'vpn', what: 'ping', to: '172.26.0.2' }, seen: 'nothing' },
    ],
    truth: {
      words:
        "OUTPUT accepts the connection to the VPN's server by TCP. What the server replies comes in by eth0, where INPUT accepts replies of UDP port 1194 alone: those of established connections only by the tunnel.",
      causes: [
        { policy: 'filter INPUT' },
        { rule: '--state RELATED,ESTABLISHED', chain: 'filter INPUT' },
        { chain: 'filter INPUT' },
      ],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [['box', 'iptables -I INPUT 1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT']],
  },
  {
    name: 'fw3-lets-children-out-on-one-day-of-the-weekend',
    thread: {
      title: 'OpenWrt 19.07.0-rc2 Firewall Weekdays Problem',
      address: 'https://github.com/openwrt/luci/issues/3445',
    },
    backend: 'iptables-legacy',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [HTTPS] },
      router: {
        addresses: { wan: ['203.0.113.1/24'], 'br-lan': ['192.168.10.1/24'] },
        bridges: { 'br-lan': ['lan1', 'lan2'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        listeners: [SSH],
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:zone_wan_postrouting - [0:0]
-A POSTROUTING -o wan -m comment --comment "!fw3" -j zone_wan_postrouting
-A zone_wan_postrouting -m comment --comment "!fw3" -j MASQUERADE
COMMIT
*filter
${FILTER}:forwarding_lan_rule - [0:0]
:reject - [0:0]
:zone_lan_forward - [0:0]
:zone_lan_dest_ACCEPT - [0:0]
:zone_wan_dest_ACCEPT - [0:0]
:zone_wan_dest_REJECT - [0:0]
:zone_wan_forward - [0:0]
:zone_wan_input - [0:0]
-A INPUT -i lo -m comment --comment "!fw3" -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment "!fw3" -j ACCEPT
-A INPUT -i wan -m comment --comment "!fw3" -j zone_wan_input
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment "!fw3" -j ACCEPT
-A FORWARD -i br-lan -m comment --comment "!fw3" -j zone_lan_forward
-A FORWARD -i wan -m comment --comment "!fw3" -j zone_wan_forward
-A FORWARD -m comment --comment "!fw3" -j reject
-A reject -p tcp -m comment --comment "!fw3" -j REJECT --reject-with tcp-reset
-A reject -m comment --comment "!fw3" -j REJECT --reject-with icmp-port-unreachable
-A zone_lan_dest_ACCEPT -o br-lan -m comment --comment "!fw3" -j ACCEPT
-A zone_lan_forward -m comment --comment "!fw3: Custom lan forwarding rule chain" -j forwarding_lan_rule
-A zone_lan_forward -s 192.168.10.80/28 -m comment --comment "!fw3: Block Kids" -j zone_wan_dest_REJECT
-A zone_lan_forward -m comment --comment "!fw3: Zone lan to wan forwarding policy" -j zone_wan_dest_ACCEPT
-A zone_lan_forward -m comment --comment "!fw3" -j zone_lan_dest_ACCEPT
-A zone_wan_dest_ACCEPT -o wan -m conntrack --ctstate INVALID -m comment --comment "!fw3: Prevent NAT leakage" -j DROP
-A zone_wan_dest_ACCEPT -o wan -m comment --comment "!fw3" -j ACCEPT
-A zone_wan_dest_REJECT -o wan -m comment --comment "!fw3" -j reject
-A zone_wan_forward -m comment --comment "!fw3" -j zone_wan_dest_REJECT
-A zone_wan_input -p icmp -m icmp --icmp-type 8 -m comment --comment "!fw3: Allow-Ping" -j ACCEPT
-A zone_wan_input -m comment --comment "!fw3" -j reject
COMMIT
`,
        },
      },
      child: { addresses: { eth0: ['192.168.10.85/24'] }, routes: ['default via 192.168.10.1'] },
      parent: { addresses: { eth0: ['192.168.10.20/24'] }, routes: ['default via 192.168.10.1'] },
    },
    links: [
      ['remote:eth0', 'router:wan'],
      ['child:eth0', 'router:lan1'],
      ['parent:eth0', 'router:lan2'],
    ],
    traced: 'router',
    setup: [
      [
        'router',
        'iptables -I zone_lan_forward 2 -s 192.168.10.80/28 -p tcp -m time --weekdays $(LC_ALL=C date -u -d "3 days" +%a) -m comment --comment "!fw3: Allow Kids Weekend" -j zone_wan_dest_ACCEPT',
      ],
    ],
    fails: { from: 'child', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'refused',
    others: [
      { sending: { from: 'child', what: 'udp', to: '203.0.113.9', port: 443 }, seen: 'refused' },
      { sending: { from: 'child', what: 'tcp', to: '192.168.10.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'parent', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'refused' },
      { sending: { from: 'remote', what: 'ping', to: '203.0.113.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The rule that lets the children out has one day of the week, and today is another one: what comes next blocks them.',
      causes: [
        { rule: '--weekdays', chain: 'filter zone_lan_forward' },
        { rule: 'Block Kids', chain: 'filter zone_lan_forward' },
        { rule: '--reject-with tcp-reset', chain: 'filter reject' },
      ],
      status: ['rejected'],
    },
    mend: [['router', 'iptables -I zone_lan_forward 2 -s 192.168.10.80/28 -p tcp -j zone_wan_dest_ACCEPT']],
  },
  {
    name: 'geoip-shell-lets-one-country-in-and-not-who-checks-its-domain',
    thread: {
      title: "Let's Encrypt TLS renew",
      address: 'https://github.com/friendly-bits/geoip-shell/issues/66',
    },
    backend: 'iptables-legacy',
    hosts: {
      acme: { addresses: { eth0: ['203.0.113.9/24'] } },
      friend: { addresses: { eth0: ['198.51.100.7/24'] } },
      stranger: { addresses: { eth0: ['192.0.2.66/24'] } },
      server: {
        addresses: { eth0: ['203.0.113.1/24'], eth1: ['198.51.100.1/24'], eth2: ['192.0.2.1/24'] },
        listeners: [SSH, HTTP, { protocol: 'tcp', port: 3306 }],
        rules: {
          ipset: `create geoip-shell_ES_ipv4 hash:net family inet hashsize 1024 maxelem 65536
add geoip-shell_ES_ipv4 198.51.100.0/24
add geoip-shell_ES_ipv4 185.10.0.0/16
`,
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:GEOIP-SHELL_IN - [0:0]
-A PREROUTING -m comment --comment "geoip-shell_enable" -j GEOIP-SHELL_IN
-A GEOIP-SHELL_IN -i lo -m comment --comment "geoip-shell_aux_lo" -j ACCEPT
-A GEOIP-SHELL_IN -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment "geoip-shell_aux_rel-est" -j ACCEPT
-A GEOIP-SHELL_IN -s 169.254.0.0/16 -m comment --comment "geoip-shell_aux_link-local" -j ACCEPT
-A GEOIP-SHELL_IN -m set --match-set geoip-shell_ES_ipv4 src -m comment --comment "geoip-shell_ES" -j ACCEPT
-A GEOIP-SHELL_IN -m comment --comment "geoip-shell_whitelist_block" -j DROP
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m multiport --dports 22,80,443 -j ACCEPT
COMMIT
`,
        },
      },
    },
    links: [
      ['acme:eth0', 'server:eth0'],
      ['friend:eth0', 'server:eth1'],
      ['stranger:eth0', 'server:eth2'],
    ],
    traced: 'server',
    fails: { from: 'acme', what: 'tcp', to: '203.0.113.1', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'acme', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'nothing' },
      { sending: { from: 'friend', what: 'tcp', to: '198.51.100.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'friend', what: 'tcp', to: '198.51.100.1', port: 3306 }, seen: 'nothing' },
      { sending: { from: 'stranger', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'nothing' },
      { sending: { from: 'stranger', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        'Whoever is not of the one country is dropped. The authority checks the domain from addresses that nobody knows beforehand, and by port 80 alone.',
      causes: [
        { rule: '--match-set geoip-shell_ES_ipv4 src', chain: 'mangle GEOIP-SHELL_IN' },
        { rule: 'geoip-shell_whitelist_block', chain: 'mangle GEOIP-SHELL_IN' },
      ],
      status: ['dropped'],
    },
    mend: [['server', 'iptables -t mangle -I GEOIP-SHELL_IN 1 -p tcp -m tcp --dport 80 -j ACCEPT']],
  },
  {
    name: 'healthy-suffix-matches-whatever-the-prefix-is',
    thread: {
      title: 'add ipv6 destination address using only suffix and netmask in rich rule and policy',
      address: 'https://github.com/firewalld/firewalld/issues/857',
    },
    backend: 'iptables-legacy',
    hosts: {
      remote: { addresses: { eth0: ['2001:db8:f::9/64'] }, routes: ['2001:db8:73::/48 via 2001:db8:f::1'] },
      router: {
        addresses: { wan: ['2001:db8:f::1/64'], 'br-lan': ['2001:db8:73:abce::1/64'] },
        bridges: { 'br-lan': ['lan1', 'lan2'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-ip6tables': '0' },
        rules: {
          v6: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:reject - [0:0]
:zone_lan_dest_ACCEPT - [0:0]
:zone_wan_forward - [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment "!fw3" -j ACCEPT
-A FORWARD -i br-lan -m comment --comment "!fw3" -j ACCEPT
-A FORWARD -i wan -m comment --comment "!fw3" -j zone_wan_forward
-A FORWARD -m comment --comment "!fw3" -j reject
-A reject -p tcp -m comment --comment "!fw3" -j REJECT --reject-with tcp-reset
-A reject -m comment --comment "!fw3" -j REJECT --reject-with icmp6-port-unreachable
-A zone_lan_dest_ACCEPT -o br-lan -m comment --comment "!fw3" -j ACCEPT
-A zone_wan_forward -d 2001:db8:73:abcd:192:168:1:10/128 -p tcp -m tcp --dport 22 -m comment --comment "!fw3: ssh of before" -j zone_lan_dest_ACCEPT
-A zone_wan_forward -d ::192:168:1:10/::ffff:ffff:ffff:ffff -p tcp -m tcp --dport 22 -m comment --comment "!fw3: ssh" -j zone_lan_dest_ACCEPT
-A zone_wan_forward -p ipv6-icmp -m icmp6 --icmpv6-type 128 -m limit --limit 1000/sec -m comment --comment "!fw3: Allow-ICMPv6-Forward" -j ACCEPT
COMMIT
`,
        },
      },
      pc: {
        addresses: { eth0: ['2001:db8:73:abce:192:168:1:10/64'] },
        routes: ['default via 2001:db8:73:abce::1'],
        listeners: [
          { ...SSH, address: '::' },
          { ...HTTP, address: '::' },
        ],
      },
      other: {
        addresses: { eth0: ['2001:db8:73:abce:192:168:1:11/64'] },
        routes: ['default via 2001:db8:73:abce::1'],
        listeners: [{ ...SSH, address: '::' }],
      },
    },
    links: [
      ['remote:eth0', 'router:wan'],
      ['router:lan1', 'pc:eth0'],
      ['router:lan2', 'other:eth0'],
    ],
    traced: 'router',
    fails: { from: 'remote', what: 'tcp', to: '2001:db8:73:abce:192:168:1:10', port: 22 },
    seen: 'answered',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:73:abce:192:168:1:10', port: 80 }, seen: 'refused' },
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:73:abce:192:168:1:11', port: 22 }, seen: 'refused' },
      { sending: { from: 'remote', what: 'ping', to: '2001:db8:73:abce:192:168:1:11' }, seen: 'answered' },
    ],
    truth: {
      words:
        'Nothing is wrong: the rule with the prefix of before does not match any more, the one with the suffix alone does.',
      causes: [],
      status: ['answered'],
    },
    mend: [['router', 'true']],
  },
]
