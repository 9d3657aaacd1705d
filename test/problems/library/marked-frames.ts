/** IPv6 crosses a router's bridge, IPv4 is routed: what bears a mark of ebtables is asked by ip6tables. */
import type { Problem } from '../problem.ts'

export const MARKED_FRAMES: Problem[] = [
  {
    name: 'v6brouter-marks-frames-from-outside-and-its-firewall-reads-that',
    thread: { title: 'Missing Dependency (OpenWRT)', address: 'https://github.com/cvmiller/v6brouter/issues/12' },
    backend: 'iptables-nft',
    hosts: {
      outside: {
        addresses: { eth0: ['2001:db8:1::9/64'] },
        listeners: [{ protocol: 'tcp', port: 22, address: '::' }],
      },
      router: {
        bridges: { 'br-lan': ['eth0', 'eth1'] },
        addresses: { 'br-lan': ['2001:db8:1::11/64'] },
        sysctls: {
          'net.ipv6.conf.all.forwarding': '1',
          'net.bridge.bridge-nf-call-ip6tables': '1',
        },
        listeners: [{ protocol: 'tcp', port: 80, address: '::' }],
        rules: {
          v6: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:forwarding_lan_rule - [0:0]
:forwarding_rule - [0:0]
:input_lan_rule - [0:0]
:input_rule - [0:0]
:reject - [0:0]
:syn_flood - [0:0]
:zone_lan_dest_ACCEPT - [0:0]
:zone_lan_forward - [0:0]
:zone_lan_input - [0:0]
:zone_lan_src_ACCEPT - [0:0]
:zone_wan_forward - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m comment --comment "user chain for input" -j input_rule
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j syn_flood
-A INPUT -i br-lan -j zone_lan_input
-A FORWARD -m comment --comment "user chain for forwarding" -j forwarding_rule
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i br-lan -j zone_lan_forward
-A FORWARD -i pppoe-wan -j zone_wan_forward
-A FORWARD -j reject
-A forwarding_rule -p tcp -m mark --mark 0x10 -m tcp --dport 22 -j DROP
-A reject -p tcp -j REJECT --reject-with tcp-reset
-A reject -j REJECT --reject-with icmp6-port-unreachable
-A syn_flood -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -m limit --limit 25/sec --limit-burst 50 -j RETURN
-A syn_flood -j DROP
-A zone_lan_dest_ACCEPT -o br-lan -j ACCEPT
-A zone_lan_forward -j forwarding_lan_rule
-A zone_lan_forward -j zone_lan_dest_ACCEPT
-A zone_lan_input -j input_lan_rule
-A zone_lan_input -j zone_lan_src_ACCEPT
-A zone_lan_src_ACCEPT -i br-lan -j ACCEPT
-A zone_wan_forward -p ipv6-icmp -m icmp6 --icmpv6-type 128 -m limit --limit 1000/sec -j ACCEPT
-A zone_wan_forward -j reject
COMMIT
`,
        },
      },
      server: {
        addresses: { eth0: ['2001:db8:1::10/64'] },
        listeners: [
          { protocol: 'tcp', port: 22, address: '::' },
          { protocol: 'tcp', port: 443, address: '::' },
          { protocol: 'udp', port: 53, address: '::' },
        ],
      },
    },
    links: [
      ['outside:eth0', 'router:eth1'],
      ['server:eth0', 'router:eth0'],
    ],
    traced: 'router',
    setup: [
      [
        'router',
        'ebtables -A FORWARD -p IPv6 -i eth1 -j mark --mark-set 16 --mark-target CONTINUE; ebtables -A FORWARD -p IPv6 -j ACCEPT; ebtables -P FORWARD DROP',
      ],
    ],
    fails: { from: 'outside', what: 'tcp', to: '2001:db8:1::10', port: 22 },
    seen: 'nothing',
    others: [
      { sending: { from: 'outside', what: 'tcp', to: '2001:db8:1::10', port: 443 }, seen: 'answered' },
      { sending: { from: 'outside', what: 'udp', to: '2001:db8:1::10', port: 53 }, seen: 'answered' },
      { sending: { from: 'outside', what: 'ping', to: '2001:db8:1::10' }, seen: 'answered' },
      { sending: { from: 'server', what: 'tcp', to: '2001:db8:1::9', port: 22 }, seen: 'answered' },
      { sending: { from: 'outside', what: 'tcp', to: '2001:db8:1::11', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The bridge marks frames of IPv6 that come from outside, and hands them to ip6tables, whose first rule drops what has the mark and is for SSH.',
      causes: [{ rule: '--mark 0x10 -m tcp --dport 22 -j DROP', chain: 'filter forwarding_rule' }],
      status: ['dropped'],
      alsoTrue: ['bridge-nf-call'],
    },
    mend: [['router', 'ip6tables -D forwarding_rule -p tcp -m mark --mark 0x10 -m tcp --dport 22 -j DROP']],
  },
]
