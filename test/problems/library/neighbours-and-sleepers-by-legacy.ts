/** From threads, by iptables-legacy: a container that asks for its neighbour's forwarded port, and a machine that is to be woken. */
import { FORWARDS, homeRouter } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTP = { protocol: 'tcp', port: 80 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const

const NAT = `:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
`

const MARK = '-m comment --comment "generated for LXD network lxdbr0"'

const LXD = `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o lxdbr0 -p udp -m udp --dport 68 ${MARK} -j CHECKSUM --checksum-fill
COMMIT
*nat
${NAT}-A PREROUTING -d 192.0.2.1/32 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.0.8.10:80
-A OUTPUT -d 192.0.2.1/32 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.0.8.10:80
-A POSTROUTING -s 10.0.8.0/24 ! -d 10.0.8.0/24 ${MARK} -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lxdbr0 -p tcp -m tcp --dport 53 ${MARK} -j ACCEPT
-A INPUT -i lxdbr0 -p udp -m udp --dport 53 ${MARK} -j ACCEPT
-A INPUT -i lxdbr0 -p udp -m udp --dport 67 ${MARK} -j ACCEPT
-A FORWARD -o lxdbr0 ${MARK} -j ACCEPT
-A FORWARD -i lxdbr0 ${MARK} -j ACCEPT
-A OUTPUT -o lxdbr0 -p udp -m udp --sport 67 ${MARK} -j ACCEPT
COMMIT
`

const WAKES = `*nat
${NAT}-A PREROUTING -i wan -p udp -m udp --dport 9 -j DNAT --to-destination 192.168.1.10:9
-A PREROUTING -i wan -p tcp -m tcp --dport 2222 -j DNAT --to-destination 192.168.1.20:22
-A POSTROUTING -o wan -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -i lan -j ACCEPT
-A INPUT -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A FORWARD -m state --state RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan -j ACCEPT
-A FORWARD -i wan -o lan -m conntrack --ctstate DNAT -j ACCEPT
COMMIT
`

const home = homeRouter(
  {
    bridges: { lan: ['lan1', 'lan2'] },
    listeners: [SSH],
    rules: { v4: WAKES },
  },
  { pc: { listeners: [] }, remote: { listeners: [HTTPS] } },
)

export const NEIGHBOURS_AND_SLEEPERS_BY_LEGACY: Problem[] = [
  {
    name: 'lxd-container-asks-for-the-forwarded-port-of-its-neighbour',
    thread: {
      title: 'host ip prerouting forwarded ports appear filtered to other containers',
      address: 'https://github.com/canonical/lxd/issues/1499',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] }, listeners: [HTTPS] },
      host: {
        bridges: { lxdbr0: ['veth1', 'veth2'] },
        addresses: { eth0: ['192.0.2.1/24'], lxdbr0: ['10.0.8.1/24'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        rules: { v4: LXD },
      },
      web: { addresses: { eth0: ['10.0.8.10/24'] }, routes: ['default via 10.0.8.1'], listeners: [HTTP] },
      app: { addresses: { eth0: ['10.0.8.20/24'] }, routes: ['default via 10.0.8.1'] },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['host:veth1', 'web:eth0'],
      ['host:veth2', 'app:eth0'],
    ],
    traced: 'host',
    fails: { from: 'app', what: 'tcp', to: '192.0.2.1', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '192.0.2.1', port: 8080 }, seen: 'answered' },
      { sending: { from: 'app', what: 'tcp', to: '10.0.8.10', port: 80 }, seen: 'answered' },
      { sending: { from: 'app', what: 'tcp', to: '192.0.2.9', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        'Both are on one bridge and LXD masquerades only what leaves the network, so that the neighbour replies directly to the container, with an address that the container never asked.',
      causes: [{ code: 'not-masqueraded' }, { rule: '! -d 10.0.8.0/24', chain: 'nat POSTROUTING' }],
      status: ['unanswered', 'reply-lost'],
    },
    mend: [['host', 'iptables -t nat -I POSTROUTING -s 10.0.8.0/24 -d 10.0.8.10 -p tcp --dport 80 -j MASQUERADE']],
  },
  {
    name: 'healthy-forward-of-a-magic-packet-has-no-neighbour-to-go-to',
    thread: {
      title: 'Yes, another WOL over Internet issue',
      address: 'https://github.com/basildane/WakeOnLAN/issues/113',
    },
    backend: 'iptables-legacy',
    ...home,
    hosts: {
      ...home.hosts,
      nas: { addresses: { eth0: ['192.168.1.20/24'] }, routes: ['default via 192.168.1.1'], listeners: [SSH] },
      pc: { ...home.hosts.pc, listeners: [{ protocol: 'udp', port: 9 }] },
    },
    links: [
      ['remote:eth0', 'router:wan'],
      ['router:lan1', 'pc:eth0'],
      ['router:lan2', 'nas:eth0'],
    ],
    // a card that sleeps hears what is sent to it, and answers no ARP
    setup: [
      ['router', 'ip link set lan address 02:00:00:00:01:01'],
      ['pc', 'ip link set eth0 address 02:00:00:00:01:0a; ip link set eth0 arp off'],
      ['pc', 'ip neigh replace 192.168.1.1 lladdr 02:00:00:00:01:01 dev eth0 nud permanent'],
    ],
    fails: { from: 'remote', what: 'udp', to: '203.0.113.1', port: 9 },
    seen: 'nothing',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 2222 }, seen: 'answered' },
      { sending: { from: 'nas', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The rules rewrite and accept the datagram. The machine that it is for sleeps and answers no ARP, so that the router does not know where to send it.',
      causes: [{ code: 'neighbour-failed' }],
      status: ['lost'],
    },
    mend: [['router', 'ip neigh replace 192.168.1.10 lladdr 02:00:00:00:01:0a dev lan nud permanent']],
  },
]
