/** From threads, by iptables-legacy: tunnels whose other end gets the wrong source, or whose replies leave beside them. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const DNS = { protocol: 'udp', port: 53 } as const
const HTTP = { protocol: 'tcp', port: 80 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const IPP = { protocol: 'tcp', port: 631 } as const
const SIP = { protocol: 'udp', port: 5060 } as const
const RTP = { protocol: 'udp', port: 10500 } as const
const MINECRAFT = { protocol: 'tcp', port: 25565 } as const

const NAT = `:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
`

const filter = (forward: string, rules: string) => `*filter
:INPUT ACCEPT [0:0]
:FORWARD ${forward} [0:0]
:OUTPUT ACCEPT [0:0]
${rules}COMMIT
`

const UDM = `*nat
${NAT}:UBIOS_POSTROUTING_JUMP - [0:0]
:UBIOS_POSTROUTING_USER_HOOK - [0:0]
:UBIOS_PREROUTING_JUMP - [0:0]
-A PREROUTING -j UBIOS_PREROUTING_JUMP
-A POSTROUTING -j UBIOS_POSTROUTING_JUMP
-A POSTROUTING -o tun0 -j MASQUERADE
-A UBIOS_POSTROUTING_JUMP -j UBIOS_POSTROUTING_USER_HOOK
-A UBIOS_POSTROUTING_USER_HOOK -o eth8 -m comment --comment 00000001095216660481 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:UBIOS_FORWARD_JUMP - [0:0]
:UBIOS_FORWARD_USER_HOOK - [0:0]
:UBIOS_LAN_IN_USER - [0:0]
:UBIOS_WAN_IN_USER - [0:0]
-A FORWARD -j UBIOS_FORWARD_JUMP
-A UBIOS_FORWARD_JUMP -j UBIOS_FORWARD_USER_HOOK
-A UBIOS_FORWARD_USER_HOOK -i eth8 -m comment --comment 00000001095216663481 -j UBIOS_WAN_IN_USER
-A UBIOS_FORWARD_USER_HOOK -i br0 -m comment --comment 00000001095216663482 -j UBIOS_LAN_IN_USER
-A UBIOS_LAN_IN_USER -s 192.168.1.0/24 -m comment --comment 00000001099511627775 -j RETURN
-A UBIOS_WAN_IN_USER -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment 00000000008589937602 -j RETURN
-A UBIOS_WAN_IN_USER -m conntrack --ctstate INVALID -m comment --comment 00000000008589937603 -j DROP
-A UBIOS_WAN_IN_USER -m comment --comment 00000001097364144127 -j DROP
COMMIT
`

/** A carrier: nobody sends with another one's address. */
const carrier = (...ways: (readonly [string, string])[]) =>
  filter('ACCEPT', ways.map(([name, net]) => `-A FORWARD -i ${name} ! -s ${net} -j DROP\n`).join(''))

const GAME_HOST = `*nat
${NAT}:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.18.0.0/16 ! -o br-game -j MASQUERADE
-A DOCKER -i br-game -j RETURN
-A DOCKER ! -i br-game -p tcp -m tcp --dport 25565 -j DNAT --to-destination 172.18.0.2:25565
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -o br-game -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o br-game -j DOCKER
-A FORWARD -i br-game ! -o br-game -j ACCEPT
-A FORWARD -i br-game -o br-game -j ACCEPT
-A DOCKER -d 172.18.0.2/32 ! -i br-game -o br-game -p tcp -m tcp --dport 25565 -j ACCEPT
-A DOCKER-USER -j RETURN
COMMIT
`

const OPENVPN = `*nat
${NAT}-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.8.0.10
-A POSTROUTING -s 10.8.0.0/24 -o enp1s0 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i tun0 -j ACCEPT
-A INPUT -i enp1s0 -p udp -m udp --dport 1194 -j ACCEPT
-A FORWARD -i enp1s0 -o tun0 -j ACCEPT
-A FORWARD -i tun0 -o enp1s0 -j ACCEPT
COMMIT
`

