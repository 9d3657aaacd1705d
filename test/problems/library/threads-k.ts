/** iptables, from threads: an address that strict VRRP drops both ways, a counter of all attempts, a tunnel that takes the way back, answers to a group. */
import { clientAndServer } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const IKE = { protocol: 'udp', port: 500 } as const

export const THREADS_K: Problem[] = [
  {
    name: 'keepalived-strict-drops-its-address-both-ways',
    thread: {
      title: "VIP doesn't correctly listen on server (think firewall issue)",
      address: 'https://github.com/acassen/keepalived/issues/2319',
    },
    backend: 'iptables-legacy',
    ...clientAndServer({
      addresses: { eth0: ['192.0.2.1/24', '2001:db8:1::1/64', '2001:db8:1::100/64'] },
      listeners: [
        { ...HTTPS, address: '2001:db8:1::1' },
        { ...HTTPS, address: '2001:db8:1::100' },
        { ...SSH, address: '2001:db8:1::1' },
      ],
      rules: {
        ipset: `create keepalived hash:ip
create keepalived6 hash:ip family inet6
add keepalived6 2001:db8:1::100
`,
        v6: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:keepalived_in - [0:0]
:keepalived_out - [0:0]
-A INPUT -j keepalived_in
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 128 -j ACCEPT
-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j ACCEPT
-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 136 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 443 -m conntrack --ctstate NEW -j ACCEPT
-A INPUT -s fe80::/10 -p vrrp -j ACCEPT
-A OUTPUT -j keepalived_out
-A keepalived_in -p ipv6-icmp -m set --match-set keepalived6 dst -m icmp6 --icmpv6-type 135 -j ACCEPT
-A keepalived_in -p ipv6-icmp -m set --match-set keepalived6 dst -m icmp6 --icmpv6-type 136 -j ACCEPT
-A keepalived_in -m set --match-set keepalived6 dst -j DROP
-A keepalived_out -p ipv6-icmp -m set --match-set keepalived6 src -m icmp6 --icmpv6-type 135 -j ACCEPT
-A keepalived_out -p ipv6-icmp -m set --match-set keepalived6 src -m icmp6 --icmpv6-type 136 -j ACCEPT
-A keepalived_out -m set --match-set keepalived6 src -j DROP
COMMIT
`,
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '2001:db8:1::100', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 443 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'nothing' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::100', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'With vrrp_strict, and no accept, the virtual address is in the set of what keepalived drops, at input as a destination and at output as a source.',
      causes: [{ rule: '--match-set keepalived6 dst -j DROP', chain: 'filter keepalived_in' }],
      status: ['dropped'],
    },
    mend: [['server', 'ipset del keepalived6 2001:db8:1::100']],
  },
  {
    name: 'ikev2-setup-counts-every-attempt-alike',
    thread: {
      title: 'Increase iptables recent matching hitcount',
      address: 'https://github.com/jawj/IKEv2-setup/pull/64',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.2/24'] } },
      colleague: { addresses: { eth0: ['192.0.2.3/24'] } },
      switch: { bridges: { br0: ['p1', 'p2', 'p3'] }, sysctls: { 'net.bridge.bridge-nf-call-iptables': '0' } },
      server: {
        addresses: { eth0: ['192.0.2.1/24'] },
        listeners: [SSH, IKE, { protocol: 'udp', port: 4500 }],
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A FORWARD -s 10.101.0.0/16 -o eth0 -p tcp -m tcp --tcp-flags SYN,RST SYN -m tcpmss --mss 1361:1536 -j TCPMSS --set-mss 1360
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 10.101.0.0/16 -o eth0 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -i eth0 -m conntrack --ctstate NEW -m recent --set --name DEFAULT --mask 255.255.255.255 --rsource
-A INPUT -i eth0 -m conntrack --ctstate NEW -m recent --update --seconds 60 --hitcount 12 --name DEFAULT --mask 255.255.255.255 --rsource -j DROP
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p udp -m udp --dport 500 -j ACCEPT
-A INPUT -p udp -m udp --dport 4500 -j ACCEPT
-A INPUT -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A INPUT -j DROP
-A FORWARD -j DROP
COMMIT
`,
        },
      },
    },
    links: [
      ['client:eth0', 'switch:p1'],
      ['colleague:eth0', 'switch:p2'],
      ['server:eth0', 'switch:p3'],
    ],
    traced: 'server',
    // a monitor's pings and a script over SSH
    earlier: {
      sendings: [
        ...Array.from({ length: 7 }, () => ({ from: 'client', what: 'ping', to: '192.0.2.1' }) as const),
        ...Array.from({ length: 6 }, () => ({ from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }) as const),
      ],
      change: [],
    },
    fails: { from: 'client', what: 'udp', to: '192.0.2.1', port: 500 },
    seen: 'nothing',
    others: [
      { sending: { from: 'colleague', what: 'udp', to: '192.0.2.1', port: 500 }, seen: 'answered' },
      { sending: { from: 'colleague', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'colleague', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The rule counts whatever is new from an address, pings too: after twelve within a minute it drops also the IKE request, which a later rule would accept.',
      causes: [{ rule: '--hitcount 12', chain: 'filter INPUT' }],
      status: ['dropped'],
    },
    mend: [['server', 'iptables -I INPUT 3 -p udp -m multiport --dports 500,4500 -j ACCEPT']],
  },
  {
    name: 'vpn-policy-routing-server-behind-its-client-tunnel',
    thread: {
      title: '[vpn-policy-routing] Issue: wg server + wg client setup not working',
      address: 'https://github.com/stangri/source.openwrt.melmac.ca/issues/98',
    },
    backend: 'iptables-legacy',
    hosts: {
      road: { addresses: { eth0: ['198.51.100.9/24'] }, routes: ['default via 198.51.100.1'] },
      isp: {
        addresses: { eth0: ['198.51.100.1/24'], eth1: ['203.0.113.254/24'] },
        sysctls: { 'net.ipv4.ip_forward': '1' },
      },
      router: {
        addresses: { wan: ['203.0.113.1/24'], tun0: ['10.9.0.2/24'], lan: ['192.168.1.1/24'] },
        routes: ['default via 10.9.0.1'],
        sysctls: { 'net.ipv4.ip_forward': '1', 'net.ipv4.conf.all.rp_filter': '1' },
        listeners: [{ protocol: 'tcp', port: 1194 }],
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:VPR_FORWARD - [0:0]
:VPR_INPUT - [0:0]
:VPR_MARK0x010000 - [0:0]
:VPR_MARK0x020000 - [0:0]
:VPR_OUTPUT - [0:0]
:VPR_PREROUTING - [0:0]
-A PREROUTING -m mark --mark 0x0/0xff0000 -j VPR_PREROUTING
-A FORWARD -m mark --mark 0x0/0xff0000 -j VPR_FORWARD
-A OUTPUT -m mark --mark 0x0/0xff0000 -j VPR_OUTPUT
-A VPR_MARK0x010000 -j MARK --set-xmark 0x10000/0xff0000
-A VPR_MARK0x010000 -j RETURN
-A VPR_MARK0x020000 -j MARK --set-xmark 0x20000/0xff0000
-A VPR_MARK0x020000 -j RETURN
-A VPR_OUTPUT -p tcp -m tcp --sport 1194 -m comment --comment OpenVPN_Server -g VPR_MARK0x010000
-A VPR_PREROUTING -s 192.168.1.50/32 -m comment --comment Console -g VPR_MARK0x010000
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:zone_vpn_postrouting - [0:0]
:zone_wan_postrouting - [0:0]
-A POSTROUTING -o wan -m comment --comment "!fw3" -j zone_wan_postrouting
-A POSTROUTING -o tun0 -m comment --comment "!fw3" -j zone_vpn_postrouting
-A zone_vpn_postrouting -m comment --comment "!fw3" -j MASQUERADE
-A zone_wan_postrouting -m comment --comment "!fw3" -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:reject - [0:0]
:syn_flood - [0:0]
:zone_lan_forward - [0:0]
:zone_lan_input - [0:0]
:zone_vpn_input - [0:0]
:zone_wan_input - [0:0]
-A INPUT -i lo -m comment --comment "!fw3" -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment "!fw3" -j ACCEPT
-A INPUT -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -m comment --comment "!fw3" -j syn_flood
-A INPUT -i lan -m comment --comment "!fw3" -j zone_lan_input
-A INPUT -i wan -m comment --comment "!fw3" -j zone_wan_input
-A INPUT -i tun0 -m comment --comment "!fw3" -j zone_vpn_input
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment "!fw3" -j ACCEPT
-A FORWARD -i lan -m comment --comment "!fw3" -j zone_lan_forward
-A FORWARD -m comment --comment "!fw3" -j reject
-A reject -p tcp -m comment --comment "!fw3" -j REJECT --reject-with tcp-reset
-A reject -m comment --comment "!fw3" -j REJECT --reject-with icmp-port-unreachable
-A syn_flood -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -m limit --limit 25/sec --limit-burst 50 -m comment --comment "!fw3" -j RETURN
-A syn_flood -m comment --comment "!fw3" -j DROP
-A zone_lan_forward -o tun0 -m comment --comment "!fw3" -j ACCEPT
-A zone_lan_forward -o wan -m comment --comment "!fw3" -j ACCEPT
-A zone_lan_input -m comment --comment "!fw3" -j ACCEPT
-A zone_vpn_input -m comment --comment "!fw3" -j reject
-A zone_wan_input -p icmp -m icmp --icmp-type 8 -m comment --comment "!fw3: Allow-Ping" -j ACCEPT
-A zone_wan_input -p tcp -m tcp --dport 1194 -m comment --comment "!fw3: Allow-OpenVPN" -j ACCEPT
-A zone_wan_input -m comment --comment "!fw3" -j reject
COMMIT
`,
        },
      },
      vpn: { addresses: { tun0: ['10.9.0.1/24'] }, listeners: [HTTPS] },
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
    },
    links: [
      ['road:eth0', 'isp:eth0'],
      ['isp:eth1', 'router:wan'],
      ['router:tun0', 'vpn:tun0'],
      ['router:lan', 'pc:eth0'],
    ],
    traced: 'router',
    setup: [
      [
        'router',
        'ip route add default via 203.0.113.254 table 201; ip route add default via 10.9.0.1 table 202; ip rule add fwmark 0x10000/0xff0000 lookup 201; ip rule add fwmark 0x20000/0xff0000 lookup 202',
      ],
    ],
    fails: { from: 'road', what: 'tcp', to: '203.0.113.1', port: 1194 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '10.9.0.1', port: 443 }, seen: 'answered' },
      { sending: { from: 'isp', what: 'ping', to: '203.0.113.1' }, seen: 'answered' },
      { sending: { from: 'isp', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'refused' },
    ],
    truth: {
      words:
        "The client's tunnel has the default route, so the strict reverse-path filter drops what comes to the server by the uplink; the mark that sends its replies to the right table is set at output, too late for that check.",
      causes: [{ code: 'vanished-rp-filter' }],
      status: ['lost'],
    },
    mend: [['router', 'sysctl -qw net.ipv4.conf.all.rp_filter=2']],
  },
  {
    name: 'nixos-refuses-what-the-television-answers',
    thread: {
      title: 'Default firewall drops Chromecast packets',
      address: 'https://github.com/NixOS/nixpkgs/issues/3107',
    },
    backend: 'iptables-nft',
    hosts: {
      tv: { addresses: { eth0: ['192.168.1.20/24'] } },
      pc: {
        addresses: { eth0: ['192.168.1.10/24'] },
        listeners: [
          { protocol: 'udp', port: 5353 },
          { protocol: 'udp', port: 46005 },
          { protocol: 'udp', port: 9999 },
        ],
        rules: {
          v4: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:nixos-fw-rpfilter - [0:0]
-A PREROUTING -j nixos-fw-rpfilter
-A nixos-fw-rpfilter -m rpfilter --validmark -j RETURN
-A nixos-fw-rpfilter -p udp -m udp --sport 67 --dport 68 -j RETURN
-A nixos-fw-rpfilter -s 0.0.0.0/32 -d 255.255.255.255/32 -p udp -m udp --sport 68 --dport 67 -j RETURN
-A nixos-fw-rpfilter -j DROP
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:nixos-fw - [0:0]
:nixos-fw-accept - [0:0]
:nixos-fw-log-refuse - [0:0]
:nixos-fw-refuse - [0:0]
-A INPUT -j nixos-fw
-A nixos-fw -i lo -j nixos-fw-accept
-A nixos-fw -m conntrack --ctstate RELATED,ESTABLISHED -j nixos-fw-accept
-A nixos-fw -p tcp -m tcp --dport 22 -j nixos-fw-accept
-A nixos-fw -p tcp -m tcp --dport 8008:8010 -j nixos-fw-accept
-A nixos-fw -p udp -m udp --dport 32768:61000 -j nixos-fw-accept
-A nixos-fw -p icmp -m icmp --icmp-type 8 -j nixos-fw-accept
-A nixos-fw -j nixos-fw-log-refuse
-A nixos-fw-accept -j ACCEPT
-A nixos-fw-log-refuse -m pkttype ! --pkt-type unicast -j nixos-fw-refuse
-A nixos-fw-log-refuse -j nixos-fw-refuse
-A nixos-fw-refuse -j DROP
COMMIT
`,
        },
      },
    },
    links: [['tv:eth0', 'pc:eth0']],
    traced: 'pc',
    fails: { from: 'tv', what: 'udp', to: '192.168.1.10', port: 5353, sport: 5353 },
    seen: 'nothing',
    others: [
      { sending: { from: 'tv', what: 'udp', to: '192.168.1.10', port: 46005, sport: 1900 }, seen: 'answered' },
      { sending: { from: 'tv', what: 'udp', to: '192.168.1.10', port: 9999 }, seen: 'nothing' },
      { sending: { from: 'tv', what: 'ping', to: '192.168.1.10' }, seen: 'answered' },
    ],
    truth: {
      words:
        'An answer to what was asked of a group belongs to no connection, and the rule that was added for such answers has the ports that programs get from the kernel, and not 5353.',
      causes: [{ chain: 'filter nixos-fw' }, { rule: '-j DROP', chain: 'filter nixos-fw-refuse' }],
      status: ['dropped'],
    },
    mend: [
      [
        'pc',
        'iptables -I nixos-fw 1 -s 192.168.0.0/16 -p udp -m udp -m multiport --dports 1900,5353 -j nixos-fw-accept',
      ],
    ],
  },
]
