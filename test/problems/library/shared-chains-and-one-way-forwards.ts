/** From threads, by iptables-nft: a chain of two hooks, a forward without its replies, and IPv6 of bridges that a rule does not name. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const DNS = { protocol: 'udp', port: 53 } as const

const NAT = `:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
`

/** As the script sets it up: one chain for what is for this machine and for what it forwards. */
const ONE_CHAIN = `*nat
${NAT}-A POSTROUTING -s 10.8.0.0/24 -o eth0 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:XL-Firewall-1-INPUT - [0:0]
-A INPUT -j XL-Firewall-1-INPUT
-A FORWARD -j XL-Firewall-1-INPUT
-A XL-Firewall-1-INPUT -s 127.0.0.1/32 -p icmp -m icmp --icmp-type any -j ACCEPT
-A XL-Firewall-1-INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A XL-Firewall-1-INPUT -p tcp -m state --state NEW -m tcp --dport 22 -j ACCEPT
-A XL-Firewall-1-INPUT -p udp -m state --state NEW -m udp --dport 1194 -j ACCEPT
-A XL-Firewall-1-INPUT -i tun+ -j ACCEPT
-A XL-Firewall-1-INPUT -j REJECT --reject-with icmp-host-prohibited
COMMIT
`

/** Docker's FORWARD, and what an executor of actions adds for its virtual machines. */
const EXECUTOR = `*nat
${NAT}-A POSTROUTING -s 192.168.0.6/32 -o eth0 -j MASQUERADE
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A FORWARD -i veth0 -o eth0 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
-A DOCKER-USER -j RETURN
COMMIT
`

/** ecs-init's two rules: the default bridge may ask for the port, and no other interface but loopback. */
const INTROSPECTION = `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-FORWARD - [0:0]
:DOCKER-USER - [0:0]
-A INPUT -i docker0 -p tcp -m tcp --dport 51678 -j ACCEPT
-A INPUT ! -i lo -p tcp -m tcp --dport 51678 -j DROP
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-FORWARD
-A DOCKER ! -i docker0 -o docker0 -j DROP
-A DOCKER ! -i br-5e1c -o br-5e1c -j DROP
-A DOCKER-FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A DOCKER-FORWARD -o br-5e1c -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A DOCKER-FORWARD -o docker0 -j DOCKER
-A DOCKER-FORWARD -o br-5e1c -j DOCKER
-A DOCKER-FORWARD -i docker0 -j ACCEPT
-A DOCKER-FORWARD -i br-5e1c -j ACCEPT
COMMIT
`

/** netavark writes the rule for its resolver for a network that leads out, and none for an internal one. */
const RESOLVERS = `*nat
${NAT}:NETAVARK-1D8721804F16F - [0:0]
-A POSTROUTING -s fd00:1::/64 -j NETAVARK-1D8721804F16F
-A NETAVARK-1D8721804F16F -d fd00:1::/64 -j ACCEPT
-A NETAVARK-1D8721804F16F ! -d ff00::/8 -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:NETAVARK_FORWARD - [0:0]
:NETAVARK_INPUT - [0:0]
-A INPUT -m comment --comment "netavark firewall rules" -j NETAVARK_INPUT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p ipv6-icmp -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A FORWARD -m comment --comment "netavark firewall rules" -j NETAVARK_FORWARD
-A NETAVARK_FORWARD -d fd00:1::/64 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A NETAVARK_FORWARD -s fd00:1::/64 -j ACCEPT
-A NETAVARK_INPUT -s fd00:1::/64 -p udp -m udp --dport 53 -j ACCEPT
COMMIT
`

