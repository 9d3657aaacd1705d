/** From threads: routers at home. Devices behind a repeater, a relay of DHCP, a prefix that is led elsewhere, and one that is over. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const DNS = { protocol: 'udp', port: 53 } as const
const DHCP = { protocol: 'udp', port: 67 } as const
const SSH6 = { ...SSH, address: '::' } as const
const HTTPS6 = { ...HTTPS, address: '::' } as const

const FW4_END = `  chain handle_reject {
    meta l4proto tcp reject with tcp reset comment "!fw4: Reject TCP traffic"
    reject comment "!fw4: Reject any other traffic"
  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" jump srcnat_wan comment "!fw4: Handle wan IPv4/IPv6 srcnat traffic"
  }
  chain srcnat_wan {
    meta nfproto ipv4 masquerade comment "!fw4: Masquerade IPv4 wan traffic"
  }
}
`

const FW4_INPUT = `  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept comment "!fw4: Accept traffic from loopback"
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle inbound flows"
    iifname "br-lan" counter accept comment "!fw4: accept lan IPv4/IPv6 traffic"
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } accept comment "!fw4: Allow-ICMPv6-Input"
    jump handle_reject
  }
`

/** Only devices that are known by their link address may leave. */
const KNOWN_DEVICES = `table inet fw4 {
  set known_devices {
    type ether_addr
    elements = { 02:00:00:00:00:20, 02:00:00:00:00:50 }
  }
${FW4_INPUT}  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle forwarded flows"
    iifname "br-lan" jump forward_lan comment "!fw4: Handle lan IPv4/IPv6 forward traffic"
    jump handle_reject
  }
  chain forward_lan {
    ether saddr @known_devices oifname "wan" counter accept comment "!fw4: Allow-Known-Devices"
    oifname "br-lan" counter accept comment "!fw4: accept lan IPv4/IPv6 traffic"
    jump handle_reject
  }
${FW4_END}`

const LAN_TO_WAN = `table inet fw4 {
${FW4_INPUT}  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle forwarded flows"
    iifname "br-lan" counter accept comment "!fw4: Accept lan to wan forwarding"
    jump handle_reject
  }
${FW4_END}`

/** EdgeOS: what the network of things may ask of the router. */
const EDGE_OS = `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:VYATTA_FW_LOCAL_HOOK - [0:0]
:VYATTA_POST_FW_IN_HOOK - [0:0]
:WIRED_IOT_LOCAL - [0:0]
-A INPUT -j VYATTA_FW_LOCAL_HOOK
-A INPUT -j VYATTA_POST_FW_IN_HOOK
-A VYATTA_FW_LOCAL_HOOK -i eth1 -j WIRED_IOT_LOCAL
-A VYATTA_POST_FW_IN_HOOK -j ACCEPT
-A WIRED_IOT_LOCAL -p udp -m comment --comment "WIRED_IOT_LOCAL-1 Allow DHCP" -m udp --sport 68 --dport 67 -j RETURN
-A WIRED_IOT_LOCAL -p udp -m comment --comment "WIRED_IOT_LOCAL-2 Allow DNS" -m udp --dport 53 -j RETURN
-A WIRED_IOT_LOCAL -m comment --comment "WIRED_IOT_LOCAL-10000 default-action drop" -j DROP
COMMIT
`

/** fw3, for IPv6. */
const FW3_SIX = `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:reject - [0:0]
:zone_lan_forward - [0:0]
:zone_wan_dest_ACCEPT - [0:0]
:zone_wan_forward - [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment "!fw3" -j ACCEPT
-A FORWARD -i br-lan -m comment --comment "!fw3" -j zone_lan_forward
-A FORWARD -i wan -m comment --comment "!fw3" -j zone_wan_forward
-A FORWARD -m comment --comment "!fw3" -j reject
-A reject -p tcp -m comment --comment "!fw3" -j REJECT --reject-with tcp-reset
-A reject -m comment --comment "!fw3" -j REJECT --reject-with icmp6-port-unreachable
-A zone_lan_forward -m comment --comment "!fw3: Zone lan to wan forwarding policy" -j zone_wan_dest_ACCEPT
-A zone_wan_dest_ACCEPT -o wan -m comment --comment "!fw3" -j ACCEPT
-A zone_wan_forward -p ipv6-icmp -m icmp6 --icmpv6-type 128 -m comment --comment "!fw3: Allow-ICMPv6-Forward" -j ACCEPT
-A zone_wan_forward -m comment --comment "!fw3" -j reject
COMMIT
`

