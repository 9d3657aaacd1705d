/** By iptables-nft, from threads: what engines for mail and containers write, and a route that no rule can replace. */
import { bridged, FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const tcp = (port: number) => ({ protocol: 'tcp', port }) as const

const NAT = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
`

/** Docker 28 with one bridge. `accepts`: of published ports. */
const filter = ({ bridge = '', chains = '', first = '', isolation = '', accepts = '' }) => `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-BRIDGE - [0:0]
:DOCKER-CT - [0:0]
:DOCKER-FORWARD - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
:DOCKER-USER - [0:0]
${chains}${first}-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-FORWARD
${accepts}-A DOCKER ! -i docker0 -o docker0 -j DROP
-A DOCKER-BRIDGE -o docker0 -j DOCKER
-A DOCKER-CT -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
${bridge}-A DOCKER-FORWARD -j DOCKER-CT
-A DOCKER-FORWARD -j DOCKER-ISOLATION-STAGE-1
-A DOCKER-FORWARD -j DOCKER-BRIDGE
-A DOCKER-FORWARD -i docker0 -j ACCEPT
${isolation}-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
COMMIT
`

const ofBridge = (name: string) => ({
  bridge: `-A DOCKER ! -i ${name} -o ${name} -j DROP
-A DOCKER-BRIDGE -o ${name} -j DOCKER
-A DOCKER-CT -o ${name} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A DOCKER-FORWARD -i ${name} -j ACCEPT
`,
  isolation: `-A DOCKER-ISOLATION-STAGE-1 -i ${name} ! -o ${name} -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-2 -o ${name} -j DROP
`,
})

const inside = bridged('br-int', '172.20.0.1/24', {
  listeners: [SSH],
  rules: {
    v4: `${NAT}-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
COMMIT
${filter({
  isolation: `-A DOCKER-ISOLATION-STAGE-1 ! -s 172.20.0.0/24 -o br-int -j DROP
-A DOCKER-ISOLATION-STAGE-1 ! -d 172.20.0.0/24 -i br-int -j DROP
`,
})}`,
  },
})

export const THREADS_BA_IPTABLES: Problem[] = [
  {
    name: 'mailcow-isolation-has-lost-its-ports',
    thread: {
      title:
        'netfilter: MAILCOW isolation rule blocks all incoming TCP traffic / chain not flushed on re-initialization',
      address: 'https://github.com/mailcow/mailcow-dockerized/issues/7320',
    },
    backend: 'iptables-nft',
    ...bridged(
      'br-mailcow',
      '172.22.1.1/24',
      {
        listeners: [SSH],
        rules: {
          v4: `${NAT}-A POSTROUTING -s 172.22.1.0/24 ! -o br-mailcow -j MASQUERADE
-A DOCKER -i br-mailcow -j RETURN
-A DOCKER ! -i br-mailcow -p tcp -m tcp --dport 25 -j DNAT --to-destination 172.22.1.2:25
-A DOCKER ! -i br-mailcow -p tcp -m tcp --dport 13306 -j DNAT --to-destination 172.22.1.2:3306
COMMIT
${filter({
  ...ofBridge('br-mailcow'),
  chains: ':MAILCOW - [0:0]\n',
  first: `-A FORWARD -m comment --comment mailcow -j MAILCOW
-A MAILCOW ! -i br-mailcow -o br-mailcow -p tcp -m comment --comment "mailcow isolation" -j DROP
`,
  accepts: `-A DOCKER -d 172.22.1.2/32 ! -i br-mailcow -o br-mailcow -p tcp -m tcp --dport 25 -j ACCEPT
-A DOCKER -d 172.22.1.2/32 ! -i br-mailcow -o br-mailcow -p tcp -m tcp --dport 3306 -j ACCEPT
`,
})}`,
        },
      },
      { listeners: [tcp(25), tcp(3306)] },
    ),
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 25 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 13306 }, seen: 'nothing' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'ping', to: '192.0.2.9' }, seen: 'answered' },
      // its reply is TCP from outside as well
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        'The rule that keeps the database and its like from the outside was written without its list of ports: it drops all TCP that comes into the bridge, before what Docker publishes is accepted.',
      causes: [{ rule: 'mailcow isolation', chain: 'filter MAILCOW' }],
      status: ['dropped'],
    },
    mend: [
      [
        'host',
        'iptables -R MAILCOW 1 ! -i br-mailcow -o br-mailcow -p tcp -m multiport --dports 3306,6379,8983,12345 -m comment --comment "mailcow isolation" -j DROP',
      ],
    ],
  },
  {
    name: 'docker-internal-network-was-given-a-default-route',
    thread: {
      title: 'Change of behavior of routing packets since docker v25',
      address: 'https://github.com/moby/moby/issues/47145',
    },
    backend: 'iptables-nft',
    ...inside,
    hosts: {
      ...inside.hosts,
      // knows nothing of the network behind the host
      client: { addresses: { eth0: ['192.0.2.9/24'] }, listeners: [{ protocol: 'udp', port: 53 }, tcp(80)] },
    },
    fails: { from: 'c1', what: 'udp', to: '192.0.2.9', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'nothing' },
      { sending: { from: 'c1', what: 'tcp', to: '172.20.0.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The network is internal: Docker drops what leaves it or comes in from outside, and masquerades nothing of it.',
      causes: [{ rule: '! -d 172.20.0.0/24 -i br-int -j DROP', chain: 'filter DOCKER-ISOLATION-STAGE-1' }],
      status: ['dropped'],
      alsoTrue: ['several-causes', 'not-masqueraded', 'reply-dropped'],
    },
    mend: [
      ['host', 'iptables -I DOCKER-USER -i br-int -d 192.0.2.9 -p udp --dport 53 -j ACCEPT'],
      ['host', 'iptables -I DOCKER-USER -o br-int -s 192.0.2.9 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'],
      ['host', 'iptables -t nat -A POSTROUTING -s 172.20.0.0/24 -d 192.0.2.9 -p udp --dport 53 -j MASQUERADE'],
    ],
  },
  {
    name: 'docker-publishes-at-an-address-that-the-host-had',
    thread: {
      title: 'Publish ports to a specific hostname instead of a static IP and resolve the IP on every container start',
      address: 'https://github.com/moby/moby/issues/27165',
    },
    backend: 'iptables-nft',
    ...bridged(
      'br-app',
      '172.19.0.1/24',
      {
        listeners: [SSH],
        rules: {
          v4: `${NAT}-A POSTROUTING -s 172.19.0.0/24 ! -o br-app -j MASQUERADE
-A DOCKER -i br-app -j RETURN
-A DOCKER -d 192.0.2.50/32 ! -i br-app -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.19.0.2:80
-A DOCKER ! -i br-app -p tcp -m tcp --dport 8081 -j DNAT --to-destination 172.19.0.2:81
COMMIT
${filter({
  ...ofBridge('br-app'),
  accepts: `-A DOCKER -d 172.19.0.2/32 ! -i br-app -o br-app -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER -d 172.19.0.2/32 ! -i br-app -o br-app -p tcp -m tcp --dport 81 -j ACCEPT
`,
})}`,
        },
      },
      { listeners: [tcp(80), tcp(81)] },
    ),
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 },
    seen: 'refused',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8081 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 9090 }, seen: 'refused' },
      { sending: { from: 'client', what: 'tcp', to: '172.19.0.2', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The port was published at the address that the host had by DHCP. It has another now, which the DNAT rule does not match, and nothing listens there on the host.',
      causes: [{ rule: '-d 192.0.2.50/32', chain: 'nat DOCKER' }, { code: 'dnat-mismatch' }],
      status: ['refused'],
      alsoTrue: ['closed-port', 'refused-here'],
    },
    mend: [
      [
        'host',
        'iptables -t nat -R DOCKER 2 -d 192.0.2.1/32 ! -i br-app -p tcp --dport 8080 -j DNAT --to-destination 172.19.0.2:80',
      ],
    ],
  },
  {
    name: 'healthy-ufw-has-nothing-to-do-with-the-route-to-a-thread-network',
    thread: {
      title: 'HomeKit Device Integration - Secretlab MAGRGB Failing upon Thread Provisioning',
      address: 'https://github.com/home-assistant/core/issues/115361',
    },
    backend: 'iptables-nft',
    hosts: {
      router: { addresses: { eth0: ['2001:db8:1::1/64'] }, sysctls: FORWARDS },
      border: {
        addresses: { eth0: ['2001:db8:1::b/64'], wpan0: ['fd50:7::1/64'] },
        sysctls: FORWARDS,
      },
      bulb: {
        addresses: { eth0: ['fd50:7::2/64'] },
        routes: ['default via fd50:7::1'],
        listeners: [{ protocol: 'udp', port: 5540, address: '::' }],
      },
      switch: { bridges: { sw0: ['p1', 'p2', 'p3'] } },
      homeassistant: {
        addresses: { eth0: ['2001:db8:1::20/64'] },
        routes: ['default via 2001:db8:1::1'],
        listeners: [{ ...SSH, address: '::' }],
        rules: {
          v6: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:ufw6-before-input - [0:0]
:ufw6-before-output - [0:0]
:ufw6-user-input - [0:0]
:ufw6-user-output - [0:0]
-A INPUT -j ufw6-before-input
-A INPUT -j ufw6-user-input
-A OUTPUT -j ufw6-before-output
-A OUTPUT -j ufw6-user-output
-A ufw6-before-input -i lo -j ACCEPT
-A ufw6-before-input -m rt --rt-type 0 -j DROP
-A ufw6-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw6-before-input -p ipv6-icmp -m icmp6 --icmpv6-type 129 -j ACCEPT
-A ufw6-before-input -m conntrack --ctstate INVALID -j DROP
-A ufw6-before-input -p ipv6-icmp -m icmp6 --icmpv6-type 1 -j ACCEPT
-A ufw6-before-input -p ipv6-icmp -m icmp6 --icmpv6-type 2 -j ACCEPT
-A ufw6-before-input -p ipv6-icmp -m icmp6 --icmpv6-type 128 -j ACCEPT
-A ufw6-before-input -p ipv6-icmp -m icmp6 --icmpv6-type 134 -m hl --hl-eq 255 -j ACCEPT
-A ufw6-before-input -p ipv6-icmp -m icmp6 --icmpv6-type 135 -m hl --hl-eq 255 -j ACCEPT
-A ufw6-before-input -p ipv6-icmp -m icmp6 --icmpv6-type 136 -m hl --hl-eq 255 -j ACCEPT
-A ufw6-before-output -o lo -j ACCEPT
-A ufw6-before-output -m rt --rt-type 0 -j DROP
-A ufw6-before-output -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw6-user-input -p tcp -m tcp --dport 8123 -j ACCEPT
COMMIT
`,
        },
      },
    },
    links: [
      ['router:eth0', 'switch:p1'],
      ['border:eth0', 'switch:p2'],
      ['homeassistant:eth0', 'switch:p3'],
      ['border:wpan0', 'bulb:eth0'],
    ],
    traced: 'homeassistant',
    fails: { from: 'homeassistant', what: 'udp', to: 'fd50:7::2', port: 5540 },
    seen: 'nothing',
    others: [
      { sending: { from: 'homeassistant', what: 'ping', to: '2001:db8:1::b' }, seen: 'answered' },
      { sending: { from: 'border', what: 'tcp', to: '2001:db8:1::20', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The rules accept it. The host has not taken the route that the border router advertises, so its default router gets the packet and has no route to that network.',
      causes: [{ code: 'not-netfilter' }, { code: 'wrong-way-out' }, { code: 'refused-there' }, { code: 'unanswered' }],
      status: ['refused', 'lost', 'unanswered'],
    },
    mend: [['homeassistant', 'ip -6 route add fd50:7::/64 via 2001:db8:1::b']],
  },
]
