/** From threads, by iptables-nft: a container of a VPN with two networks, and Docker beside ufw and below containerlab. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

const HTTPS = { protocol: 'tcp', port: 443 } as const

const APP = { protocol: 'tcp', port: 8080 } as const

const NAT = `:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
`

const chains = (...names: string[]) => names.map((name) => `:${name} - [0:0]\n`).join('')

const GLUETUN = `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -d 172.18.0.0/16 -i eth0 -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -d 198.51.100.7/32 -o eth0 -p udp -m udp --dport 51820 -j ACCEPT
-A OUTPUT -o tun0 -j ACCEPT
-A OUTPUT -s 172.18.0.3/32 -d 172.18.0.0/16 -o eth0 -j ACCEPT
-A OUTPUT -s 172.25.0.3/32 -d 172.25.0.0/16 -o eth1 -j ACCEPT
COMMIT
`

/** Docker 28.0.0 added the rule of each bridge at the end, behind what ufw had there. */
const UFW_BEFORE_DOCKER = `*nat
${NAT}${chains('DOCKER')}-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d ::1/128 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s fd00:d0c::/64 ! -o docker0 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination [fd00:d0c::2]:8080
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
${chains('DOCKER', 'DOCKER-ISOLATION-STAGE-1', 'DOCKER-ISOLATION-STAGE-2', 'DOCKER-USER')}${chains(
  ...['input', 'forward', 'output'].flatMap((one) =>
    ['before-logging-', 'before-', 'after-', 'after-logging-', 'reject-', 'track-', 'user-'].map(
      (part) => `ufw6-${part}${one}`,
    ),
  ),
)}${['input', 'forward', 'output']
  .flatMap((one) =>
    ['before-logging-', 'before-', 'after-', 'after-logging-', 'reject-', 'track-'].map(
      (part) => `-A ${one.toUpperCase()} -j ufw6-${part}${one}\n`,
    ),
  )
  .join('')}-I FORWARD 1 -j DOCKER-USER
-I FORWARD 2 -m set --match-set docker-ext-bridges-v6 dst -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-I FORWARD 3 -j DOCKER-ISOLATION-STAGE-1
-I FORWARD 4 -m set --match-set docker-ext-bridges-v6 dst -j DOCKER
-A FORWARD -i docker0 -j ACCEPT
-A DOCKER -d fd00:d0c::2/128 ! -i docker0 -o docker0 -p tcp -m tcp --dport 8080 -j ACCEPT
-A DOCKER ! -i docker0 -o docker0 -j DROP
-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
-A DOCKER-USER -j RETURN
-A ufw6-before-input -i lo -j ACCEPT
-A ufw6-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw6-before-input -p ipv6-icmp -j ACCEPT
-A ufw6-before-input -j ufw6-user-input
-A ufw6-before-forward -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw6-before-forward -p ipv6-icmp -m icmp6 --icmpv6-type 1 -j ACCEPT
-A ufw6-before-forward -p ipv6-icmp -m icmp6 --icmpv6-type 2 -j ACCEPT
-A ufw6-before-forward -p ipv6-icmp -m icmp6 --icmpv6-type 3 -j ACCEPT
-A ufw6-before-forward -p ipv6-icmp -m icmp6 --icmpv6-type 4 -j ACCEPT
-A ufw6-before-forward -p ipv6-icmp -m icmp6 --icmpv6-type 128 -j ACCEPT
-A ufw6-before-forward -j ufw6-user-forward
-A ufw6-before-output -o lo -j ACCEPT
-A ufw6-before-output -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw6-before-output -p ipv6-icmp -j ACCEPT
-A ufw6-before-output -j ufw6-user-output
-A ufw6-reject-forward -j REJECT --reject-with icmp6-port-unreachable
-A ufw6-track-output -p tcp -m conntrack --ctstate NEW -j ACCEPT
-A ufw6-track-output -p udp -m conntrack --ctstate NEW -j ACCEPT
-A ufw6-user-input -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`