export const AT_HOME_ROUTERS: Problem[] = [
  {
    name: 'repeater-hides-the-link-address-that-a-known-device-has',
    thread: {
      title: 'Firmware bin works as repeater L2',
      address: 'https://github.com/martin-ger/esp_wifi_repeater/issues/582',
    },
    backend: 'nft',
    hosts: {
      net: {
        addresses: { eth0: ['203.0.113.9/24'] },
        routes: ['192.168.1.0/24 via 203.0.113.1'],
        listeners: [HTTPS],
      },
      router: {
        bridges: { 'br-lan': ['lan1', 'lan2'] },
        addresses: { wan: ['203.0.113.1/24'], 'br-lan': ['192.168.1.1/24'] },
        sysctls: FORWARDS,
        listeners: [SSH, DNS],
        rules: { nft: KNOWN_DEVICES },
      },
      // it answers ARP for both sides, and sends with its own link address
      repeater: {
        bridges: { ap0: ['w1', 'w2'] },
        addresses: { sta0: ['192.168.1.2/24'], ap0: ['192.168.4.1/24'] },
        routes: ['default via 192.168.1.1'],
        sysctls: { ...FORWARDS, 'net.ipv4.conf.all.proxy_arp': '1' },
      },
      pc: { addresses: { eth0: ['192.168.1.20/24'] }, routes: ['default via 192.168.1.1'], listeners: [SSH] },
      tablet: { addresses: { wlan0: ['192.168.1.50/24'] }, routes: ['default via 192.168.1.1'], listeners: [SSH] },
      guest: { addresses: { wlan0: ['192.168.1.51/24'] }, routes: ['default via 192.168.1.1'] },
    },
    links: [
      ['net:eth0', 'router:wan'],
      ['router:lan1', 'pc:eth0'],
      ['router:lan2', 'repeater:sta0'],
      ['repeater:w1', 'tablet:wlan0'],
      ['repeater:w2', 'guest:wlan0'],
    ],
    setup: [
      ['repeater', 'ip route add 192.168.1.50 dev ap0; ip route add 192.168.1.51 dev ap0'],
      [
        'repeater',
        'ip link set sta0 address 02:00:00:00:00:02; sysctl -qw net.ipv4.neigh.ap0.proxy_delay=0 net.ipv4.neigh.sta0.proxy_delay=0',
      ],
      ['pc', 'ip link set eth0 address 02:00:00:00:00:20; ip route replace default via 192.168.1.1'],
      ['tablet', 'ip link set wlan0 address 02:00:00:00:00:50; ip route replace default via 192.168.1.1'],
    ],
    traced: 'router',
    fails: { from: 'tablet', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'refused',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'tablet', what: 'tcp', to: '192.168.1.1', port: 22 }, seen: 'answered' },
      // it is behind the same repeater, and nobody's known device
      { sending: { from: 'guest', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'refused' },
      { sending: { from: 'net', what: 'tcp', to: '192.168.1.20', port: 22 }, seen: 'refused' },
    ],
    truth: {
      words:
        "The set has the tablet's own link address. What the repeater hands on bears that of the repeater, for all devices behind it.",
      causes: [
        { code: 'not-in-set' },
        { rule: '@known_devices', chain: 'inet fw4 forward_lan' },
        { rule: 'jump handle_reject', chain: 'inet fw4 forward_lan' },
      ],
      status: ['rejected'],
    },
    mend: [
      [
        'router',
        'nft insert rule inet fw4 forward_lan ether saddr 02:00:00:00:00:02 ip saddr 192.168.1.50 oifname wan accept',
      ],
    ],
  },
  {
    name: 'odhcpd-leads-the-prefix-of-the-lan-to-a-device-that-asked-for-one',
    thread: {
      title: '__apply_lease() failed checking whether the delegated prefix',
      address: 'https://github.com/openwrt/odhcpd/issues/418',
    },
    backend: 'nft',
    hosts: {
      net: {
        addresses: { eth0: ['2001:db8:f::9/64'] },
        routes: ['2001:db8:1::/64 via 2001:db8:f::1'],
        listeners: [HTTPS6],
      },
      router: {
        bridges: { 'br-lan': ['lan1', 'lan2'] },
        addresses: { wan: ['2001:db8:f::1/64'], 'br-lan': ['2001:db8:1::1/64', 'fe80::1/64'] },
        sysctls: FORWARDS,
        listeners: [SSH6],
        rules: { nft: LAN_TO_WAN },
      },
      homepod: {
        addresses: { eth0: ['2001:db8:1::20/64', 'fe80::b/64'] },
        routes: ['default via 2001:db8:1::1'],
        listeners: [SSH6],
      },
      pc: {
        addresses: { eth0: ['2001:db8:1::10/64'] },
        routes: ['default via 2001:db8:1::1'],
        listeners: [SSH6],
      },
    },
    links: [
      ['net:eth0', 'router:wan'],
      ['router:lan1', 'homepod:eth0'],
      ['router:lan2', 'pc:eth0'],
    ],
    setup: [
      [
        'router',
        'ip -6 route del 2001:db8:1::/64 dev br-lan; ip -6 route add 2001:db8:1::/64 via fe80::b dev br-lan metric 1024',
      ],
    ],
    traced: 'router',
    fails: { from: 'pc', what: 'tcp', to: '2001:db8:f::9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'homepod', what: 'tcp', to: '2001:db8:f::9', port: 443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '2001:db8:1::20', port: 22 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'nothing', either: true },
      { sending: { from: 'net', what: 'tcp', to: '2001:db8:1::20', port: 22 }, seen: 'refused' },
    ],
    truth: {
      words:
        "The rules accept request and reply. The route to the LAN's own prefix has the device as its next hop, which forwards nothing: the reply is sent to it, and the pc gets none.",
      causes: [
        { code: 'wrong-way-out', words: ['fe80::b'] },
        { code: 'reply-by-other-uplink', words: ['fe80::b'] },
        { code: 'not-netfilter', words: ['fe80::b'] },
      ],
      // a trace alone shows a reply, and not to whom the router hands it
      status: ['reply-lost', 'unanswered', 'answered'],
    },
    mend: [
      [
        'router',
        'ip -6 route del 2001:db8:1::/64 via fe80::b dev br-lan; ip -6 route add 2001:db8:1::/64 dev br-lan metric 256',
      ],
    ],
  },
  {
    name: 'edgeos-lets-dhcp-in-from-port-68-and-a-relay-asks-from-67',
    thread: {
      title: 'Question to guide 56. WIRED_IOT_LOCAL - Rule 1 (Allow DHCP)',
      address: 'https://github.com/mjp66/Ubiquiti/issues/42',
    },
    backend: 'iptables-legacy',
    hosts: {
      edge: {
        addresses: { eth1: ['192.168.1.1/24'] },
        routes: ['10.20.0.0/24 via 192.168.1.2'],
        sysctls: FORWARDS,
        listeners: [SSH, DNS, DHCP],
        rules: { v4: EDGE_OS },
      },
      lan: { bridges: { br0: ['p1', 'p2', 'p3'] } },
      relay: { addresses: { eth0: ['192.168.1.2/24'] }, listeners: [SSH] },
      camera: { addresses: { eth0: ['192.168.1.30/24'] } },
    },
    links: [
      ['edge:eth1', 'lan:p1'],
      ['relay:eth0', 'lan:p2'],
      ['camera:eth0', 'lan:p3'],
    ],
    traced: 'edge',
    fails: { from: 'relay', what: 'udp', to: '192.168.1.1', port: 67, sport: 67 },
    seen: 'nothing',
    others: [
      { sending: { from: 'camera', what: 'udp', to: '192.168.1.1', port: 67, sport: 68 }, seen: 'answered' },
      { sending: { from: 'relay', what: 'udp', to: '192.168.1.1', port: 53 }, seen: 'answered' },
      { sending: { from: 'relay', what: 'tcp', to: '192.168.1.1', port: 22 }, seen: 'nothing' },
      { sending: { from: 'camera', what: 'udp', to: '192.168.1.1', port: 67, sport: 5000 }, seen: 'nothing' },
    ],
    truth: {
      words: 'The rule asks for the source port of clients, 68. A relay sends from the port of servers, 67.',
      causes: [
        { rule: '--sport 68 --dport 67', chain: 'filter WIRED_IOT_LOCAL' },
        { rule: 'default-action drop', chain: 'filter WIRED_IOT_LOCAL' },
      ],
      status: ['dropped'],
    },
    mend: [['edge', 'iptables -I WIRED_IOT_LOCAL -s 192.168.1.2 -p udp -m udp --sport 67 --dport 67 -j RETURN']],
  },
  {
    name: 'healthy-fw3-and-an-address-of-the-prefix-that-the-provider-took-back',
    thread: {
      title: 'odhcpd doesn‘t refresh the IPv6-PD properly when ONT assigns a new IPv6',
      address: 'https://github.com/openwrt/openwrt/issues/21050',
    },
    backend: 'iptables-legacy',
    hosts: {
      ont: {
        addresses: { eth0: ['2001:db8:f::9/64'] },
        routes: ['2001:db8:b::/64 via 2001:db8:f::1'],
        listeners: [HTTPS6],
      },
      router: {
        bridges: { 'br-lan': ['lan1', 'lan2'] },
        addresses: { wan: ['2001:db8:f::1/64'], 'br-lan': ['2001:db8:a::1/64', '2001:db8:b::1/64'] },
        routes: ['default via 2001:db8:f::9'],
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-ip6tables': '0' },
        listeners: [SSH6],
        rules: { v6: FW3_SIX },
      },
      pc: {
        addresses: { eth0: ['2001:db8:a::10/64', '2001:db8:b::10/64'] },
        routes: ['default via 2001:db8:a::1 src 2001:db8:a::10'],
        listeners: [SSH6],
      },
      tv: { addresses: { eth0: ['2001:db8:b::20/64'] }, routes: ['default via 2001:db8:b::1'], listeners: [SSH6] },
    },
    links: [
      ['ont:eth0', 'router:wan'],
      ['router:lan1', 'pc:eth0'],
      ['router:lan2', 'tv:eth0'],
    ],
    traced: 'router',
    fails: { from: 'pc', what: 'tcp', to: '2001:db8:f::9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'tv', what: 'tcp', to: '2001:db8:f::9', port: 443 }, seen: 'answered' },
      { sending: { from: 'router', what: 'tcp', to: '2001:db8:f::9', port: 443 }, seen: 'answered' },
      { sending: { from: 'ont', what: 'ping', to: '2001:db8:b::20' }, seen: 'answered' },
      { sending: { from: 'ont', what: 'tcp', to: '2001:db8:b::20', port: 22 }, seen: 'refused' },
    ],
    truth: {
      words:
        'The rules accept the request, and it leaves with an address of the prefix that the provider has taken back. To that there is no route any more, so no reply comes.',
      causes: [{ code: 'not-netfilter', words: ['2001:db8:f::9'] }],
      status: ['unanswered'],
    },
    mend: [['pc', 'ip -6 route replace default via 2001:db8:b::1 src 2001:db8:b::10']],
  },
]
