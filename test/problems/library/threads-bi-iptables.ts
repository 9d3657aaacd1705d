/** From threads, by iptables-nft: VPN servers whose rules another script wrote first, FireHOL's router and OpenMPTCProuter's Shorewall. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const

const NAT = `:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
`

/** The script for L2TP ended FORWARD with DROP; the one for OpenVPN appended its rules. */
const TWO_SCRIPTS = `*nat
${NAT}-A POSTROUTING -s 192.168.42.0/24 -o eth0 -j MASQUERADE
-A POSTROUTING -s 10.8.0.0/24 -o eth0 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p udp -m multiport --dports 500,4500 -j ACCEPT
-A INPUT -p udp -m udp --dport 1701 -j DROP
-A INPUT -i tun0 -j ACCEPT
-A INPUT -i eth0 -p udp -m udp --dport 1194 -j ACCEPT
-A FORWARD -m conntrack --ctstate INVALID -j DROP
-A FORWARD -i eth0 -o ppp+ -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i ppp+ -o eth0 -j ACCEPT
-A FORWARD -s 192.168.42.0/24 -d 192.168.42.0/24 -i ppp+ -o ppp+ -j ACCEPT
-A FORWARD -d 192.168.43.0/24 -i eth0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -s 192.168.43.0/24 -o eth0 -j ACCEPT
-A FORWARD -j DROP
-A FORWARD -i eth0 -o tun0 -j ACCEPT
-A FORWARD -i tun0 -o eth0 -j ACCEPT
COMMIT
`

const FIREHOL = `*nat
${NAT}-A PREROUTING -i ppp0 -p tcp -m tcp --dport 4242 -j DNAT --to-destination 172.16.0.1:22
-A POSTROUTING -o ppp0 -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
:in_internet - [0:0]
:in_internet_all_c3 - [0:0]
:in_internet_icmp_s1 - [0:0]
:in_lan - [0:0]
:in_lan_all_c4 - [0:0]
:in_lan_dns_s3 - [0:0]
:in_lan_icmp_s1 - [0:0]
:in_lan_ssh_s2 - [0:0]
:in_lan2wan - [0:0]
:out_internet - [0:0]
:out_lan - [0:0]
:out_lan2wan - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT ! -s 172.16.0.0/24 -i ppp0 -j in_internet
-A INPUT -s 172.16.0.0/24 -i enp1s0 -j in_lan
-A INPUT -m conntrack --ctstate RELATED -j ACCEPT
-A INPUT -m limit --limit 1/sec -j LOG --log-prefix "IN-unknown:"
-A INPUT -j DROP
-A FORWARD -i enp1s0 -o ppp0 -j in_lan2wan
-A FORWARD -i ppp0 -o enp1s0 -j out_lan2wan
-A FORWARD -m conntrack --ctstate RELATED -j ACCEPT
-A FORWARD -m limit --limit 1/sec -j LOG --log-prefix "PASS-unknown:"
-A FORWARD -j DROP
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT ! -d 172.16.0.0/24 -o ppp0 -j out_internet
-A OUTPUT -d 172.16.0.0/24 -o enp1s0 -j out_lan
-A OUTPUT -m conntrack --ctstate RELATED -j ACCEPT
-A OUTPUT -m limit --limit 1/sec -j LOG --log-prefix "OUT-unknown:"
-A OUTPUT -j DROP
-A in_internet -j in_internet_icmp_s1
-A in_internet -j in_internet_all_c3
-A in_internet -m conntrack --ctstate RELATED -j ACCEPT
-A in_internet -m limit --limit 1/sec -j LOG --log-prefix "DROP in internet:"
-A in_internet -j DROP
-A in_internet_all_c3 -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A in_internet_icmp_s1 -p icmp -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT
-A in_lan -j in_lan_icmp_s1
-A in_lan -j in_lan_ssh_s2
-A in_lan -j in_lan_dns_s3
-A in_lan -j in_lan_all_c4
-A in_lan -m conntrack --ctstate RELATED -j ACCEPT
-A in_lan -p tcp -j REJECT --reject-with tcp-reset
-A in_lan -j REJECT --reject-with icmp-port-unreachable
-A in_lan_all_c4 -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A in_lan_dns_s3 -p udp -m udp --dport 53 -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT
-A in_lan_icmp_s1 -p icmp -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT
-A in_lan_ssh_s2 -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT
-A in_lan2wan -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT
-A out_internet -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT
-A out_lan -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT
-A out_lan2wan -m conntrack --ctstate ESTABLISHED -j ACCEPT
COMMIT
`