/** containerlab's rule is in DOCKER-USER of IPv4 alone. */
const lab = (family: 4 | 6) => `*nat
${NAT}${chains('DOCKER')}-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s ${family === 4 ? '172.20.20.0/24' : '3fff:172:20:20::/64'} ! -o br-5c1f7b -j MASQUERADE
-A POSTROUTING -s ${family === 4 ? '172.18.0.0/16' : 'fd00:18::/64'} ! -o br-9e02aa -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
${chains('DOCKER', 'DOCKER-BRIDGE', 'DOCKER-CT', 'DOCKER-FORWARD', 'DOCKER-ISOLATION-STAGE-1', 'DOCKER-ISOLATION-STAGE-2', 'DOCKER-USER')}-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-FORWARD
-A DOCKER ! -i br-5c1f7b -o br-5c1f7b -j DROP
-A DOCKER ! -i br-9e02aa -o br-9e02aa -j DROP
-A DOCKER-BRIDGE -o br-5c1f7b -j DOCKER
-A DOCKER-BRIDGE -o br-9e02aa -j DOCKER
-A DOCKER-CT -o br-5c1f7b -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A DOCKER-CT -o br-9e02aa -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A DOCKER-FORWARD -j DOCKER-CT
-A DOCKER-FORWARD -j DOCKER-ISOLATION-STAGE-1
-A DOCKER-FORWARD -j DOCKER-BRIDGE
-A DOCKER-FORWARD -i br-5c1f7b -j ACCEPT
-A DOCKER-FORWARD -i br-9e02aa -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i br-5c1f7b ! -o br-5c1f7b -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -i br-9e02aa ! -o br-9e02aa -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-2 -o br-9e02aa -j DROP
-A DOCKER-ISOLATION-STAGE-2 -o br-5c1f7b -j DROP
${family === 4 ? '-A DOCKER-USER -o br-5c1f7b -m comment --comment "set by containerlab" -j ACCEPT\n' : ''}COMMIT
`

