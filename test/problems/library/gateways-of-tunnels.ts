/** From threads: gateways whose tunnel takes the request, and whose rules do not take the reply; a phone; a proxy that is asked again. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const WEB = { protocol: 'tcp', port: 80 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const SSH6 = { ...SSH, address: '::' } as const
const HTTPS6 = { ...HTTPS, address: '::' } as const

const NAT = `:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
`

/** A gateway into NordVPN's tunnel, once Meshnet has been switched on. */
const NORD_GATEWAY = `*nat
${NAT}-A POSTROUTING -s 192.168.1.0/24 -o nordtun -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -o wlan0 -m comment --comment nordvpn-exitnode-transient -j DROP
-A FORWARD -o end0 -m comment --comment nordvpn-exitnode-transient -j DROP
-A FORWARD -s 100.64.0.0/10 -d 169.254.0.0/16 -m comment --comment nordvpn-exitnode-transient -j DROP
-A FORWARD -s 100.64.0.0/10 -d 192.168.0.0/16 -m comment --comment nordvpn-exitnode-transient -j DROP
-A FORWARD -s 100.64.0.0/10 -d 172.16.0.0/12 -m comment --comment nordvpn-exitnode-transient -j DROP
-A FORWARD -s 100.64.0.0/10 -d 10.0.0.0/8 -m comment --comment nordvpn-exitnode-transient -j DROP
-A FORWARD -d 192.168.1.0/24 -j ACCEPT
-A FORWARD -s 192.168.1.0/24 -j ACCEPT
COMMIT
`

/** A phone of Android 4 that shares its mobile connection while OpenVPN is up. */
const ANDROID = `*nat
${NAT}:natctrl_nat_POSTROUTING - [0:0]
:oem_nat_pre - [0:0]
-A PREROUTING -j oem_nat_pre
-A POSTROUTING -j natctrl_nat_POSTROUTING
-A natctrl_nat_POSTROUTING -o rmnet0 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:bw_FORWARD - [0:0]
:bw_INPUT - [0:0]
:natctrl_FORWARD - [0:0]
:oem_fwd - [0:0]
-A INPUT -j bw_INPUT
-A FORWARD -j oem_fwd
-A FORWARD -j bw_FORWARD
-A FORWARD -j natctrl_FORWARD
-A bw_INPUT -i rmnet0 -p tcp -m tcp --dport 22 -j DROP
-A natctrl_FORWARD -i rmnet0 -o wlan0 -m state --state RELATED,ESTABLISHED -j RETURN
-A natctrl_FORWARD -i wlan0 -o rmnet0 -m state --state INVALID -j DROP
-A natctrl_FORWARD -i wlan0 -o rmnet0 -j RETURN
-A natctrl_FORWARD -j DROP
COMMIT
`

/** wg-access-server without NAT: it accepts what its clients ask of the allowed networks. */
const WG_ACCESS = `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:WG_ACCESS_SERVER_FORWARD - [0:0]
-A FORWARD -j WG_ACCESS_SERVER_FORWARD
-A WG_ACCESS_SERVER_FORWARD -s fd48:4c4:7aa9::/64 -d fd48:4c4:7aa9::/64 -j REJECT --reject-with icmp6-port-unreachable
-A WG_ACCESS_SERVER_FORWARD -s fd48:4c4:7aa9::/64 -d 2001:db8:1::/64 -j ACCEPT
-A WG_ACCESS_SERVER_FORWARD -s fd48:4c4:7aa9::/64 -j REJECT --reject-with icmp6-port-unreachable
COMMIT
`

/** A router that sends web traffic to the machine of a proxy, which forwards it with the addresses of its clients. */
const TO_THE_PROXY = `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -s 10.0.0.5/32 -p tcp -m tcp --dport 80 -j ACCEPT
-A PREROUTING -i eth1 -p tcp -m tcp --dport 80 -j MARK --set-xmark 0x3/0xffffffff
-A PREROUTING -m mark --mark 0x3 -j ACCEPT
COMMIT
*nat
${NAT}-A POSTROUTING -s 10.0.0.0/24 -o eth0 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i eth1 -o eth0 -j ACCEPT
-A FORWARD -i eth1 -o eth1 -j ACCEPT
COMMIT
`

