/** From threads, by iptables-legacy: Docker's rules flushed by a role of Ansible, a Swarm host at two networks, a VPN's pod, and a node. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

const WEB = { protocol: 'tcp', port: 80 } as const

const HTTPS = { protocol: 'tcp', port: 443 } as const

const APP = { protocol: 'tcp', port: 8080 } as const

const NAT = `:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
`

/** What geerlingguy.firewall leaves after its flush. */
const ROLE = `*nat
${NAT}COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 443 -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -p udp -m udp --sport 123 -j ACCEPT
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -m limit --limit 15/min -j LOG --log-prefix "Dropped by firewall: " --log-level 7
-A INPUT -j DROP
-A OUTPUT -p udp -m udp --dport 123 -j ACCEPT
COMMIT
`

const SWARM = `*nat
${NAT}:DOCKER - [0:0]
:DOCKER-INGRESS - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER-INGRESS
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT -m addrtype --dst-type LOCAL -j DOCKER-INGRESS
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -o docker_gwbridge -m addrtype --src-type LOCAL -j MASQUERADE
-A POSTROUTING -s 172.18.0.0/16 ! -o docker_gwbridge -j MASQUERADE
-A DOCKER -i docker_gwbridge -j RETURN
-A DOCKER-INGRESS -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.18.0.2:8080
-A DOCKER-INGRESS -j RETURN
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-INGRESS - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-INGRESS
-A FORWARD -o docker_gwbridge -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker_gwbridge -j DOCKER
-A FORWARD -i docker_gwbridge ! -o docker_gwbridge -j ACCEPT
-A FORWARD -i docker_gwbridge -o docker_gwbridge -j DROP
-A DOCKER-INGRESS -p tcp -m tcp --dport 8080 -j ACCEPT
-A DOCKER-INGRESS -p tcp -m state --state RELATED,ESTABLISHED -m tcp --sport 8080 -j ACCEPT
-A DOCKER-INGRESS -j RETURN
-A DOCKER-USER -j RETURN
COMMIT
`

/** FIREWALL_INPUT_PORTS is put into effect for IPv4 alone. */
const gluetun = (family: 4 | 6) => `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
${family === 4 ? '-A INPUT -i eth0 -p tcp -m tcp --dport 9898 -j ACCEPT\n' : '-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j ACCEPT\n-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 136 -j ACCEPT\n'}-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -o tun0 -j ACCEPT
${family === 4 ? '-A OUTPUT -d 146.70.193.130/32 -o eth0 -p udp -m udp --dport 1194 -j ACCEPT\n' : '-A OUTPUT -d ff02::1:ff00:0/104 -o eth0 -j ACCEPT\n-A OUTPUT -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j ACCEPT\n-A OUTPUT -p ipv6-icmp -m icmp6 --icmpv6-type 136 -j ACCEPT\n'}COMMIT
`

const NODE = `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
:KUBE-FIREWALL - [0:0]
:KUBE-FORWARD - [0:0]
-A INPUT -j KUBE-FIREWALL
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A OUTPUT -j KUBE-FIREWALL
-A OUTPUT -m conntrack --ctstate NEW,RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
-A KUBE-FIREWALL -m comment --comment "kubernetes firewall for dropping marked packets" -m mark --mark 0x8000/0x8000 -j DROP
-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment "block incoming localnet connections" -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
COMMIT
`