const BITMASK = `*nat
${NAT}:bitmask - [0:0]
-A OUTPUT -j bitmask
-A bitmask -p udp -m udp --dport 53 -j DNAT --to-destination 10.42.0.1:53
-A bitmask -p tcp -m tcp --dport 53 -j DNAT --to-destination 10.42.0.1:53
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:bitmask - [0:0]
-A OUTPUT -j bitmask
-A bitmask -d 10.42.0.1/32 -p udp -m udp --dport 53 -j ACCEPT
-A bitmask -d 10.42.0.1/32 -p tcp -m tcp --dport 53 -j ACCEPT
-A bitmask -d 192.168.1.0/24 -o eth0 -j RETURN
-A bitmask -d 224.0.0.251/32 -o eth0 -p udp -m udp --dport 5353 -j RETURN
-A bitmask -o eth0 -j REJECT --reject-with icmp-port-unreachable
COMMIT
`

export const FAR_ENDS_OF_TUNNELS_BY_LEGACY: Problem[] = [
  {
    name: 'udm-masquerades-phones-into-a-tunnel-between-sites',
    thread: {
      title: 'IPTables NAT not good for SiteToSite VPN',
      address: 'https://github.com/cpriest/udm-patches/issues/9',
    },
    backend: 'iptables-legacy',
    hosts: {
      phone: {
        addresses: { eth0: ['192.168.1.50/24'] },
        routes: ['default via 192.168.1.1'],
        listeners: [SIP],
      },
      udm: {
        addresses: { br0: ['192.168.1.1/24'], tun0: ['10.99.0.2/30'], eth8: ['203.0.113.1/24'] },
        routes: ['default via 203.0.113.9', '10.20.0.0/24 via 10.99.0.1'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: { v4: UDM },
      },
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [HTTPS] },
      far: {
        addresses: { tun0: ['10.99.0.1/30'], eth0: ['10.20.0.1/24'] },
        routes: ['192.168.1.0/24 via 10.99.0.2'],
        sysctls: FORWARDS,
        rules: {
          v4: filter(
            'DROP',
            `-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i eth0 -o tun0 -j ACCEPT
-A FORWARD -d 10.20.0.10/32 -p udp -m udp --dport 5060 -j ACCEPT
-A FORWARD -s 192.168.1.0/24 -d 10.20.0.10/32 -p udp -m udp --dport 10000:20000 -j ACCEPT
`,
          ),
        },
      },
      pbx: { addresses: { eth0: ['10.20.0.10/24'] }, routes: ['default via 10.20.0.1'], listeners: [SIP, RTP] },
    },
    links: [
      ['phone:eth0', 'udm:br0'],
      ['udm:eth8', 'remote:eth0'],
      ['udm:tun0', 'far:tun0'],
      ['far:eth0', 'pbx:eth0'],
    ],
    traced: 'udm',
    fails: { from: 'phone', what: 'udp', to: '10.20.0.10', port: 10500 },
    seen: 'nothing',
    others: [
      { sending: { from: 'phone', what: 'udp', to: '10.20.0.10', port: 5060 }, seen: 'answered' },
      { sending: { from: 'pbx', what: 'udp', to: '192.168.1.50', port: 5060 }, seen: 'answered' },
      { sending: { from: 'phone', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'phone', what: 'tcp', to: '192.168.1.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The script for the tunnel masquerades what enters it, so that the other site sees the tunnel's address in place of the phone's, and accepts voice from the phones' network alone.",
      causes: [{ rule: '-o tun0 -j MASQUERADE', chain: 'nat POSTROUTING' }, { code: 'snat-changed-source' }],
      status: ['unanswered'],
    },
    mend: [['udm', 'iptables -t nat -D POSTROUTING -o tun0 -j MASQUERADE']],
  },
  {
    name: 'rule-for-the-tunnels-own-address-misses-what-a-container-replies',
    thread: {
      title: 'Why does iproute2 not want to send packets to the docker network?',
      address: 'https://github.com/pirate/wireguard-docs/issues/83',
    },
    backend: 'iptables-legacy',
    hosts: {
      player: { addresses: { eth0: ['192.0.2.9/24'] }, routes: ['default via 192.0.2.1'], listeners: [HTTPS] },
      net: {
        addresses: { eth0: ['192.0.2.1/24'], one: ['203.0.113.254/24'], two: ['198.51.100.1/24'] },
        sysctls: FORWARDS,
        rules: { v4: carrier(['one', '203.0.113.0/24'], ['two', '198.51.100.0/24']) },
      },
      front: {
        addresses: { eth0: ['203.0.113.1/24'], wg0: ['10.228.228.1/24'] },
        routes: ['default via 203.0.113.254'],
        sysctls: FORWARDS,
        rules: {
          v4: `*nat
${NAT}-A PREROUTING -i eth0 -p tcp -m tcp --dport 25565 -j DNAT --to-destination 10.228.228.2:25565
-A PREROUTING -i eth0 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.228.228.2:80
COMMIT
`,
        },
      },
      host: {
        bridges: { 'br-game': ['veth1'] },
        addresses: { eth0: ['198.51.100.2/24'], wg0: ['10.228.228.2/24'], 'br-game': ['172.18.0.1/16'] },
        routes: ['default via 198.51.100.1'],
        sysctls: FORWARDS,
        listeners: [HTTP],
        rules: { v4: GAME_HOST },
      },
      game: {
        addresses: { eth0: ['172.18.0.2/16'] },
        routes: ['default via 172.18.0.1'],
        listeners: [MINECRAFT],
      },
    },
    links: [
      ['player:eth0', 'net:eth0'],
      ['net:one', 'front:eth0'],
      ['net:two', 'host:eth0'],
      ['front:wg0', 'host:wg0'],
      ['host:veth1', 'game:eth0'],
    ],
    traced: 'host',
    setup: [
      ['host', 'ip rule add from 10.228.228.2 table 4242; ip route add default via 10.228.228.1 dev wg0 table 4242'],
    ],
    fails: { from: 'player', what: 'tcp', to: '203.0.113.1', port: 25565 },
    looksAt: { protocol: 'tcp', dst: '10.228.228.2', dport: 25565 },
    seen: 'nothing',
    others: [
      { sending: { from: 'player', what: 'tcp', to: '203.0.113.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'player', what: 'tcp', to: '198.51.100.2', port: 25565 }, seen: 'answered' },
      { sending: { from: 'front', what: 'tcp', to: '10.228.228.2', port: 25565 }, seen: 'answered' },
      { sending: { from: 'game', what: 'tcp', to: '192.0.2.9', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The routing rule asks for the tunnel's own address as the source. A container's reply still has the container's when it is routed, takes the default route out of eth0, and the carrier drops it.",
      causes: [
        { code: 'reply-by-other-uplink', words: ['wg0', 'eth0'] },
        { code: 'wrong-way-out', words: ['wg0', 'eth0'] },
      ],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [
      [
        'host',
        'iptables -t mangle -A PREROUTING -i wg0 -m conntrack --ctstate NEW -j CONNMARK --set-mark 0x42; iptables -t mangle -A PREROUTING -i br-game -j CONNMARK --restore-mark; ip rule add fwmark 0x42 table 4242',
      ],
    ],
  },
  {
    name: 'openvpn-server-forwards-to-a-client-whose-replies-leave-at-home',
    thread: {
      title: 'Port forward to clien OpenVPN',
      address: 'https://github.com/angristan/openvpn-install/issues/400',
    },
    backend: 'iptables-legacy',
    hosts: {
      remote: { addresses: { eth0: ['192.0.2.9/24'] }, routes: ['default via 192.0.2.1'], listeners: [HTTPS] },
      net: {
        addresses: { eth0: ['192.0.2.1/24'], vps: ['203.0.113.254/24'], home: ['198.51.100.1/24'] },
        sysctls: FORWARDS,
        rules: { v4: carrier(['vps', '203.0.113.0/24'], ['home', '198.51.100.0/24']) },
      },
      vps: {
        addresses: { enp1s0: ['203.0.113.1/24'], tun0: ['10.8.0.1/24'] },
        routes: ['default via 203.0.113.254'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: { v4: OPENVPN },
      },
      client: {
        addresses: { eth0: ['198.51.100.10/24'], tun0: ['10.8.0.10/24'] },
        routes: ['default via 198.51.100.1'],
        listeners: [HTTP],
      },
    },
    links: [
      ['remote:eth0', 'net:eth0'],
      ['net:vps', 'vps:enp1s0'],
      ['net:home', 'client:eth0'],
      ['vps:tun0', 'client:tun0'],
    ],
    traced: 'vps',
    fails: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'vps', what: 'tcp', to: '10.8.0.10', port: 80 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '10.8.0.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.9', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The server forwards as it should. The client replies by its own default route, out of its home; it needs a route back into the tunnel, or the server has to be the source.',
      causes: [{ code: 'not-masqueraded' }, { code: 'not-netfilter' }, { chain: 'nat POSTROUTING' }],
      status: ['unanswered'],
      alsoTrue: ['no-reply', 'unanswered'],
    },
    mend: [['client', 'ip rule add from 10.8.0.10 table 80; ip route add default via 10.8.0.1 dev tun0 table 80']],
  },
  {
    name: 'bitmask-sends-dns-of-the-lan-into-the-tunnel-with-the-lans-source',
    thread: {
      title: 'firewall: correctly rewrite DNS packets originally for local network.',
      address: 'https://github.com/leapcode/bitmask_client/pull/686',
    },
    backend: 'iptables-legacy',
    hosts: {
      laptop: {
        addresses: { eth0: ['192.168.1.50/24'], tun0: ['10.42.0.7/24'] },
        routes: ['0.0.0.0/1 via 10.42.0.1', '128.0.0.0/1 via 10.42.0.1', 'default via 192.168.1.1'],
        rules: { v4: BITMASK },
      },
      router: { addresses: { lan: ['192.168.1.1/24'] }, listeners: [DNS, IPP, SSH] },
      gateway: {
        addresses: { tun0: ['10.42.0.1/24'], lo: ['203.0.113.9/32'] },
        listeners: [DNS, HTTPS],
        rules: {
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -s 10.42.0.0/24 -i tun0 -j ACCEPT
COMMIT
`,
        },
      },
    },
    links: [
      ['laptop:eth0', 'router:lan'],
      ['laptop:tun0', 'gateway:tun0'],
    ],
    traced: 'laptop',
    fails: { from: 'laptop', what: 'udp', to: '192.168.1.1', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'laptop', what: 'udp', to: '203.0.113.9', port: 53 }, seen: 'answered' },
      { sending: { from: 'laptop', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'laptop', what: 'tcp', to: '192.168.1.1', port: 631 }, seen: 'answered' },
    ],
    truth: {
      words:
        "nat OUTPUT rewrites the DNS question to the resolver in the tunnel after its source was chosen for the LAN: it enters the tunnel with the LAN's address, which the gateway drops.",
      causes: [
        { code: 'not-masqueraded' },
        { chain: 'nat POSTROUTING' },
        { rule: '-p udp -m udp --dport 53 -j DNAT', chain: 'nat bitmask' },
      ],
      status: ['unanswered'],
    },
    mend: [['laptop', 'iptables -t nat -A POSTROUTING -o tun0 -p udp --dport 53 -j MASQUERADE']],
  },
]