/** A VPS of OpenMPTCProuter: all ports below 65000 go to the router at home. */
const OMR = `*nat
${NAT}:SHOREWALL - [0:0]
:net_dnat - [0:0]
-A PREROUTING -i eth0 -j net_dnat
-A POSTROUTING -o eth0 -j SHOREWALL
-A SHOREWALL -s 10.255.255.0/24 -m comment --comment "MASQUERADE" -j MASQUERADE
-A net_dnat -p tcp -m tcp --dport 1:64999 -j DNAT --to-destination 10.255.255.2
-A net_dnat -p udp -m udp --dport 1:64999 -j DNAT --to-destination 10.255.255.2
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:net-fw - [0:0]
:net-vpn - [0:0]
:net_frwd - [0:0]
:reject - [0:0]
:vpn-fw - [0:0]
:vpn-net - [0:0]
:vpn_frwd - [0:0]
-A INPUT -i eth0 -j net-fw
-A INPUT -i gt-tun0 -j vpn-fw
-A INPUT -i lo -j ACCEPT
-A INPUT -g reject
-A FORWARD -i eth0 -j net_frwd
-A FORWARD -i gt-tun0 -j vpn_frwd
-A FORWARD -g reject
-A net-fw -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A net-fw -p icmp -m icmp --icmp-type 8 -m comment --comment Ping -j ACCEPT
-A net-fw -p tcp -m tcp --dport 65000:65535 -j ACCEPT
-A net-fw -p udp -m udp --dport 65000:65535 -j ACCEPT
-A net-fw -p tcp -m tcp --dport 10050 -j ACCEPT
-A net-fw -j DROP
-A net-vpn -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A net-vpn -d 10.255.255.2/32 -p tcp -m tcp --dport 1:64999 -m conntrack --ctorigdstport 1:64999 -j ACCEPT
-A net-vpn -d 10.255.255.2/32 -p udp -m udp --dport 1:64999 -m conntrack --ctorigdstport 1:64999 -j ACCEPT
-A net-vpn -j DROP
-A net_frwd -o gt-tun0 -j net-vpn
-A reject -p tcp -j REJECT --reject-with tcp-reset
-A reject -j REJECT --reject-with icmp-host-prohibited
-A vpn-fw -j ACCEPT
-A vpn-net -j ACCEPT
-A vpn_frwd -o eth0 -j vpn-net
COMMIT
`

const SHOREWALL6 = `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
:AllowICMPs - [0:0]
:fw-net - [0:0]
:net-fw - [0:0]
:net-vpn - [0:0]
:net_frwd - [0:0]
:reject - [0:0]
:vpn-fw - [0:0]
:vpn-net - [0:0]
:vpn_frwd - [0:0]
-A INPUT -i ens32 -j net-fw
-A INPUT -i omr-6in4-user+ -j vpn-fw
-A INPUT -i lo -j ACCEPT
-A INPUT -p ipv6-icmp -j AllowICMPs
-A INPUT -g reject
-A FORWARD -i ens32 -j net_frwd
-A FORWARD -i omr-6in4-user+ -j vpn_frwd
-A FORWARD -p ipv6-icmp -j AllowICMPs
-A FORWARD -g reject
-A OUTPUT -o ens32 -j fw-net
-A OUTPUT -j ACCEPT
-A AllowICMPs -p ipv6-icmp -m icmp6 --icmpv6-type 1 -m comment --comment "Needed ICMP types (RFC4890)" -j ACCEPT
-A AllowICMPs -p ipv6-icmp -m icmp6 --icmpv6-type 2 -m comment --comment "Needed ICMP types (RFC4890)" -j ACCEPT
-A AllowICMPs -p ipv6-icmp -m icmp6 --icmpv6-type 135 -m hl --hl-eq 255 -m comment --comment "Needed ICMP types (RFC4890)" -j ACCEPT
-A AllowICMPs -p ipv6-icmp -m icmp6 --icmpv6-type 136 -m hl --hl-eq 255 -m comment --comment "Needed ICMP types (RFC4890)" -j ACCEPT
-A fw-net -j ACCEPT
-A net-fw -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A net-fw -p ipv6-icmp -j ACCEPT
-A net-fw -p tcp -m tcp --dport 65222 -j ACCEPT
-A net-fw -j DROP
-A net-vpn -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A net-vpn -p ipv6-icmp -j ACCEPT
-A net-vpn -j AllowICMPs
-A net-vpn -j DROP
-A net_frwd -o omr-6in4-user+ -j net-vpn
-A reject -p tcp -j REJECT --reject-with tcp-reset
-A reject -j REJECT --reject-with icmp6-adm-prohibited
-A vpn-fw -j ACCEPT
-A vpn-net -j ACCEPT
-A vpn_frwd -o ens32 -j vpn-net
COMMIT
`