export const GATEWAYS_OF_TUNNELS: Problem[] = [
  {
    name: 'meshnet-drops-what-the-gateway-of-a-tunnel-hands-back-to-its-lan',
    thread: {
      title: 'Enabling meshnet breaks forwarding rules for masqueraded/forwarded traffic for the lan.',
      address: 'https://github.com/NordSecurity/nordvpn-linux/issues/659',
    },
    backend: 'iptables-legacy',
    hosts: {
      vpn: { addresses: { tun0: ['10.100.0.1/24'], lo: ['198.51.100.9/32'] }, listeners: [HTTPS] },
      gateway: {
        addresses: { end0: ['192.168.1.2/24'], nordtun: ['10.100.0.2/24'], nordlynx: ['100.96.0.1/10'] },
        routes: ['default via 10.100.0.1', '203.0.113.0/24 via 192.168.1.1'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: { v4: NORD_GATEWAY },
      },
      peer: {
        addresses: { nordlynx: ['100.96.0.2/10'] },
        routes: ['192.168.1.0/24 via 100.96.0.1'],
        listeners: [SSH],
      },
      lan: {
        bridges: { br0: ['p1', 'p2'] },
        addresses: { br0: ['192.168.1.1/24', '203.0.113.9/24'] },
        routes: ['100.64.0.0/10 via 192.168.1.2'],
        listeners: [HTTPS],
      },
      tv: {
        addresses: { eth0: ['192.168.1.50/24'] },
        routes: ['default via 192.168.1.2'],
        listeners: [SSH],
      },
    },
    links: [
      ['vpn:tun0', 'gateway:nordtun'],
      ['peer:nordlynx', 'gateway:nordlynx'],
      ['gateway:end0', 'lan:p1'],
      ['tv:eth0', 'lan:p2'],
    ],
    traced: 'gateway',
    fails: { from: 'tv', what: 'tcp', to: '198.51.100.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'gateway', what: 'tcp', to: '198.51.100.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'tv', what: 'tcp', to: '192.168.1.2', port: 22 }, seen: 'answered' },
      { sending: { from: 'peer', what: 'tcp', to: '192.168.1.50', port: 22 }, seen: 'nothing' },
      // past the tunnel, by the card of the LAN itself
      { sending: { from: 'tv', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "Meshnet's rule drops all that is forwarded out of the LAN's card. The request leaves by the tunnel; its reply leaves by that card, before the rules that accept it.",
      causes: [{ rule: '-o end0', chain: 'filter FORWARD' }],
      status: ['reply-lost'],
    },
    mend: [['gateway', 'iptables -I FORWARD -i nordtun -o end0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT']],
  },
  {
    name: 'android-shares-the-mobile-link-and-openvpn-has-taken-the-routes',
    thread: {
      title: 'Wi-Fi hotspot enabled on host device with OpenVPN connected... connected client devices have no internet',
      address: 'https://github.com/schwabe/ics-openvpn/issues/34',
    },
    backend: 'iptables-legacy',
    hosts: {
      carrier: {
        addresses: { eth0: ['203.0.113.9/24'] },
        routes: ['192.168.43.0/24 via 203.0.113.1'],
        listeners: [HTTPS],
      },
      vpn: { addresses: { tun0: ['10.8.0.1/24'], lo: ['198.51.100.9/32'] }, listeners: [HTTPS] },
      phone: {
        addresses: { rmnet0: ['203.0.113.1/24'], tun0: ['10.8.0.2/24'], wlan0: ['192.168.43.1/24'] },
        routes: ['default via 203.0.113.9', '0.0.0.0/1 via 10.8.0.1', '128.0.0.0/1 via 10.8.0.1'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: { v4: ANDROID },
      },
      laptop: {
        addresses: { wlan0: ['192.168.43.50/24'] },
        routes: ['default via 192.168.43.1'],
        listeners: [SSH],
      },
    },
    links: [
      ['carrier:eth0', 'phone:rmnet0'],
      ['vpn:tun0', 'phone:tun0'],
      ['phone:wlan0', 'laptop:wlan0'],
    ],
    traced: 'phone',
    setup: [['vpn', 'ip route add 192.168.43.0/24 via 10.8.0.2; iptables-legacy -A INPUT ! -s 10.8.0.0/24 -j DROP']],
    fails: { from: 'laptop', what: 'tcp', to: '198.51.100.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'phone', what: 'tcp', to: '198.51.100.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'laptop', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'carrier', what: 'tcp', to: '192.168.43.50', port: 22 }, seen: 'nothing' },
      { sending: { from: 'carrier', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'nothing' },
      { sending: { from: 'vpn', what: 'tcp', to: '192.168.43.50', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "OpenVPN's routes lead what the laptop sends into the tunnel. The rules of sharing are for the mobile link alone: they forward nothing to the tunnel, nothing back from it, and masquerade nothing into it.",
      causes: [
        { rule: 'natctrl_FORWARD -j DROP', chain: 'filter natctrl_FORWARD' },
        { rule: '-o rmnet0 -j RETURN', chain: 'filter natctrl_FORWARD' },
        { chain: 'filter natctrl_FORWARD' },
        { code: 'wrong-way-out', words: ['tun0'] },
      ],
      status: ['dropped'],
      alsoTrue: ['several-causes', 'snat-skipped', 'reply-dropped'],
    },
    mend: [
      ['phone', 'iptables -I natctrl_FORWARD -i wlan0 -o tun0 -j RETURN'],
      ['phone', 'iptables -I natctrl_FORWARD -i tun0 -o wlan0 -m state --state RELATED,ESTABLISHED -j RETURN'],
      ['phone', 'iptables -t nat -A natctrl_nat_POSTROUTING -o tun0 -j MASQUERADE'],
    ],
  },
  {
    name: 'wg-access-server-without-nat-has-no-rule-for-the-way-back',
    thread: {
      title: 'fix: Add return traffic rules when NAT is disabled',
      address: 'https://github.com/freifunkMUC/wg-access-server/pull/925',
    },
    backend: 'iptables-nft',
    hosts: {
      client: {
        addresses: { wg0: ['fd48:4c4:7aa9::2/64'] },
        routes: ['2001:db8:1::/64 via fd48:4c4:7aa9::1'],
        listeners: [SSH6],
      },
      server: {
        addresses: { wg0: ['fd48:4c4:7aa9::1/64'], eth0: ['2001:db8:1::1/64'] },
        sysctls: FORWARDS,
        listeners: [SSH6],
        rules: { v6: WG_ACCESS },
      },
      wiki: {
        addresses: { eth0: ['2001:db8:1::10/64'] },
        routes: ['fd48:4c4:7aa9::/64 via 2001:db8:1::1'],
        listeners: [HTTPS6, SSH6],
      },
    },
    links: [
      ['client:wg0', 'server:wg0'],
      ['server:eth0', 'wiki:eth0'],
    ],
    traced: 'server',
    fails: { from: 'client', what: 'tcp', to: '2001:db8:1::10', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'answered' },
      { sending: { from: 'server', what: 'tcp', to: '2001:db8:1::10', port: 443 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::10', port: 22 }, seen: 'nothing', either: true },
      // a client is not to be asked
      { sending: { from: 'wiki', what: 'tcp', to: 'fd48:4c4:7aa9::2', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The chain accepts what the clients ask, and knows no state: the policy of FORWARD drops what the asked machine replies.',
      causes: [{ policy: 'ip6 filter FORWARD' }],
      status: ['reply-lost'],
    },
    mend: [['server', 'ip6tables -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT']],
  },
  {
    name: 'router-marks-for-the-proxy-again-what-the-proxy-has-forwarded',
    thread: {
      title: 'Need policy routing tutorial',
      address: 'https://github.com/diladele/websafety/issues/558',
    },
    backend: 'iptables-nft',
    hosts: {
      net: {
        addresses: { eth0: ['203.0.113.9/24'] },
        routes: ['10.0.0.0/24 via 203.0.113.1'],
        listeners: [WEB, HTTPS],
      },
      router: {
        bridges: { eth1: ['p1', 'p2'] },
        addresses: { eth0: ['203.0.113.1/24'], eth1: ['10.0.0.1/24'] },
        routes: ['default via 203.0.113.9', 'default via 10.0.0.5 dev eth1 table 202'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: { v4: TO_THE_PROXY },
      },
      proxy: {
        addresses: { eth0: ['10.0.0.5/24'] },
        routes: ['default via 10.0.0.1'],
        sysctls: FORWARDS,
        listeners: [SSH],
      },
      pc: { addresses: { eth0: ['10.0.0.10/24'] }, routes: ['default via 10.0.0.1'], listeners: [SSH] },
    },
    links: [
      ['net:eth0', 'router:eth0'],
      ['router:p1', 'proxy:eth0'],
      ['router:p2', 'pc:eth0'],
    ],
    setup: [
      ['router', 'ip rule add fwmark 3 lookup 202 priority 1000'],
      ['proxy', 'ip link set eth0 address 02:00:00:00:00:05'],
    ],
    traced: 'router',
    fails: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'proxy', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'net', what: 'tcp', to: '10.0.0.10', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "What the proxy's machine hands on bears the client's address, so the exception for the proxy's own does not match it: it is marked and sent to the proxy again, until its TTL is used up.",
      causes: [
        { rule: '--set-xmark 0x3', chain: 'mangle PREROUTING' },
        { rule: '-s 10.0.0.5/32', chain: 'mangle PREROUTING' },
        { code: 'vanished-ttl' },
        { code: 'wrong-way-out', words: ['routing loop'] },
      ],
      status: ['lost', 'unanswered', 'refused'],
    },
    mend: [
      [
        'router',
        'iptables -t mangle -I PREROUTING -i eth1 -m mac --mac-source 02:00:00:00:00:05 -p tcp --dport 80 -j ACCEPT',
      ],
    ],
  },
]
