/** From threads: an address on a bridge's port, a socket bound to an uplink without a route; and those of links and sockets of other files. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { asks, POKED } from './groups-asked.ts'
import { LISTENS_FOR_OTHERS } from './listens-for-others.ts'
import { WITHOUT_ADDRESSES } from './without-addresses.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const DNS = { protocol: 'udp', port: 53 } as const

export const LINKS_AND_SOCKETS: Problem[] = [
  ...WITHOUT_ADDRESSES,
  ...LISTENS_FOR_OTHERS,
  {
    name: 'incus-os-has-the-address-on-the-port-of-its-bridge',
    thread: {
      title: 'Assign IP address/route/etc to bridge, not its member interface',
      address: 'https://github.com/lxc/incus-os/pull/223',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.2/24'] }, listeners: [SSH] },
      admin: { addresses: { eth0: ['198.51.100.2/24'] } },
      host: {
        bridges: { br0: ['eth0', 'tap1'] },
        addresses: { eth1: ['198.51.100.1/24'] },
        sysctls: { 'net.bridge.bridge-nf-call-iptables': '0' },
        listeners: [SSH, { protocol: 'tcp', port: 8443 }],
        rules: {
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -i eth1 -p tcp -m tcp --dport 8443 -j ACCEPT
COMMIT
`,
        },
      },
      vm: { addresses: { eth0: ['192.0.2.50/24'] } },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['admin:eth0', 'host:eth1'],
      ['vm:eth0', 'host:tap1'],
    ],
    traced: 'host',
    setup: [['host', 'ip addr add 192.0.2.1/24 dev eth0']],
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 },
    seen: 'nothing',
    others: [
      { sending: { from: 'admin', what: 'tcp', to: '198.51.100.1', port: 8443 }, seen: 'answered' },
      { sending: { from: 'vm', what: 'tcp', to: '192.0.2.2', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The address is on eth0, a port of br0. What comes in is of br0, and what goes out is sent by eth0: the reply to its ARP request comes in by br0, where nobody waits for it.',
      causes: ['neighbour-failed', 'reply-lost', 'wrong-way-out', 'reply-by-other-uplink', 'kernel-drop'].map(
        (code) => ({ code, words: ['br0'] }),
      ),
      status: ['reply-lost', 'lost', 'unanswered'],
      alsoTrue: ['neighbour-failed', 'reply-lost'],
    },
    mend: [['host', 'ip addr del 192.0.2.1/24 dev eth0; ip addr add 192.0.2.1/24 dev br0']],
  },
  {
    name: 'curl-by-an-interface-that-has-no-default-route',
    thread: {
      title: 'Curl –interface: как использовать интерфейсы и тонкости настройки',
      address: 'https://superuzer.ru/curl-interface-kak-ispolzovat-interfejsy',
    },
    backend: 'nft',
    hosts: {
      isp: {
        addresses: { eth0: ['203.0.113.9/24'], lo: ['198.51.100.53/32'] },
        listeners: [{ ...DNS, address: '198.51.100.53' }, HTTPS],
      },
      lte: {
        addresses: { eth0: ['10.64.0.1/30'], lo: ['198.51.100.53/32'] },
        sysctls: { 'net.ipv4.conf.all.arp_ignore': '1' },
        listeners: [{ ...DNS, address: '198.51.100.53' }],
      },
      router: {
        addresses: { wan: ['203.0.113.1/24'], wwan0: ['10.64.0.2/30'], lan: ['192.168.1.1/24'] },
        routes: ['default via 203.0.113.9'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          nft: `table inet fw4 {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state vmap { established : accept, related : accept, invalid : drop }
    iifname { "lo", "lan" } accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept, invalid : drop }
    iifname "lan" oifname { "wan", "wwan0" } accept
  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname { "wan", "wwan0" } meta nfproto ipv4 masquerade
  }
}
`,
        },
      },
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
    },
    links: [
      ['isp:eth0', 'router:wan'],
      ['lte:eth0', 'router:wwan0'],
      ['router:lan', 'pc:eth0'],
    ],
    traced: 'router',
    setup: [
      [
        'router',
        asks(
          'AF_INET',
          "o.setsockopt(1,25,b'wwan0'); o.sendto(b'query',('198.51.100.53',53)); s.sendto(o.recv(2000),who)",
        ),
      ],
    ],
    fails: { ...POKED, from: 'router' },
    seen: 'nothing',
    looksAt: { protocol: 'udp', dst: '198.51.100.53', dport: 53 },
    others: [
      { sending: { from: 'router', what: 'udp', to: '198.51.100.53', port: 53 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'udp', to: '198.51.100.53', port: 53 }, seen: 'answered' },
      { sending: { from: 'router', what: 'ping', to: '10.64.0.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The socket is bound to wwan0, and no route to the resolver leaves by it: the kernel takes the resolver for a neighbour at that link, and nobody answers ARP for it.',
      causes: ['neighbour-failed', 'vanished-no-route', 'wrong-way-out', 'lost', 'kernel-drop'].map((code) => ({
        code,
        words: ['wwan0', 'route'],
      })),
      status: ['lost', 'unanswered'],
    },
    mend: [['router', 'ip route add default via 10.64.0.1 dev wwan0 metric 200']],
  },
]