export const THREADS_BJ_IPTABLES: Problem[] = [
  {
    name: 'gluetun-neither-accepts-nor-routes-for-its-second-network',
    thread: {
      title: 'Bug: INPUT firewall rules and routing table 199 not applied to secondary network interfaces (eth1+)',
      address: 'https://github.com/passteque/gluetun/issues/3163',
    },
    backend: 'iptables-nft',
    hosts: {
      peer: { addresses: { eth0: ['172.18.0.9/16'] } },
      proxy: { addresses: { eth0: ['172.25.0.9/16'] }, listeners: [HTTPS] },
      gluetun: {
        addresses: { eth0: ['172.18.0.3/16'], eth1: ['172.25.0.3/16'], tun0: ['10.64.0.2/24'] },
        routes: ['default via 172.18.0.1'],
        listeners: [APP, { protocol: 'tcp', port: 8000 }],
        rules: { v4: GLUETUN },
      },
      vpn: { addresses: { tun0: ['10.64.0.1/24'] }, listeners: [HTTPS] },
    },
    links: [
      ['peer:eth0', 'gluetun:eth0'],
      ['proxy:eth0', 'gluetun:eth1'],
      ['vpn:tun0', 'gluetun:tun0'],
    ],
    traced: 'gluetun',
    setup: [
      [
        'gluetun',
        'ip rule add pref 98 to 172.18.0.0/16 lookup 199; ip route add 172.18.0.0/16 dev eth0 table 199; ip rule add pref 100 from 172.18.0.3 lookup 200; ip route add default via 172.18.0.1 table 200; ip rule add pref 101 not fwmark 0xca6c lookup 51820; ip route add default via 10.64.0.1 dev tun0 onlink table 51820',
      ],
    ],
    fails: { from: 'proxy', what: 'tcp', to: '172.25.0.3', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'peer', what: 'tcp', to: '172.18.0.3', port: 8080 }, seen: 'answered' },
      { sending: { from: 'gluetun', what: 'tcp', to: '10.64.0.1', port: 443 }, seen: 'answered' },
      { sending: { from: 'vpn', what: 'tcp', to: '10.64.0.2', port: 8080 }, seen: 'nothing' },
      { sending: { from: 'proxy', what: 'tcp', to: '172.25.0.3', port: 8000 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'INPUT accepts what comes by the first network alone. Were the request accepted, its reply would go into the tunnel, since the routing rule that leads around it is for the first network alone, too.',
      causes: [{ policy: 'filter INPUT' }, { code: 'several-causes' }],
      status: ['dropped'],
      alsoTrue: ['wrong-way-out', 'reply-by-other-uplink', 'reply-lost'],
    },
    mend: [
      [
        'gluetun',
        'iptables -A INPUT -i eth1 -d 172.25.0.0/16 -p tcp --dport 8080 -j ACCEPT; ip rule add pref 98 to 172.25.0.0/16 lookup 199; ip route add 172.25.0.0/16 dev eth1 table 199',
      ],
    ],
  },
  {
    name: 'ufw-rejects-forwarding-before-docker-accepts-its-bridge',
    thread: {
      title: `28.0.0 containers can't reach external hosts when UFW DEFAULT_FORWARD_POLICY="REJECT" is set`,
      address: 'https://github.com/moby/moby/issues/49528',
    },
    backend: 'iptables-nft',
    hosts: {
      far: {
        addresses: { eth0: ['2001:db8:1::9/64'] },
        routes: ['fd00:d0c::/64 via 2001:db8:1::1'],
        listeners: [{ ...HTTPS, address: '::' }],
      },
      host: {
        bridges: { docker0: ['veth1'] },
        addresses: {
          eth0: ['2001:db8:1::1/64'],
          eth1: ['2001:db8:2::1/64'],
          docker0: ['fd00:d0c::1/64'],
        },
        sysctls: FORWARDS,
        listeners: [{ ...SSH, address: '::' }],
        rules: {
          ipset: 'create docker-ext-bridges-v6 hash:net family inet6\nadd docker-ext-bridges-v6 fd00:d0c::/64\n',
          v6: UFW_BEFORE_DOCKER,
        },
      },
      lan: { addresses: { eth0: ['2001:db8:2::9/64'] }, routes: ['default via 2001:db8:2::1'] },
      c1: {
        addresses: { eth0: ['fd00:d0c::2/64'] },
        routes: ['default via fd00:d0c::1'],
        listeners: [
          { ...APP, address: '::' },
          { ...SSH, address: '::' },
        ],
      },
    },
    links: [
      ['far:eth0', 'host:eth0'],
      ['lan:eth0', 'host:eth1'],
      ['host:veth1', 'c1:eth0'],
    ],
    traced: 'host',
    fails: { from: 'c1', what: 'tcp', to: '2001:db8:1::9', port: 443 },
    seen: 'refused',
    others: [
      { sending: { from: 'far', what: 'tcp', to: '2001:db8:1::1', port: 8080 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '2001:db8:1::9', port: 443 }, seen: 'answered' },
      { sending: { from: 'lan', what: 'tcp', to: '2001:db8:1::9', port: 443 }, seen: 'refused' },
      { sending: { from: 'far', what: 'tcp', to: 'fd00:d0c::2', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "Docker's rule that accepts what comes from its bridge is the last one of FORWARD. ufw's chain before it rejects all that is left.",
      causes: [
        { rule: '-j REJECT --reject-with icmp6-port-unreachable', chain: 'filter ufw6-reject-forward' },
        { rule: '-i docker0 -j ACCEPT', chain: 'filter FORWARD' },
        { rule: '-j ufw6-reject-forward', chain: 'filter FORWARD' },
      ],
      status: ['rejected'],
    },
    mend: [['host', 'ip6tables -I FORWARD 5 -i docker0 -j ACCEPT']],
  },
  {
    name: 'containerlab-opens-its-bridge-for-ipv4-alone',
    thread: {
      title: 'Added v6 rule for mgmt bridge with nftables',
      address: 'https://github.com/srl-labs/containerlab/pull/2397',
    },
    backend: 'iptables-nft',
    hosts: {
      desk: {
        addresses: { eth0: ['192.0.2.9/24', '2001:db8:1::9/64'] },
        routes: [
          '172.20.20.0/24 via 192.0.2.1',
          '3fff:172:20:20::/64 via 2001:db8:1::1',
          'fd00:18::/64 via 2001:db8:1::1',
        ],
        listeners: [{ ...HTTPS, address: '::' }],
      },
      host: {
        bridges: { 'br-5c1f7b': ['veth1'], 'br-9e02aa': ['veth2'] },
        addresses: {
          eth0: ['192.0.2.1/24', '2001:db8:1::1/64'],
          'br-5c1f7b': ['172.20.20.1/24', '3fff:172:20:20::1/64'],
          'br-9e02aa': ['172.18.0.1/16', 'fd00:18::1/64'],
        },
        sysctls: FORWARDS,
        rules: { v4: lab(4), v6: lab(6) },
      },
      srl1: {
        addresses: { eth0: ['172.20.20.2/24', '3fff:172:20:20::2/64'] },
        routes: ['default via 172.20.20.1', 'default via 3fff:172:20:20::1'],
        listeners: [SSH, { ...SSH, address: '3fff:172:20:20::2' }],
      },
      app: {
        addresses: { eth0: ['172.18.0.2/16', 'fd00:18::2/64'] },
        routes: ['default via 172.18.0.1', 'default via fd00:18::1'],
        listeners: [{ ...SSH, address: '::' }],
      },
    },
    links: [
      ['desk:eth0', 'host:eth0'],
      ['host:veth1', 'srl1:eth0'],
      ['host:veth2', 'app:eth0'],
    ],
    traced: 'host',
    fails: { from: 'desk', what: 'tcp', to: '3fff:172:20:20::2', port: 22 },
    seen: 'nothing',
    others: [
      { sending: { from: 'desk', what: 'tcp', to: '172.20.20.2', port: 22 }, seen: 'answered' },
      { sending: { from: 'srl1', what: 'tcp', to: '2001:db8:1::9', port: 443 }, seen: 'answered' },
      { sending: { from: 'desk', what: 'tcp', to: 'fd00:18::2', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The rule that lets what comes from outside into the lab's bridge is there for IPv4 alone. For IPv6 Docker drops what it has not published.",
      causes: [
        { rule: '! -i br-5c1f7b -o br-5c1f7b -j DROP', chain: 'filter DOCKER' },
        { chain: 'filter DOCKER-USER' },
      ],
      status: ['dropped'],
    },
    mend: [['host', 'ip6tables -I DOCKER-USER -o br-5c1f7b -m comment --comment "set by containerlab" -j ACCEPT']],
  },
]
