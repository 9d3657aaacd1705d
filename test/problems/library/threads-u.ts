/** What clouds and engines leave on a host, from threads: a balancer's address, an agent's drop, a partition, a second drop. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTP = { protocol: 'tcp', port: 80 } as const

/** A service that is not root's: its user decides what the owner match says of its replies. */
const asNobody = (port: number): string =>
  `setpriv --reuid=65534 --regid=65534 --clear-groups perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(LocalPort => ${port}, Listen => 5, ReuseAddr => 1) or die; alarm 120; while ($c = $s->accept) { close $c }' >/dev/null 2>&1 </dev/null & sleep 0.5`

export const THREADS_U: Problem[] = [
  {
    name: 'gcp-agent-makes-the-balancers-address-the-nodes-own',
    thread: {
      title: 'FR: Add an configuration option to allow omitting installing local routes for ForwardedIps.',
      address: 'https://github.com/GoogleCloudPlatform/guest-agent/issues/555',
    },
    backend: 'iptables-nft',
    hosts: {
      node: {
        addresses: { eth0: ['10.128.0.2/24'] },
        listeners: [SSH],
        rules: {
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A OUTPUT -m conntrack --ctstate NEW,RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
COMMIT
`,
        },
      },
      control: {
        addresses: { eth0: ['10.128.0.3/24'], lo: ['10.128.0.50/32'] },
        listeners: [{ protocol: 'tcp', port: 6443 }],
      },
    },
    links: [['node:eth0', 'control:eth0']],
    traced: 'node',
    setup: [['node', 'ip route add local 10.128.0.50/32 dev eth0 table local proto 66 scope host']],
    fails: { from: 'node', what: 'tcp', to: '10.128.0.50', port: 6443 },
    seen: 'refused',
    others: [
      { sending: { from: 'node', what: 'tcp', to: '10.128.0.3', port: 6443 }, seen: 'answered' },
      { sending: { from: 'control', what: 'tcp', to: '10.128.0.2', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "Nothing is wrong in netfilter: the guest agent has made the balancer's address local on this node, so what the node sends there stays on it, and nothing listens.",
      causes: ['refused-here', 'closed-port', 'not-netfilter', 'wrong-way-out'].flatMap((code) => [
        { code, words: ['10.128.0.50', 'table local'] },
        { code, words: ['10.128.0.50', 'local route'] },
        { code, words: ['ip route del'] },
      ]),
      status: ['refused'],
      alsoTrue: ['refused-here', 'closed-port'],
    },
    mend: [['node', 'ip route del local 10.128.0.50/32 dev eth0 table local']],
  },
  {
    name: 'azure-agent-drops-replies-to-the-balancers-probe',
    thread: {
      title: 'OS.EnableFirewall=y breaks load balanced sets probing...',
      address: 'https://github.com/Azure/WALinuxAgent/issues/879',
    },
    backend: 'iptables-legacy',
    hosts: {
      fabric: {
        addresses: { eth0: ['10.0.0.1/24'], lo: ['168.63.129.16/32'] },
        routes: ['10.0.0.6/32 dev eth0 src 168.63.129.16'],
        listeners: [HTTP],
      },
      vm: {
        addresses: { eth0: ['10.0.0.6/24'] },
        routes: ['default via 10.0.0.1'],
        listeners: [SSH],
        rules: {
          v4: `*security
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A OUTPUT -d 168.63.129.16/32 -p tcp -m owner --uid-owner 0 -j ACCEPT
-A OUTPUT -d 168.63.129.16/32 -p tcp -j DROP
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -m conntrack --ctstate INVALID -j DROP
COMMIT
`,
        },
      },
    },
    links: [['fabric:eth0', 'vm:eth0']],
    traced: 'vm',
    setup: [['vm', asNobody(8443)]],
    fails: { from: 'fabric', what: 'tcp', to: '10.0.0.6', port: 8443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'vm', what: 'tcp', to: '168.63.129.16', port: 80 }, seen: 'answered' },
      { sending: { from: 'fabric', what: 'tcp', to: '10.0.0.6', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The agent lets root alone send TCP to the fabric's address; the service is another user's, and its SYN-ACK to the probe is dropped in table security.",
      causes: [{ rule: '-d 168.63.129.16/32 -p tcp -j DROP', chain: 'security OUTPUT' }],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [
      ['vm', 'iptables -t security -R OUTPUT 2 -d 168.63.129.16/32 -p tcp -m conntrack --ctstate INVALID,NEW -j DROP'],
    ],
  },
  {
    name: 'chaos-mesh-partition-outlives-its-experiment',
    thread: {
      title: 'Network chaos unable to heal if previous container crashes',
      address: 'https://github.com/chaos-mesh/chaos-mesh/issues/1884',
    },
    backend: 'iptables-legacy',
    hosts: {
      pod: {
        addresses: { eth0: ['10.244.2.5/24'] },
        rules: {
          ipset: 'create test_tgt hash:net family inet\nadd test_tgt 10.244.2.7\n',
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:CHAOS-INPUT - [0:0]
:CHAOS-OUTPUT - [0:0]
:INPUT/test_ - [0:0]
:OUTPUT/test_ - [0:0]
-A INPUT -j CHAOS-INPUT
-A OUTPUT -j CHAOS-OUTPUT
-A CHAOS-INPUT -j INPUT/test_
-A CHAOS-OUTPUT -j OUTPUT/test_
-A INPUT/test_ -m set --match-set test_tgt src -j DROP
-A OUTPUT/test_ -m set --match-set test_tgt dst -j DROP
COMMIT
`,
        },
      },
      net: { bridges: { cni0: ['p1', 'p2', 'p3'] }, sysctls: { 'net.bridge.bridge-nf-call-iptables': '0' } },
      redis: { addresses: { eth0: ['10.244.2.7/24'] }, listeners: [{ protocol: 'tcp', port: 6379 }] },
      other: { addresses: { eth0: ['10.244.2.8/24'] }, listeners: [{ protocol: 'tcp', port: 6379 }] },
    },
    links: [
      ['pod:eth0', 'net:p1'],
      ['redis:eth0', 'net:p2'],
      ['other:eth0', 'net:p3'],
    ],
    traced: 'pod',
    fails: { from: 'pod', what: 'tcp', to: '10.244.2.7', port: 6379 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pod', what: 'tcp', to: '10.244.2.8', port: 6379 }, seen: 'answered' },
      { sending: { from: 'redis', what: 'ping', to: '10.244.2.5' }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        "An experiment's partition was not taken back: the peer is still in its set, and what goes there is dropped, as is what comes from there.",
      causes: [
        { rule: '--match-set test_tgt dst -j DROP', chain: 'filter OUTPUT/test_' },
        { rule: '--match-set test_tgt src -j DROP', chain: 'filter INPUT/test_' },
      ],
      status: ['dropped'],
    },
    mend: [['pod', 'ipset del test_tgt 10.244.2.7']],
  },
  {
    name: 'docker-drops-direct-requests-in-raw-and-in-filter',
    thread: {
      title: 'Remove dependency on the filter-FORWARD policy',
      address: 'https://github.com/moby/moby/pull/48724',
    },
    backend: 'iptables-nft',
    hosts: {
      client: {
        addresses: { eth0: ['2001:db8:1::9/64'] },
        routes: ['fd00:172:18::/64 via 2001:db8:1::1'],
        listeners: [{ protocol: 'tcp', address: '2001:db8:1::9', port: 80 }],
      },
      host: {
        bridges: { 'br-3cdb': ['veth1'] },
        addresses: { eth0: ['2001:db8:1::1/64'], 'br-3cdb': ['fd00:172:18::1/64'] },
        sysctls: FORWARDS,
        rules: {
          v6: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -d fd00:172:18::2/128 ! -i br-3cdb -j DROP
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d ::1/128 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s fd00:172:18::/64 ! -o br-3cdb -j MASQUERADE
-A DOCKER ! -i br-3cdb -p tcp -m tcp --dport 80 -j DNAT --to-destination [fd00:172:18::2]:80
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-BRIDGE - [0:0]
:DOCKER-CT - [0:0]
:DOCKER-FORWARD - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-FORWARD
-A DOCKER -d fd00:172:18::2/128 ! -i br-3cdb -o br-3cdb -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER ! -i br-3cdb -o br-3cdb -j DROP
-A DOCKER-BRIDGE -o br-3cdb -j DOCKER
-A DOCKER-CT -o br-3cdb -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A DOCKER-FORWARD -j DOCKER-CT
-A DOCKER-FORWARD -j DOCKER-BRIDGE
-A DOCKER-FORWARD -i br-3cdb -j ACCEPT
COMMIT
`,
        },
      },
      c1: {
        addresses: { eth0: ['fd00:172:18::2/64'] },
        routes: ['default via fd00:172:18::1'],
        listeners: [
          { protocol: 'tcp', address: 'fd00:172:18::2', port: 80 },
          { protocol: 'tcp', address: 'fd00:172:18::2', port: 8080 },
        ],
      },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['host:veth1', 'c1:eth0'],
    ],
    traced: 'host',
    fails: { from: 'client', what: 'tcp', to: 'fd00:172:18::2', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 80 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'tcp', to: '2001:db8:1::9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The container's port is not published: what comes for its own address from outside is dropped in raw, and would be in filter by the bridge's last rule.",
      causes: [
        { rule: '-d fd00:172:18::2/128 ! -i br-3cdb -j DROP', chain: 'raw PREROUTING' },
        { rule: '! -i br-3cdb -o br-3cdb -j DROP', chain: 'filter DOCKER' },
      ],
      status: ['dropped'],
    },
    mend: [
      [
        'host',
        'ip6tables -t raw -I PREROUTING -d fd00:172:18::2/128 ! -i br-3cdb -p tcp --dport 8080 -j ACCEPT; ip6tables -I DOCKER -d fd00:172:18::2/128 ! -i br-3cdb -o br-3cdb -p tcp --dport 8080 -j ACCEPT',
      ],
    ],
  },
]
