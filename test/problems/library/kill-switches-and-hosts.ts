/** From threads, by iptables-nft: the kill switch of ProtonVPN beside Docker, and that of Windscribe on a gateway. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const WEB = { protocol: 'tcp', port: 80 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const SMB = { protocol: 'tcp', port: 445 } as const

/** ProtonVPN's rules once it has flushed the table of filters; of Docker there is the table of nat alone. */
const PROTON = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.18.0.0/16 ! -o br-app -j MASQUERADE
-A DOCKER -i br-app -j RETURN
-A DOCKER ! -i br-app -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.18.0.2:80
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -i proton0 -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -s 192.168.1.0/24 -i wlan0 -j ACCEPT
-A INPUT -s 203.0.113.50/32 -i wlan0 -p udp -m udp --sport 1194 -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -o proton0 -j ACCEPT
-A OUTPUT -d 192.168.1.0/24 -o wlan0 -j ACCEPT
-A OUTPUT -d 203.0.113.50/32 -o wlan0 -p udp -m udp --dport 1194 -j ACCEPT
COMMIT
`

/** Windscribe's firewall while it is not connected, on a gateway that shares its connection. */
const WINDSCRIBE = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 192.168.5.0/24 -o tun0 -j MASQUERADE
-A POSTROUTING -s 192.168.5.0/24 -o eth0 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:windscribe_input - [0:0]
:windscribe_output - [0:0]
-A INPUT -m comment --comment "Windscribe client rule" -j windscribe_input
-A OUTPUT -m comment --comment "Windscribe client rule" -j windscribe_output
-A windscribe_input -i lo -m comment --comment "Windscribe client rule" -j ACCEPT
-A windscribe_input -s 192.168.0.0/16 -d 192.168.0.0/16 -m comment --comment "Windscribe client rule" -j ACCEPT
-A windscribe_input -s 203.0.113.50/32 -m comment --comment "Windscribe client rule" -j ACCEPT
-A windscribe_input -m comment --comment "Windscribe client rule" -j DROP
-A windscribe_output -o lo -m comment --comment "Windscribe client rule" -j ACCEPT
-A windscribe_output -d 192.168.0.0/16 -m comment --comment "Windscribe client rule" -j ACCEPT
-A windscribe_output -d 203.0.113.50/32 -m comment --comment "Windscribe client rule" -j ACCEPT
-A windscribe_output -m comment --comment "Windscribe client rule" -j DROP
COMMIT
`

export const KILL_SWITCHES_AND_HOSTS: Problem[] = [
  {
    name: 'protonvpn-drops-what-the-host-asks-a-container-and-what-that-replies',
    thread: {
      title: '[BUG] Protonvpn break docker networking',
      address: 'https://github.com/Rafficer/linux-cli-community/issues/130',
    },
    backend: 'iptables-nft',
    hosts: {
      lan: {
        addresses: { eth0: ['192.168.1.1/24', '203.0.113.9/24'] },
        routes: ['172.18.0.0/16 via 192.168.1.20'],
        listeners: [SMB, HTTPS],
      },
      vpn: { addresses: { tun0: ['10.8.8.1/24'], lo: ['198.51.100.9/32'] }, listeners: [HTTPS] },
      laptop: {
        bridges: { 'br-app': ['veth1'] },
        addresses: { wlan0: ['192.168.1.20/24'], proton0: ['10.8.8.2/24'], 'br-app': ['172.18.0.1/16'] },
        routes: ['default via 10.8.8.1', '203.0.113.0/24 via 192.168.1.1'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: { v4: PROTON },
      },
      app: {
        addresses: { eth0: ['172.18.0.2/16'] },
        routes: ['default via 172.18.0.1'],
        listeners: [WEB, SSH],
      },
    },
    links: [
      ['lan:eth0', 'laptop:wlan0'],
      ['vpn:tun0', 'laptop:proton0'],
      ['laptop:veth1', 'app:eth0'],
    ],
    traced: 'laptop',
    fails: { from: 'laptop', what: 'tcp', to: '172.18.0.2', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'laptop', what: 'tcp', to: '198.51.100.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'laptop', what: 'tcp', to: '192.168.1.1', port: 445 }, seen: 'answered' },
      // past the tunnel: what a kill switch is for
      { sending: { from: 'laptop', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'nothing' },
      { sending: { from: 'app', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'nothing' },
      { sending: { from: 'app', what: 'tcp', to: '172.18.0.1', port: 22 }, seen: 'nothing' },
      { sending: { from: 'laptop', what: 'tcp', to: '172.18.0.2', port: 22 }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        "OUTPUT accepts nothing to Docker's bridge, so its policy drops the request; and INPUT accepts what is established from the tunnel alone, so it would drop the container's reply.",
      causes: [{ policy: 'filter OUTPUT' }, { policy: 'filter INPUT' }],
      status: ['dropped'],
      alsoTrue: ['several-causes', 'reply-dropped'],
    },
    mend: [
      ['laptop', 'iptables -A OUTPUT -o br-app -d 172.18.0.2 -p tcp --dport 80 -j ACCEPT'],
      ['laptop', 'iptables -A INPUT -i br-app -m state --state RELATED,ESTABLISHED -j ACCEPT'],
    ],
  },
  {
    name: 'healthy-windscribe-firewall-is-for-the-gateway-and-not-for-its-clients',
    thread: {
      title: 'Please consider improving the firewall rules.',
      address: 'https://github.com/Windscribe/Desktop-App/issues/315',
    },
    backend: 'iptables-nft',
    hosts: {
      isp: {
        addresses: { eth0: ['203.0.113.9/24'] },
        routes: ['192.168.5.0/24 via 203.0.113.1'],
        listeners: [HTTPS],
      },
      gateway: {
        addresses: { eth0: ['203.0.113.1/24'], eth1: ['192.168.5.1/24'] },
        routes: ['default via 203.0.113.9'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: { v4: WINDSCRIBE },
      },
      pc: { addresses: { eth0: ['192.168.5.10/24'] }, routes: ['default via 192.168.5.1'], listeners: [SSH] },
    },
    links: [
      ['isp:eth0', 'gateway:eth0'],
      ['gateway:eth1', 'pc:eth0'],
    ],
    traced: 'gateway',
    fails: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'answered',
    others: [
      { sending: { from: 'gateway', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'nothing' },
      { sending: { from: 'isp', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'nothing' },
      { sending: { from: 'pc', what: 'tcp', to: '192.168.5.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "Nothing stops this packet: the firewall's chains are for what the gateway itself sends and receives, and FORWARD accepts all.",
      causes: [],
      status: ['answered'],
    },
    mend: [['gateway', 'true']],
  },
]
