/** Gateways by iptables: a kill switch that lets in SSH alone, a translation in front of the exemption for the tunnel, questions of the resolver that are turned back to it. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const HTTPS = { protocol: 'tcp', port: 443 } as const
const SSH = { protocol: 'tcp', port: 22 } as const
const DNS = { protocol: 'udp', port: 53 } as const
const UNBRIDGED = { 'net.bridge.bridge-nf-call-iptables': '0' } as const

/** Takes questions and never answers: its own upstream is the one that asks. */
const SILENT_RESOLVER = `python3 -c "import socket
s=socket.socket(2,2); s.bind(('0.0.0.0',53))
while True: s.recv(999)" >/dev/null 2>&1 </dev/null &
for i in $(seq 100); do ss -lnu | grep -q ':53 ' && break; sleep .1; done`

export const KILLED_AND_TRANSLATED_ON_GATEWAYS: Problem[] = [
  {
    name: 'dietpi-kill-switch-lets-in-ssh-and-no-nfs',
    thread: { title: 'DietPi-VPN killswitch blocks NFS', address: 'https://github.com/MichaIng/DietPi/issues/5748' },
    backend: 'iptables-nft',
    hosts: {
      pc: { addresses: { eth0: ['192.168.1.10/24'] } },
      vpn: { addresses: { tun0: ['10.16.0.1/24'], lo: ['198.51.100.9/32'] }, listeners: [HTTPS] },
      dietpi: {
        addresses: { eth0: ['192.168.1.5/24'], tun0: ['10.16.0.2/24'] },
        routes: ['0.0.0.0/1 via 10.16.0.1', '128.0.0.0/1 via 10.16.0.1'],
        listeners: [SSH, { protocol: 'tcp', port: 2049 }, { protocol: 'tcp', port: 111 }],
        rules: {
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -i tun0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -s 203.0.113.66/32 -p udp -m udp --sport 1194 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -o tun0 -j ACCEPT
-A OUTPUT -d 203.0.113.66/32 -p udp -m udp --dport 1194 -j ACCEPT
-A OUTPUT -p tcp -m tcp --sport 22 -m conntrack --ctstate ESTABLISHED -j ACCEPT
COMMIT
`,
        },
      },
    },
    links: [
      ['pc:eth0', 'dietpi:eth0'],
      ['vpn:tun0', 'dietpi:tun0'],
    ],
    traced: 'dietpi',
    fails: { from: 'pc', what: 'tcp', to: '192.168.1.5', port: 2049 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '192.168.1.5', port: 22 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '192.168.1.5', port: 111 }, seen: 'nothing' },
      { sending: { from: 'vpn', what: 'tcp', to: '10.16.0.2', port: 2049 }, seen: 'nothing' },
      { sending: { from: 'dietpi', what: 'tcp', to: '198.51.100.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'dietpi', what: 'ping', to: '192.168.1.10' }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The kill switch drops what no rule accepts, both ways, and there are rules for SSH alone: NFS would need one for what comes and one for what is replied.',
      causes: [{ policy: 'filter INPUT' }, { policy: 'filter OUTPUT' }],
      status: ['dropped'],
      alsoTrue: ['several-causes'],
    },
    mend: [
      [
        'dietpi',
        'iptables -A INPUT -s 192.168.1.0/24 -i eth0 -p tcp -m tcp --dport 2049 -j ACCEPT; iptables -A OUTPUT -d 192.168.1.0/24 -o eth0 -p tcp -m tcp --sport 2049 -m conntrack --ctstate ESTABLISHED -j ACCEPT',
      ],
    ],
  },
  {
    name: 'cloudstack-translates-a-guest-in-front-of-the-exemption-for-its-tunnel',
    thread: {
      title:
        "VPC VR: static-NAT SNAT rule can precede the site-to-site VPN NAT exemption, so a static-NAT VM's VPN traffic leaves with its public IP",
      address: 'https://github.com/apache/cloudstack/issues/14184',
    },
    backend: 'iptables-legacy',
    hosts: {
      customer: {
        addresses: { eth0: ['203.0.113.9/24'], lo: ['10.2.2.9/32'] },
        routes: ['10.1.1.0/24 via 203.0.113.10'],
        listeners: [HTTPS],
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT ! -s 10.1.1.0/24 -d 10.2.2.0/24 -j DROP
COMMIT
`,
        },
      },
      vr: {
        bridges: { eth2: ['vif1', 'vif2'] },
        addresses: { eth1: ['203.0.113.10/24', '203.0.113.20/24'], eth2: ['10.1.1.1/24'] },
        routes: ['10.2.2.0/24 via 203.0.113.9'],
        sysctls: { ...FORWARDS, ...UNBRIDGED },
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:VPN_STATS_eth1 - [0:0]
-A FORWARD -j VPN_STATS_eth1
-A FORWARD -s 10.1.1.0/24 -d 10.2.2.0/24 -o eth1 -j MARK --set-xmark 0x525/0xffffffff
-A FORWARD -s 10.2.2.0/24 -d 10.1.1.0/24 -i eth1 -j MARK --set-xmark 0x524/0xffffffff
-A VPN_STATS_eth1 -o eth1 -m mark --mark 0x525
-A VPN_STATS_eth1 -i eth1 -m mark --mark 0x524
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 203.0.113.20/32 -j DNAT --to-destination 10.1.1.50
-A OUTPUT -d 203.0.113.20/32 -j DNAT --to-destination 10.1.1.50
-A POSTROUTING -s 10.1.1.50/32 -o eth1 -j SNAT --to-source 203.0.113.20
-A POSTROUTING -o eth1 -m mark --mark 0x525 -j ACCEPT
-A POSTROUTING -o eth1 -j SNAT --to-source 203.0.113.10
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:ACL_INBOUND_eth2 - [0:0]
:NETWORK_STATS_eth1 - [0:0]
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A FORWARD -j NETWORK_STATS_eth1
-A FORWARD -m state --state RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -s 10.1.1.0/24 ! -d 10.1.1.0/24 -j ACCEPT
-A FORWARD -d 10.1.1.0/24 -o eth2 -j ACL_INBOUND_eth2
-A ACL_INBOUND_eth2 -p tcp -m tcp --dport 22 -j ACCEPT
-A ACL_INBOUND_eth2 -j DROP
-A NETWORK_STATS_eth1 -s 10.1.1.0/24 -o eth1
-A NETWORK_STATS_eth1 -d 10.1.1.0/24 -i eth1
COMMIT
`,
        },
      },
      web: { addresses: { eth0: ['10.1.1.50/24'] }, routes: ['default via 10.1.1.1'], listeners: [SSH, HTTPS] },
      app: { addresses: { eth0: ['10.1.1.51/24'] }, routes: ['default via 10.1.1.1'] },
    },
    links: [
      ['customer:eth0', 'vr:eth1'],
      ['vr:vif1', 'web:eth0'],
      ['vr:vif2', 'app:eth0'],
    ],
    traced: 'vr',
    fails: { from: 'web', what: 'ping', to: '10.2.2.9' },
    seen: 'nothing',
    others: [
      { sending: { from: 'app', what: 'ping', to: '10.2.2.9' }, seen: 'answered' },
      { sending: { from: 'web', what: 'tcp', to: '10.2.2.9', port: 443 }, seen: 'nothing', either: true },
      { sending: { from: 'web', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'customer', what: 'tcp', to: '203.0.113.20', port: 22 }, seen: 'answered' },
      { sending: { from: 'customer', what: 'tcp', to: '203.0.113.20', port: 443 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The guest's own translation comes before the rule that exempts what is for the tunnel, so what it sends there bears its public address, and the other end takes the guests' network alone.",
      causes: [
        { rule: '-s 10.1.1.50/32 -o eth1 -j SNAT --to-source 203.0.113.20', chain: 'nat POSTROUTING' },
        { rule: '-m mark --mark 0x525 -j ACCEPT', chain: 'nat POSTROUTING' },
        { code: 'snat-changed-source', words: ['203.0.113.20'] },
      ],
      status: ['unanswered'],
    },
    mend: [['vr', 'iptables -t nat -I POSTROUTING 1 -o eth1 -m mark --mark 0x525 -j ACCEPT']],
  },
  {
    name: 'gargoyle-turns-back-the-questions-of-the-local-resolver',
    thread: {
      title: "'Force Clients To Use Router DNS Servers' breaks when using a local DNS server",
      address: 'https://github.com/ericpaulbishop/gargoyle/issues/794',
    },
    backend: 'iptables-legacy',
    hosts: {
      dns: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [DNS, HTTPS] },
      router: {
        bridges: { 'br-lan': ['lan1', 'lan2'] },
        addresses: { eth1: ['203.0.113.1/24'], 'br-lan': ['192.168.1.1/24'] },
        sysctls: { ...FORWARDS, ...UNBRIDGED },
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:postrouting_rule - [0:0]
:prerouting_rule - [0:0]
:zone_lan_postrouting - [0:0]
:zone_lan_prerouting - [0:0]
:zone_wan_postrouting - [0:0]
:zone_wan_prerouting - [0:0]
-A PREROUTING -m comment --comment "!fw3: Custom prerouting rule chain" -j prerouting_rule
-A PREROUTING -i br-lan -m comment --comment "!fw3" -j zone_lan_prerouting
-A PREROUTING -i eth1 -m comment --comment "!fw3" -j zone_wan_prerouting
-A POSTROUTING -m comment --comment "!fw3: Custom postrouting rule chain" -j postrouting_rule
-A POSTROUTING -o br-lan -m comment --comment "!fw3" -j zone_lan_postrouting
-A POSTROUTING -o eth1 -m comment --comment "!fw3" -j zone_wan_postrouting
-A zone_lan_prerouting -p udp -m udp --dport 53 -j REDIRECT
-A zone_lan_prerouting -p tcp -m tcp --dport 53 -j REDIRECT
-A zone_wan_postrouting -m comment --comment "!fw3" -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:reject - [0:0]
:zone_lan_forward - [0:0]
:zone_lan_input - [0:0]
:zone_wan_dest_ACCEPT - [0:0]
:zone_wan_forward - [0:0]
:zone_wan_input - [0:0]
-A INPUT -i lo -m comment --comment "!fw3" -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment "!fw3" -j ACCEPT
-A INPUT -i br-lan -m comment --comment "!fw3" -j zone_lan_input
-A INPUT -i eth1 -m comment --comment "!fw3" -j zone_wan_input
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment "!fw3" -j ACCEPT
-A FORWARD -i br-lan -m comment --comment "!fw3" -j zone_lan_forward
-A FORWARD -i eth1 -m comment --comment "!fw3" -j zone_wan_forward
-A FORWARD -m comment --comment "!fw3" -j reject
-A reject -p tcp -m comment --comment "!fw3" -j REJECT --reject-with tcp-reset
-A reject -m comment --comment "!fw3" -j REJECT --reject-with icmp-port-unreachable
-A zone_lan_forward -m comment --comment "!fw3: Zone lan to wan forwarding policy" -j zone_wan_dest_ACCEPT
-A zone_lan_forward -m conntrack --ctstate DNAT -m comment --comment "!fw3: Accept port forwards" -j ACCEPT
-A zone_lan_input -m conntrack --ctstate DNAT -m comment --comment "!fw3: Accept port redirections" -j ACCEPT
-A zone_lan_input -m comment --comment "!fw3" -j ACCEPT
-A zone_wan_dest_ACCEPT -o eth1 -m conntrack --ctstate INVALID -m comment --comment "!fw3: Prevent NAT leakage" -j DROP
-A zone_wan_dest_ACCEPT -o eth1 -m comment --comment "!fw3" -j ACCEPT
-A zone_wan_forward -m comment --comment "!fw3" -j reject
-A zone_wan_input -p icmp -m icmp --icmp-type 8 -m comment --comment "!fw3: Allow-Ping" -j ACCEPT
-A zone_wan_input -m comment --comment "!fw3" -j reject
COMMIT
`,
        },
      },
      pihole: { addresses: { eth0: ['192.168.1.2/24'] }, routes: ['default via 192.168.1.1'], listeners: [DNS] },
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
    },
    links: [
      ['dns:eth0', 'router:eth1'],
      ['router:lan1', 'pihole:eth0'],
      ['router:lan2', 'pc:eth0'],
    ],
    setup: [['router', SILENT_RESOLVER]],
    traced: 'router',
    fails: { from: 'pihole', what: 'udp', to: '203.0.113.9', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'udp', to: '192.168.1.2', port: 53 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'udp', to: '203.0.113.9', port: 53 }, seen: 'nothing' },
      { sending: { from: 'pihole', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'dns', what: 'udp', to: '203.0.113.1', port: 53 }, seen: 'refused' },
    ],
    truth: {
      words:
        "The rule that turns every client's questions to the router turns the local resolver's, too, and the router asks that resolver: the question goes round.",
      causes: [
        { rule: '-p udp -m udp --dport 53 -j REDIRECT', chain: 'nat zone_lan_prerouting' },
        { code: 'dnat-changed-destination' },
      ],
      status: ['unanswered'],
    },
    mend: [['router', 'iptables -t nat -I zone_lan_prerouting 1 -s 192.168.1.2/32 -p udp -m udp --dport 53 -j ACCEPT']],
  },
]
