/** From threads: chains of an engine that are not called or come too late, rules of others in front of it, and a published port asked from inside. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const

const NAT = `:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
`

/** Docker's chains of version 29 for one bridge with one port; FORWARD is whatever calls them. */
const docker = (forward: string, policy = 'DROP') => `*nat
${NAT}:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ${policy} [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-BRIDGE - [0:0]
:DOCKER-CT - [0:0]
:DOCKER-FORWARD - [0:0]
:DOCKER-INTERNAL - [0:0]
:DOCKER-USER - [0:0]
${forward}-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER ! -i docker0 -o docker0 -j DROP
-A DOCKER-BRIDGE -o docker0 -j DOCKER
-A DOCKER-CT -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A DOCKER-FORWARD -j DOCKER-CT
-A DOCKER-FORWARD -j DOCKER-INTERNAL
-A DOCKER-FORWARD -j DOCKER-BRIDGE
-A DOCKER-FORWARD -i docker0 -j ACCEPT
COMMIT
`

/** Two cards, a bridge, and a container behind it; who is behind the second card is nobody's business. */
const engine = (v4: string): Pick<Problem, 'hosts' | 'links'> => ({
  hosts: {
    remote: {
      addresses: { eth0: ['203.0.113.9/24'] },
      routes: ['172.17.0.0/16 via 203.0.113.1', '192.168.7.0/24 via 203.0.113.1'],
      listeners: [HTTPS],
    },
    host: {
      bridges: { docker0: ['veth1'] },
      addresses: { eth0: ['203.0.113.1/24'], eth1: ['192.168.7.1/24'], docker0: ['172.17.0.1/16'] },
      sysctls: FORWARDS,
      listeners: [SSH],
      rules: { v4 },
    },
    nas: { addresses: { eth0: ['192.168.7.5/24'] }, routes: ['default via 192.168.7.1'], listeners: [...WEB] },
    web: {
      addresses: { eth0: ['172.17.0.2/16'] },
      routes: ['default via 172.17.0.1'],
      listeners: [...WEB, { protocol: 'tcp', port: 81 }],
    },
  },
  links: [
    ['remote:eth0', 'host:eth0'],
    ['host:eth1', 'nas:eth0'],
    ['host:veth1', 'web:eth0'],
  ],
})