export const SHARED_CHAINS_AND_ONE_WAY_FORWARDS: Problem[] = [
  {
    name: 'one-chain-of-input-and-forward-rejects-a-port-of-the-server',
    thread: { title: 'Iptables rules', address: 'https://github.com/xl-tech/OpenVPN-easy-setup/issues/11' },
    backend: 'iptables-nft',
    hosts: {
      remote: {
        addresses: { eth0: ['203.0.113.9/24'] },
        routes: ['192.168.1.0/24 via 203.0.113.1'],
        listeners: WEB,
      },
      vpn: {
        addresses: { eth0: ['203.0.113.1/24'], eth1: ['192.168.1.1/24'], tun0: ['10.8.0.1/24'] },
        sysctls: FORWARDS,
        listeners: [SSH, ...WEB, { protocol: 'tcp', port: 8080 }, { protocol: 'udp', port: 1194 }],
        rules: { v4: ONE_CHAIN },
      },
      lan: {
        addresses: { eth0: ['192.168.1.10/24'] },
        routes: ['default via 192.168.1.1'],
        listeners: [SSH, ...WEB],
      },
      peer: { addresses: { tun0: ['10.8.0.2/24'] }, routes: ['default via 10.8.0.1'] },
    },
    links: [
      ['remote:eth0', 'vpn:eth0'],
      ['vpn:eth1', 'lan:eth0'],
      ['vpn:tun0', 'peer:tun0'],
    ],
    traced: 'vpn',
    fails: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 80 },
    seen: 'unreachable',
    others: [
      // the same chain rejects it on its way through: that has to stay
      { sending: { from: 'remote', what: 'tcp', to: '192.168.1.10', port: 80 }, seen: 'unreachable' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 8080 }, seen: 'unreachable' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'udp', to: '203.0.113.1', port: 1194 }, seen: 'answered' },
      { sending: { from: 'peer', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'peer', what: 'tcp', to: '192.168.1.10', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The chain that INPUT and FORWARD have in common has no rule for the port of the web server, and its last rule rejects. In that chain a rule for the port would be for what is forwarded, too.',
      causes: [
        { rule: '-j REJECT', chain: 'filter XL-Firewall-1-INPUT' },
        { chain: 'filter XL-Firewall-1-INPUT' },
        { chain: 'filter INPUT' },
      ],
      status: ['rejected'],
    },
    mend: [['vpn', 'iptables -I INPUT -p tcp --dport 80 -j ACCEPT']],
  },
  {
    name: 'executor-accepts-what-its-machine-sends-and-not-the-replies',
    thread: {
      title: 'Allow traffic from default interface to host veth',
      address: 'https://github.com/buildbuddy-io/buildbuddy/pull/7164',
    },
    backend: 'iptables-nft',
    hosts: {
      remote: {
        addresses: { eth0: ['203.0.113.9/24'] },
        routes: ['192.168.0.4/30 via 203.0.113.1', '172.17.0.0/16 via 203.0.113.1'],
        listeners: [HTTPS],
      },
      executor: {
        bridges: { docker0: ['veth1'] },
        addresses: { eth0: ['203.0.113.1/24'], veth0: ['192.168.0.5/30'], docker0: ['172.17.0.1/16'] },
        sysctls: FORWARDS,
        rules: { v4: EXECUTOR },
      },
      vm: { addresses: { eth0: ['192.168.0.6/30'] }, routes: ['default via 192.168.0.5'], listeners: [SSH] },
      web: { addresses: { eth0: ['172.17.0.2/16'] }, routes: ['default via 172.17.0.1'], listeners: WEB },
    },
    links: [
      ['remote:eth0', 'executor:eth0'],
      ['executor:veth0', 'vm:eth0'],
      ['executor:veth1', 'web:eth0'],
    ],
    traced: 'executor',
    fails: { from: 'vm', what: 'ping', to: '203.0.113.9' },
    seen: 'nothing',
    others: [
      { sending: { from: 'vm', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'nothing', either: true },
      { sending: { from: 'vm', what: 'ping', to: '192.168.0.5' }, seen: 'answered' },
      { sending: { from: 'web', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '192.168.0.6', port: 22 }, seen: 'nothing' },
      { sending: { from: 'remote', what: 'ping', to: '192.168.0.6' }, seen: 'nothing' },
      { sending: { from: 'remote', what: 'tcp', to: '172.17.0.2', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "FORWARD accepts what the virtual machine sends and has no rule for the other direction: Docker's policy drops the replies.",
      causes: [{ policy: 'filter FORWARD' }, { chain: 'filter FORWARD' }, { chain: 'filter DOCKER-USER' }],
      status: ['reply-lost'],
    },
    mend: [['executor', 'iptables -A FORWARD -i eth0 -o veth0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT']],
  },
  {
    name: 'ecs-lets-the-default-bridge-ask-its-agent-and-no-other-bridge',
    thread: {
      title: 'Block off-host access to introspection server for all host network interface',
      address: 'https://github.com/aws/amazon-ecs-agent/pull/4657',
    },
    backend: 'iptables-nft',
    hosts: {
      client: {
        addresses: { eth0: ['2001:db8:a::9/64'] },
        routes: ['fd00:18::/64 via 2001:db8:a::10'],
      },
      instance: {
        bridges: { docker0: ['veth1'], 'br-5e1c': ['veth2'] },
        addresses: { eth0: ['2001:db8:a::10/64'], docker0: ['fd00:17::1/64'], 'br-5e1c': ['fd00:18::1/64'] },
        sysctls: FORWARDS,
        listeners: [
          { ...SSH, address: '::' },
          { protocol: 'tcp', address: '::', port: 51678 },
        ],
        rules: { v6: INTROSPECTION },
      },
      task: { addresses: { eth0: ['fd00:17::2/64'] }, routes: ['default via fd00:17::1'] },
      app: {
        addresses: { eth0: ['fd00:18::2/64'] },
        routes: ['default via fd00:18::1'],
        listeners: [{ protocol: 'tcp', address: '::', port: 80 }],
      },
    },
    links: [
      ['client:eth0', 'instance:eth0'],
      ['instance:veth1', 'task:eth0'],
      ['instance:veth2', 'app:eth0'],
    ],
    traced: 'instance',
    fails: { from: 'app', what: 'tcp', to: '2001:db8:a::10', port: 51678 },
    seen: 'nothing',
    others: [
      { sending: { from: 'task', what: 'tcp', to: '2001:db8:a::10', port: 51678 }, seen: 'answered' },
      { sending: { from: 'instance', what: 'tcp', to: '2001:db8:a::10', port: 51678 }, seen: 'answered' },
      { sending: { from: 'app', what: 'tcp', to: '2001:db8:a::10', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:a::10', port: 51678 }, seen: 'nothing' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:a::10', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: 'fd00:18::2', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The rule that accepts the port is for docker0. This container is on a bridge of its own, so the rule behind it drops what it asks, as it comes in by no loopback.',
      causes: [{ rule: '51678', chain: 'filter INPUT' }, { chain: 'filter INPUT' }],
      status: ['dropped'],
    },
    mend: [['instance', 'ip6tables -I INPUT -i br-5e1c -p tcp -m tcp --dport 51678 -j ACCEPT']],
  },
  {
    name: 'netavark-opens-its-resolver-for-no-internal-network',
    thread: {
      title: 'Cannot resolve container hostnames in internal network',
      address: 'https://github.com/podman-container-tools/podman/issues/22807',
    },
    backend: 'iptables-nft',
    hosts: {
      client: {
        addresses: { eth0: ['2001:db8:c::9/64'] },
        routes: ['fd00:2::/64 via 2001:db8:c::1'],
        listeners: [{ ...HTTPS, address: '::' }],
      },
      host: {
        bridges: { podman1: ['veth1'], podman2: ['veth2'] },
        addresses: { eth0: ['2001:db8:c::1/64'], podman1: ['fd00:1::1/64'], podman2: ['fd00:2::1/64'] },
        sysctls: FORWARDS,
        listeners: [
          { ...SSH, address: '::' },
          { protocol: 'tcp', address: '::', port: 9090 },
          { ...DNS, address: 'fd00:1::1' },
          { ...DNS, address: 'fd00:2::1' },
        ],
        rules: { v6: RESOLVERS },
      },
      web: { addresses: { eth0: ['fd00:1::2/64'] }, routes: ['default via fd00:1::1'] },
      db: { addresses: { eth0: ['fd00:2::2/64'] } },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['host:veth1', 'web:eth0'],
      ['host:veth2', 'db:eth0'],
    ],
    traced: 'host',
    fails: { from: 'db', what: 'udp', to: 'fd00:2::1', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'web', what: 'udp', to: 'fd00:1::1', port: 53 }, seen: 'answered' },
      { sending: { from: 'web', what: 'tcp', to: '2001:db8:c::9', port: 443 }, seen: 'answered' },
      { sending: { from: 'db', what: 'ping', to: 'fd00:2::1' }, seen: 'answered' },
      { sending: { from: 'db', what: 'tcp', to: 'fd00:2::1', port: 9090 }, seen: 'nothing' },
      { sending: { from: 'client', what: 'udp', to: 'fd00:2::1', port: 53 }, seen: 'nothing' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:c::1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'NETAVARK_INPUT accepts DNS from the network that leads out and has no rule for the internal one: the policy of INPUT drops the query.',
      causes: [{ policy: 'filter INPUT' }, { chain: 'filter NETAVARK_INPUT' }, { chain: 'filter INPUT' }],
      status: ['dropped'],
    },
    mend: [['host', 'ip6tables -A NETAVARK_INPUT -s fd00:2::/64 -p udp -m udp --dport 53 -j ACCEPT']],
  },
]