const REMOTE = { eth0: ['203.0.113.9/24'] }

export const THREADS_BI_IPTABLES: Problem[] = [
  {
    name: 'openvpn-rules-are-appended-behind-the-drop-of-l2tp',
    thread: {
      title: 'iptables: FORWARD rules should be at the top',
      address: 'https://github.com/angristan/openvpn-install/issues/346',
    },
    backend: 'iptables-nft',
    hosts: {
      remote: { addresses: REMOTE, routes: ['10.8.0.0/24 via 203.0.113.1'], listeners: [HTTPS] },
      vps: {
        addresses: { eth0: ['203.0.113.1/24'], tun0: ['10.8.0.1/24'], ppp0: ['192.168.42.1/24'] },
        sysctls: FORWARDS,
        rules: { v4: TWO_SCRIPTS },
      },
      phone: {
        addresses: { tun0: ['10.8.0.2/24'] },
        routes: ['default via 10.8.0.1'],
        listeners: [SSH],
      },
      laptop: {
        addresses: { ppp0: ['192.168.42.10/24'] },
        routes: ['default via 192.168.42.1'],
        listeners: [SSH],
      },
    },
    links: [
      ['remote:eth0', 'vps:eth0'],
      ['vps:tun0', 'phone:tun0'],
      ['vps:ppp0', 'laptop:ppp0'],
    ],
    traced: 'vps',
    fails: { from: 'phone', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'laptop', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'phone', what: 'ping', to: '10.8.0.1' }, seen: 'answered' },
      { sending: { from: 'phone', what: 'tcp', to: '192.168.42.10', port: 22 }, seen: 'nothing' },
      { sending: { from: 'laptop', what: 'tcp', to: '10.8.0.2', port: 22 }, seen: 'nothing' },
      { sending: { from: 'remote', what: 'tcp', to: '10.8.0.2', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The rules that accept what comes from the tunnel and goes to it stand behind a rule that drops everything.',
      causes: [{ rule: '-j DROP', chain: 'filter FORWARD' }],
      status: ['dropped'],
    },
    mend: [
      [
        'vps',
        'iptables -I FORWARD 2 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT; iptables -I FORWARD 3 -i tun0 -o eth0 -j ACCEPT',
      ],
    ],
  },
  {
    name: 'firehol-forwards-another-port-to-the-routers-own-ssh',
    thread: {
      title: "Can't figure port forwarding/redirection to work on router",
      address: 'https://github.com/firehol/firehol/issues/406',
    },
    backend: 'iptables-nft',
    hosts: {
      remote: { addresses: REMOTE, routes: ['172.16.0.0/24 via 203.0.113.1'], listeners: [HTTPS] },
      router: {
        addresses: { ppp0: ['203.0.113.1/24'], enp1s0: ['172.16.0.1/24'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: { v4: FIREHOL },
      },
      pc: { addresses: { eth0: ['172.16.0.10/24'] }, routes: ['default via 172.16.0.1'] },
    },
    links: [
      ['remote:eth0', 'router:ppp0'],
      ['router:enp1s0', 'pc:eth0'],
    ],
    traced: 'router',
    fails: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 4242 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '172.16.0.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'ping', to: '203.0.113.1' }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'nothing' },
      { sending: { from: 'remote', what: 'tcp', to: '172.16.0.1', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'INPUT is asked after the port was rewritten to 22, which the rules of the uplink do not accept; what is wanted is the forwarded port alone.',
      causes: [{ rule: '-j DROP', chain: 'filter in_internet' }, { chain: 'filter in_internet' }],
      status: ['dropped'],
    },
    mend: [
      [
        'router',
        'iptables -I in_internet -p tcp --dport 22 -m conntrack --ctstate DNAT --ctorigdstport 4242 -j ACCEPT',
      ],
    ],
  },
  {
    name: 'shorewall-forwards-all-ports-with-one-of-the-vps-itself',
    thread: {
      title: 'VPS open port',
      address: 'https://github.com/Ysurac/openmptcprouter/issues/821',
    },
    backend: 'iptables-nft',
    hosts: {
      remote: { addresses: REMOTE },
      vps: {
        addresses: { eth0: ['203.0.113.1/24'], 'gt-tun0': ['10.255.255.1/24'] },
        sysctls: FORWARDS,
        listeners: [
          { protocol: 'tcp', port: 65222 },
          { protocol: 'tcp', port: 10050 },
          { protocol: 'tcp', port: 5432 },
        ],
        rules: { v4: OMR },
      },
      home: {
        addresses: { tun0: ['10.255.255.2/24'] },
        routes: ['default via 10.255.255.1'],
        listeners: [HTTPS],
        rules: {
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 443 -j ACCEPT
COMMIT
`,
        },
      },
    },
    links: [
      ['remote:eth0', 'vps:eth0'],
      ['vps:gt-tun0', 'home:tun0'],
    ],
    traced: 'vps',
    fails: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 10050 },
    seen: 'nothing',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 443 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 65222 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 5432 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The port is open to the VPS itself, but a rule forwards all ports below 65000 to the router at home before INPUT is asked.',
      causes: [
        { rule: '-p tcp -m tcp --dport 1:64999', chain: 'nat net_dnat' },
        { code: 'dnat-of-others' },
        { code: 'dnat-changed-destination' },
      ],
      status: ['unanswered'],
    },
    mend: [['vps', 'iptables -t nat -I net_dnat -p tcp --dport 10050 -j RETURN']],
  },
  {
    name: 'shorewall6-pings-into-the-tunnel-and-forwards-nothing-else',
    thread: {
      title: 'IPv6 Forwarding',
      address: 'https://github.com/Ysurac/openmptcprouter/issues/1275',
    },
    backend: 'iptables-nft',
    hosts: {
      remote: { addresses: { eth0: ['2001:db8:f::9/64'] }, routes: ['2001:db8:a::/64 via 2001:db8:f::1'] },
      vps: {
        addresses: { ens32: ['2001:db8:f::1/64'], 'omr-6in4-user0': ['2001:db8:a::1/64'] },
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', port: 65222, address: '::' }],
        rules: { v6: SHOREWALL6 },
      },
      server: {
        addresses: { eth0: ['2001:db8:a::80/64', '2001:db8:a::81/64'] },
        routes: ['default via 2001:db8:a::1'],
        listeners: [
          { ...HTTPS, address: '::' },
          { ...SSH, address: '::' },
        ],
      },
    },
    links: [
      ['remote:eth0', 'vps:ens32'],
      ['vps:omr-6in4-user0', 'server:eth0'],
    ],
    traced: 'vps',
    fails: { from: 'remote', what: 'tcp', to: '2001:db8:a::80', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'remote', what: 'ping', to: '2001:db8:a::80' }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:f::1', port: 65222 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:a::80', port: 22 }, seen: 'nothing' },
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:a::81', port: 443 }, seen: 'nothing' },
    ],
    truth: {
      words: 'From the uplink into the tunnel the rules accept ICMPv6 alone, and drop the rest.',
      causes: [{ rule: '-j DROP', chain: 'filter net-vpn' }, { chain: 'filter net-vpn' }],
      status: ['dropped'],
    },
    mend: [['vps', 'ip6tables -I net-vpn 2 -d 2001:db8:a::80 -p tcp --dport 443 -j ACCEPT']],
  },
]