/** What must stay as it is whichever of them is mended. */
const CLOSED: Problem['others'] = [
  { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
  { sending: { from: 'remote', what: 'tcp', to: '172.17.0.2', port: 81 }, seen: 'nothing' },
  { sending: { from: 'remote', what: 'tcp', to: '192.168.7.5', port: 80 }, seen: 'nothing' },
]

/** CNI's port mapping of nerdctl, and a rule of somebody who saw the port taken for a moment. */
const SHADOWED = `*nat
${NAT}:CNI-DN-4d1b2f - [0:0]
:CNI-HOSTPORT-DNAT - [0:0]
:CNI-HOSTPORT-MASQ - [0:0]
:CNI-HOSTPORT-SETMARK - [0:0]
-A PREROUTING -i eth0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 127.0.0.1:8080
-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A OUTPUT -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A POSTROUTING -m comment --comment "CNI portfwd requiring masquerade" -j CNI-HOSTPORT-MASQ
-A POSTROUTING -s 10.4.0.0/24 ! -d 10.4.0.0/24 -j MASQUERADE
-A CNI-DN-4d1b2f -s 10.4.0.0/24 -p tcp -m tcp --dport 8080 -j CNI-HOSTPORT-SETMARK
-A CNI-DN-4d1b2f -s 127.0.0.1/32 -p tcp -m tcp --dport 8080 -j CNI-HOSTPORT-SETMARK
-A CNI-DN-4d1b2f -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.4.0.2:80
-A CNI-HOSTPORT-DNAT -p tcp -m comment --comment "dnat name: \\"bridge\\" id: \\"default-7f3a\\"" -m multiport --dports 8080 -j CNI-DN-4d1b2f
-A CNI-HOSTPORT-MASQ -m mark --mark 0x2000/0x2000 -j MASQUERADE
-A CNI-HOSTPORT-SETMARK -m comment --comment "CNI portfwd masquerade mark" -j MARK --set-xmark 0x2000/0x2000
COMMIT
`

/** Oracle's image: the addresses of its services are for its own programs. */
const INSTANCE_SERVICES = `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:InstanceServices - [0:0]
-A INPUT -d 169.254.25.10/32 -p udp -m udp --dport 53 -m comment --comment "NodeLocal DNS Cache: allow DNS traffic" -j ACCEPT
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m state --state NEW -m tcp --dport 22 -j ACCEPT
-A INPUT -j REJECT --reject-with icmp-host-prohibited
-A FORWARD -i cni0 -j ACCEPT
-A FORWARD -o cni0 -m state --state RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -j REJECT --reject-with icmp-host-prohibited
-A OUTPUT -d 169.254.0.0/16 -j InstanceServices
-A InstanceServices -d 169.254.0.2/32 -p tcp -m owner --uid-owner 0 -m tcp --dport 3260 -j ACCEPT
-A InstanceServices -d 169.254.0.2/32 -p tcp -m tcp --dport 80 -j ACCEPT
-A InstanceServices -d 169.254.169.254/32 -p udp -m udp --dport 53 -j ACCEPT
-A InstanceServices -d 169.254.169.254/32 -p tcp -m tcp --dport 53 -j ACCEPT
-A InstanceServices -d 169.254.169.254/32 -p tcp -m tcp --dport 80 -j ACCEPT
-A InstanceServices -d 169.254.169.254/32 -p udp -m udp --dport 123 -j ACCEPT
-A InstanceServices -d 169.254.0.0/16 -p tcp -m tcp -j REJECT --reject-with tcp-reset
-A InstanceServices -d 169.254.0.0/16 -p udp -m udp -j REJECT --reject-with icmp-port-unreachable
COMMIT
`

/** RHEL 7 with Docker of its time: what a container asks of the host goes to docker-proxy, through INPUT. */
const PROXIED = `*nat
${NAT}:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 9300 -j DNAT --to-destination 172.17.0.2:9300
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:IN_public - [0:0]
:IN_public_allow - [0:0]
:INPUT_ZONES - [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -j INPUT_ZONES
-A INPUT -p icmp -j ACCEPT
-A INPUT -j REJECT --reject-with icmp-host-prohibited
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A FORWARD -j REJECT --reject-with icmp-host-prohibited
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 9300 -j ACCEPT
-A INPUT_ZONES -i eth0 -g IN_public
-A INPUT_ZONES -g IN_public
-A IN_public -j IN_public_allow
-A IN_public_allow -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -j ACCEPT
COMMIT
`

export const ENGINES_IN_THE_WRONG_ORDER: Problem[] = [
  {
    name: 'synology-forward-calls-no-chain-of-docker',
    thread: {
      title:
        '[BUG] Docker v29: DOCKER-FORWARD chain orphaned after update — container outbound traffic blocked when FORWARD policy is DROP',
      address: 'https://github.com/telnetdoogie/synology-docker/issues/66',
    },
    backend: 'iptables-legacy',
    ...engine(docker('')),
    traced: 'host',
    fails: { from: 'web', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'nothing',
    others: [
      ...CLOSED,
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 8080 }, seen: 'nothing', either: true },
    ],
    truth: {
      words: "FORWARD has no rule at all: it calls none of Docker's chains, which would accept, and its policy drops.",
      causes: [{ policy: 'filter FORWARD' }, { chain: 'filter FORWARD' }, { chain: 'filter DOCKER-FORWARD' }],
      status: ['dropped'],
    },
    mend: [['host', 'iptables -A FORWARD -j DOCKER-FORWARD']],
  },
  {
    name: 'plesk-drops-in-front-of-what-docker-appends',
    thread: {
      title: 'Docker 28 stops containers communicating with tailscale network.',
      address: 'https://github.com/moby/moby/issues/49498',
    },
    backend: 'iptables-legacy',
    ...engine(docker('-A FORWARD -j DOCKER-USER\n-A FORWARD -j DROP\n-A FORWARD -j DOCKER-FORWARD\n', 'ACCEPT')),
    traced: 'host',
    fails: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 8080 },
    seen: 'nothing',
    others: [
      ...CLOSED,
      { sending: { from: 'web', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'nothing', either: true },
      { sending: { from: 'nas', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "A rule of FORWARD drops everything, and Docker's own chain is called behind it. The policy is to accept: without that rule all would be forwarded.",
      causes: [
        { rule: '-j DROP', chain: 'filter FORWARD' },
        { chain: 'filter FORWARD' },
        { chain: 'filter DOCKER-USER' },
      ],
      status: ['dropped'],
    },
    mend: [['host', 'iptables -D FORWARD -j DROP; iptables -A FORWARD -j DROP']],
  },
  {
    name: 'scanner-forwards-to-loopback-a-port-that-cni-maps',
    thread: {
      title:
        "procnet scanner installs PREROUTING DNAT for nerdctl's transient OCI-hook reservation socket, shadowing CNI portmap",
      address: 'https://github.com/rancher-sandbox/rancher-desktop/issues/10336',
    },
    backend: 'iptables-nft',
    hosts: {
      windows: { addresses: { eth0: ['172.20.0.1/20'] }, routes: ['10.4.0.0/24 via 172.20.0.2'], listeners: [HTTPS] },
      vm: {
        bridges: { nerdctl0: ['veth1'] },
        addresses: { eth0: ['172.20.0.2/20'], nerdctl0: ['10.4.0.1/24'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: { v4: SHADOWED },
      },
      web: { addresses: { eth0: ['10.4.0.2/24'] }, routes: ['default via 10.4.0.1'], listeners: WEB },
    },
    links: [
      ['windows:eth0', 'vm:eth0'],
      ['vm:veth1', 'web:eth0'],
    ],
    traced: 'vm',
    fails: { from: 'windows', what: 'tcp', to: '172.20.0.2', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'vm', what: 'tcp', to: '172.20.0.2', port: 8080 }, seen: 'answered' },
      { sending: { from: 'windows', what: 'tcp', to: '172.20.0.2', port: 22 }, seen: 'answered' },
      { sending: { from: 'windows', what: 'tcp', to: '172.20.0.2', port: 8081 }, seen: 'refused' },
      { sending: { from: 'web', what: 'tcp', to: '172.20.0.1', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        'A DNAT to loopback comes before the mapping of the container. From outside the kernel routes nothing to loopback, and nothing would listen there.',
      causes: [
        { rule: '127.0.0.1:8080', chain: 'nat PREROUTING' },
        { code: 'vanished-martian', words: ['127.0.0.1'] },
      ],
      status: ['lost', 'unanswered'],
    },
    mend: [['vm', 'iptables -t nat -D PREROUTING 1']],
  },
  {
    name: 'oracle-services-chain-rejects-the-nodes-own-dns-cache',
    thread: {
      title: 'all nodelocaldns are failing in OCI deployment',
      address: 'https://github.com/kubernetes-sigs/kubespray/issues/9089',
    },
    backend: 'iptables-nft',
    hosts: {
      cloud: {
        addresses: { eth0: ['10.0.0.1/24'], lo: ['169.254.169.254/32'] },
        listeners: [
          { protocol: 'udp', address: '169.254.169.254', port: 53 },
          { protocol: 'udp', address: '169.254.169.254', port: 5353 },
          ...WEB,
        ],
      },
      node: {
        bridges: { cni0: ['veth1'] },
        addresses: { eth0: ['10.0.0.10/24'], lo: ['169.254.25.10/32'], cni0: ['10.233.64.1/24'] },
        routes: ['default via 10.0.0.1'],
        sysctls: FORWARDS,
        listeners: [
          SSH,
          { protocol: 'udp', address: '169.254.25.10', port: 53 },
          { protocol: 'tcp', address: '169.254.25.10', port: 9254 },
        ],
        rules: { v4: INSTANCE_SERVICES },
      },
      pod: { addresses: { eth0: ['10.233.64.2/24'] }, routes: ['default via 10.233.64.1'] },
    },
    links: [
      ['cloud:eth0', 'node:eth0'],
      ['node:veth1', 'pod:eth0'],
    ],
    traced: 'node',
    fails: { from: 'node', what: 'udp', to: '169.254.25.10', port: 53 },
    seen: 'refused',
    others: [
      { sending: { from: 'pod', what: 'udp', to: '169.254.25.10', port: 53 }, seen: 'answered' },
      { sending: { from: 'node', what: 'udp', to: '169.254.169.254', port: 53 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '169.254.169.254', port: 80 }, seen: 'answered' },
      // the reset goes through the same chain, and no further
      { sending: { from: 'node', what: 'tcp', to: '169.254.25.10', port: 9254 }, seen: 'nothing', either: true },
      { sending: { from: 'node', what: 'tcp', to: '169.254.169.254', port: 8080 }, seen: 'refused' },
      { sending: { from: 'node', what: 'udp', to: '169.254.169.254', port: 5353 }, seen: 'refused' },
      { sending: { from: 'cloud', what: 'tcp', to: '10.0.0.10', port: 9254 }, seen: 'unreachable' },
    ],
    truth: {
      words:
        "The image's chain for the cloud's services takes all of 169.254.0.0/16, and so the address of the node's own cache, which it rejects.",
      causes: [
        { rule: '-p udp -m udp -j REJECT', chain: 'filter InstanceServices' },
        { chain: 'filter InstanceServices' },
        { rule: '169.254.0.0/16', chain: 'filter OUTPUT' },
      ],
      status: ['rejected'],
    },
    mend: [['node', 'iptables -I OUTPUT -d 169.254.25.10/32 -o lo -j ACCEPT']],
  },
  {
    name: 'container-asks-its-own-published-port-and-input-rejects-it',
    thread: { title: 'iptables issues?', address: 'https://github.com/docker-library/elasticsearch/issues/46' },
    backend: 'iptables-legacy',
    hosts: {
      peer: { addresses: { eth0: ['192.168.88.190/24'] }, listeners: [{ protocol: 'tcp', port: 9300 }] },
      host: {
        bridges: { docker0: ['veth1'] },
        addresses: { eth0: ['192.168.88.145/24'], docker0: ['172.17.42.1/16'] },
        sysctls: FORWARDS,
        // docker-proxy
        listeners: [SSH, { protocol: 'tcp', port: 9300 }, { protocol: 'tcp', port: 111 }],
        rules: { v4: PROXIED },
      },
      elastic: {
        addresses: { eth0: ['172.17.0.2/16'] },
        routes: ['default via 172.17.42.1'],
        listeners: [{ protocol: 'tcp', port: 9300 }],
      },
    },
    links: [
      ['peer:eth0', 'host:eth0'],
      ['host:veth1', 'elastic:eth0'],
    ],
    traced: 'host',
    fails: { from: 'elastic', what: 'tcp', to: '192.168.88.145', port: 9300 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'peer', what: 'tcp', to: '192.168.88.145', port: 9300 }, seen: 'answered' },
      { sending: { from: 'elastic', what: 'tcp', to: '192.168.88.190', port: 9300 }, seen: 'answered' },
      { sending: { from: 'elastic', what: 'tcp', to: '192.168.88.145', port: 22 }, seen: 'answered' },
      { sending: { from: 'elastic', what: 'tcp', to: '192.168.88.145', port: 111 }, seen: 'unreachable' },
      { sending: { from: 'peer', what: 'tcp', to: '192.168.88.145', port: 111 }, seen: 'unreachable' },
    ],
    truth: {
      words:
        "Docker's DNAT is not for what comes from its own bridge. There the request is for docker-proxy on the host, and INPUT rejects it, as no zone has the port.",
      causes: [
        { rule: '-j REJECT', chain: 'filter INPUT' },
        { chain: 'filter INPUT' },
        { chain: 'filter IN_public_allow' },
        { rule: '! -i docker0', chain: 'nat DOCKER' },
      ],
      status: ['rejected'],
    },
    mend: [['host', 'iptables -I INPUT 3 -i docker0 -p tcp -m tcp --dport 9300 -j ACCEPT']],
  },
]