export const THREADS_BJ_LEGACY: Problem[] = [
  {
    name: 'ansible-role-flushes-dockers-rules-and-input-drops-the-proxys-port',
    thread: {
      title: 'docker rules are flushed on each run',
      address: 'https://github.com/geerlingguy/ansible-role-firewall/issues/82',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] }, listeners: [HTTPS] },
      host: {
        bridges: { docker0: ['veth1'] },
        addresses: { eth0: ['192.0.2.1/24'], docker0: ['172.17.0.1/16'] },
        sysctls: FORWARDS,
        // docker-proxy listens at each published port
        listeners: [SSH, APP, { protocol: 'tcp', port: 5432 }],
        rules: { v4: ROLE },
      },
      c1: {
        addresses: { eth0: ['172.17.0.2/16'] },
        routes: ['default via 172.17.0.1'],
        listeners: [WEB],
      },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['host:veth1', 'c1:eth0'],
    ],
    traced: 'host',
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '172.17.0.2', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 5432 }, seen: 'nothing' },
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.1', port: 5432 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The role has flushed Docker's DNAT, so the request stays at the host, whose INPUT accepts the ports of the role's list alone.",
      causes: [{ rule: '-j DROP', chain: 'filter INPUT' }, { chain: 'nat PREROUTING' }, { chain: 'filter INPUT' }],
      status: ['dropped'],
    },
    mend: [
      [
        'host',
        'iptables -t nat -A PREROUTING -p tcp --dport 8080 -m addrtype --dst-type LOCAL -j DNAT --to-destination 172.17.0.2:80',
      ],
    ],
  },
  {
    name: 'swarm-replies-for-its-second-network-by-the-first',
    thread: {
      title: 'Docker Swarm Host - dockerd w/ Multiple Interfaces (eth0 & eth1)',
      address: 'https://github.com/moby/libnetwork/issues/2395',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: {
        addresses: { eth0: ['203.0.113.9/24'] },
        routes: ['default via 203.0.113.1'],
        listeners: [HTTPS],
      },
      vpc: {
        addresses: { wan: ['203.0.113.1/24'], net0: ['10.0.0.1/24'], net1: ['10.0.1.1/24'] },
        routes: ['172.18.0.0/16 via 10.0.0.5'],
        sysctls: { ...FORWARDS, 'net.ipv4.conf.all.rp_filter': '1' },
      },
      host: {
        bridges: { docker_gwbridge: ['veth1'] },
        addresses: {
          eth0: ['10.0.0.5/24'],
          eth1: ['10.0.1.5/24'],
          docker_gwbridge: ['172.18.0.1/16'],
        },
        routes: ['default via 10.0.0.1'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: { v4: SWARM },
      },
      ingress: {
        addresses: { eth1: ['172.18.0.2/16'] },
        routes: ['default via 172.18.0.1'],
        listeners: [APP, SSH],
      },
    },
    links: [
      ['client:eth0', 'vpc:wan'],
      ['vpc:net0', 'host:eth0'],
      ['vpc:net1', 'host:eth1'],
      ['host:veth1', 'ingress:eth1'],
    ],
    traced: 'host',
    setup: [
      [
        'host',
        'ip rule add pref 32765 from 10.0.1.5 lookup 10001; ip route add default via 10.0.1.1 dev eth1 table 10001; ip route add 10.0.1.0/24 dev eth1 table 10001',
      ],
    ],
    fails: { from: 'client', what: 'tcp', to: '10.0.1.5', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '10.0.0.5', port: 8080 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '10.0.1.5', port: 22 }, seen: 'answered' },
      { sending: { from: 'ingress', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '172.18.0.2', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The container's reply is routed with its own address, for which no routing rule is there: it leaves by eth0 with eth1's address, and the network drops that.",
      causes: [{ code: 'reply-by-other-uplink' }, { code: 'wrong-way-out' }, { code: 'reply-lost' }],
      status: ['unanswered', 'reply-lost'],
    },
    mend: [
      [
        'host',
        'iptables -t mangle -A PREROUTING -i eth1 -m conntrack --ctstate NEW -j CONNMARK --set-mark 1; iptables -t mangle -A PREROUTING -i docker_gwbridge -j CONNMARK --restore-mark; ip rule add fwmark 1 lookup 10001',
      ],
    ],
  },
  {
    name: 'gluetun-opens-its-input-ports-for-ipv4-alone',
    thread: {
      title: 'Bug: FIREWALL_INPUT_PORTS not respected for IPv6 in dual-stack cluster',
      address: 'https://github.com/passteque/gluetun/issues/2524',
    },
    backend: 'iptables-legacy',
    hosts: {
      node: {
        addresses: { veth1: ['10.42.0.1/24', '2001:cafe:42::1/64'] },
        sysctls: FORWARDS,
      },
      pod: {
        addresses: {
          eth0: ['10.42.0.46/24', '2001:cafe:42::2e/64'],
          tun0: ['10.8.0.18/16', 'fdda:d0d0:cafe:1194::2/64'],
        },
        routes: [
          'default via 10.42.0.1',
          '0.0.0.0/1 via 10.8.0.1',
          '128.0.0.0/1 via 10.8.0.1',
          '::/2 via fdda:d0d0:cafe:1194::1',
          '4000::/2 via fdda:d0d0:cafe:1194::1',
        ],
        listeners: [
          { protocol: 'tcp', port: 9898 },
          { protocol: 'tcp', port: 9898, address: '::' },
          { protocol: 'tcp', port: 8000, address: '::' },
        ],
        rules: { v4: gluetun(4), v6: gluetun(6) },
      },
      vpn: {
        addresses: { tun0: ['10.8.0.1/16', 'fdda:d0d0:cafe:1194::1/64'] },
        listeners: [{ ...HTTPS, address: '::' }],
      },
    },
    links: [
      ['node:veth1', 'pod:eth0'],
      ['vpn:tun0', 'pod:tun0'],
    ],
    traced: 'pod',
    setup: [
      [
        'pod',
        'ip -6 rule add pref 100 from 2001:cafe:42::2e lookup 200; ip -6 route add default via 2001:cafe:42::1 dev eth0 table 200',
      ],
    ],
    fails: { from: 'node', what: 'tcp', to: '2001:cafe:42::2e', port: 9898 },
    seen: 'nothing',
    others: [
      { sending: { from: 'node', what: 'tcp', to: '10.42.0.46', port: 9898 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: 'fdda:d0d0:cafe:1194::1', port: 443 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '2001:cafe:42::2e', port: 8000 }, seen: 'nothing' },
      { sending: { from: 'vpn', what: 'tcp', to: 'fdda:d0d0:cafe:1194::2', port: 9898 }, seen: 'nothing' },
    ],
    truth: {
      words: 'The rule that accepts the port is there for IPv4 alone. For IPv6 the policy of INPUT drops the request.',
      causes: [{ policy: 'filter INPUT' }],
      status: ['dropped'],
    },
    mend: [['pod', 'ip6tables -A INPUT -i eth0 -p tcp --dport 9898 -j ACCEPT']],
  },
  {
    name: 'healthy-kube-firewall-drops-what-is-marked-and-this-is-not',
    thread: {
      title: 'iptables rules causing network unreachable',
      address: 'https://github.com/kubernetes/kubernetes/issues/83063',
    },
    backend: 'iptables-legacy',
    hosts: {
      admin: { addresses: { eth0: ['10.128.0.9/24'] }, listeners: [HTTPS] },
      node: {
        addresses: { eth0: ['10.128.0.2/24'] },
        sysctls: FORWARDS,
        listeners: [SSH, { protocol: 'tcp', port: 10250 }],
        rules: { v4: NODE },
      },
    },
    links: [['admin:eth0', 'node:eth0']],
    traced: 'node',
    fails: { from: 'admin', what: 'tcp', to: '10.128.0.2', port: 22 },
    seen: 'answered',
    others: [
      { sending: { from: 'node', what: 'tcp', to: '10.128.0.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'admin', what: 'tcp', to: '10.128.0.2', port: 10250 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'Nothing is wrong: the chain that is said to drop everything drops marked packets and requests to loopback from elsewhere, and SSH is accepted.',
      causes: [],
      status: ['answered'],
    },
    mend: [['node', 'true']],
  },
]
