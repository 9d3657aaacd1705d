/** By iptables-legacy, from threads: a mark of replies that misses a network, Docker's policy of IPv6, a limit of connections; and replies by another uplink that are healthy. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTP = { protocol: 'tcp', port: 80 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const HTTP6 = { ...HTTP, address: '::' } as const

const PIXELS = { protocol: 'tcp', port: 1234 } as const

export const THREADS_AX_LEGACY: Problem[] = [
  {
    name: 'replies-of-a-balanced-address-are-marked-for-a-table-without-the-nodes',
    thread: {
      title: 'Cannot access service on k8s node',
      address: 'https://github.com/metallb/metallb/issues/2727',
    },
    backend: 'iptables-legacy',
    hosts: {
      outside: {
        addresses: { eth0: ['198.51.100.9/24'] },
        routes: ['192.0.2.0/24 via 198.51.100.1'],
        listeners: [HTTPS],
      },
      gateway: {
        addresses: { wan: ['198.51.100.1/24'], lan: ['10.1.0.1/24'] },
        routes: ['default via 198.51.100.9', '192.0.2.0/24 via 10.1.0.11'],
        sysctls: FORWARDS,
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -d 10.0.0.0/24 -j DROP
COMMIT
`,
        },
      },
      node: {
        addresses: { eth0: ['10.0.0.11/24'], eth1: ['10.1.0.11/24'], cali1: ['172.16.0.1/24'] },
        routes: ['default via 10.0.0.1'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -m conntrack --ctorigdst 192.0.2.0/24 --ctdir REPLY -j MARK --set-xmark 0x1/0x1
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-EXT-MUPXPVK4XAZHSWAR - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A KUBE-SERVICES -d 192.0.2.80/32 -p tcp -m comment --comment "web/ingress:http loadbalancer IP" -m tcp --dport 80 -j KUBE-EXT-MUPXPVK4XAZHSWAR
-A KUBE-EXT-MUPXPVK4XAZHSWAR -p tcp -m tcp -j DNAT --to-destination 172.16.0.8:80
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -d 172.16.0.8/32 -p tcp -m tcp --dport 9000 -j REJECT --reject-with icmp-port-unreachable
COMMIT
`,
        },
      },
      pod: {
        addresses: { eth0: ['172.16.0.8/24'] },
        routes: ['default via 172.16.0.1'],
        listeners: [HTTP, { protocol: 'tcp', port: 9000 }],
      },
      second: {
        addresses: { eth0: ['10.0.0.12/24', '10.0.0.1/24'] },
        routes: ['192.0.2.0/24 via 10.0.0.11', '172.16.0.0/24 via 10.0.0.11'],
      },
    },
    links: [
      ['outside:eth0', 'gateway:wan'],
      ['gateway:lan', 'node:eth1'],
      ['node:eth0', 'second:eth0'],
      ['node:cali1', 'pod:eth0'],
    ],
    traced: 'node',
    setup: [
      ['node', 'for i in all eth0 eth1 cali1; do sysctl -qw net.ipv4.conf.$i.rp_filter=2; done'],
      ['node', 'ip route add default via 10.1.0.1 dev eth1 table 101; ip rule add fwmark 0x01/0x01 lookup 101'],
    ],
    fails: { from: 'second', what: 'tcp', to: '192.0.2.80', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'outside', what: 'tcp', to: '192.0.2.80', port: 80 }, seen: 'answered' },
      { sending: { from: 'second', what: 'tcp', to: '172.16.0.8', port: 80 }, seen: 'answered' },
      { sending: { from: 'second', what: 'tcp', to: '10.0.0.11', port: 22 }, seen: 'answered' },
      { sending: { from: 'second', what: 'tcp', to: '172.16.0.8', port: 9000 }, seen: 'refused' },
    ],
    truth: {
      words:
        'The rule marks every reply of the balanced addresses, also that to a node of the cluster. The marked reply is routed by table 101, which has a default route alone, and leaves by the second interface to the gateway.',
      causes: [
        { code: 'marked-astray' },
        { code: 'reply-by-other-uplink' },
        { code: 'wrong-way-out' },
        { rule: '--ctdir REPLY', chain: 'mangle PREROUTING' },
      ],
      status: ['unanswered', 'reply-lost', 'lost'],
    },
    mend: [['node', 'ip route add 10.0.0.0/24 dev eth0 table 101']],
  },
  {
    name: 'docker-sets-the-policy-of-ip6tables-and-wireguard-is-forwarded-no-more',
    thread: {
      title: 'Possible deprecation of docker-ipv6nat',
      address: 'https://github.com/robbertkl/docker-ipv6nat/issues/65',
    },
    backend: 'iptables-legacy',
    hosts: {
      internet: {
        addresses: { eth0: ['203.0.113.9/24', '2001:db8:f::9/64'] },
        routes: ['2001:db8:5::/64 via 2001:db8:f::1', '2001:db8:d::/64 via 2001:db8:f::1'],
        listeners: [HTTPS, { ...HTTPS, address: '::' }],
      },
      host: {
        addresses: {
          eth0: ['203.0.113.1/24', '2001:db8:f::1/64'],
          wg0: ['10.8.0.1/24', '2001:db8:5::1/64'],
          docker0: ['172.17.0.1/16', '2001:db8:d::1/64'],
        },
        bridges: { docker0: ['veth1'] },
        sysctls: {
          ...FORWARDS,
          'net.bridge.bridge-nf-call-iptables': '0',
          'net.bridge.bridge-nf-call-ip6tables': '0',
        },
        listeners: [SSH],
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 10.8.0.0/24 -o eth0 -j MASQUERADE
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
COMMIT
`,
          v6: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
COMMIT
`,
        },
      },
      peer: {
        addresses: { wg0: ['10.8.0.2/24', '2001:db8:5::2/64'] },
        routes: ['default via 10.8.0.1', 'default via 2001:db8:5::1'],
        listeners: [HTTP6],
      },
      container: {
        addresses: { eth0: ['172.17.0.2/16', '2001:db8:d::2/64'] },
        routes: ['default via 172.17.0.1', 'default via 2001:db8:d::1'],
        listeners: [HTTP6],
      },
    },
    links: [
      ['internet:eth0', 'host:eth0'],
      ['host:wg0', 'peer:wg0'],
      ['host:veth1', 'container:eth0'],
    ],
    traced: 'host',
    fails: { from: 'peer', what: 'tcp', to: '2001:db8:f::9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'peer', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'container', what: 'tcp', to: '2001:db8:f::9', port: 443 }, seen: 'answered' },
      { sending: { from: 'internet', what: 'tcp', to: '2001:db8:5::2', port: 80 }, seen: 'nothing' },
      { sending: { from: 'internet', what: 'tcp', to: '2001:db8:d::2', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "Docker has set the policy of ip6tables' FORWARD to DROP, and its rules accept what belongs to its own bridge alone. That of IPv4 is ACCEPT, so the tunnel works there.",
      causes: [{ policy: 'filter FORWARD' }, { chain: 'filter FORWARD' }],
      status: ['dropped'],
    },
    mend: [
      ['host', 'ip6tables -A FORWARD -i wg0 -o eth0 -j ACCEPT'],
      ['host', 'ip6tables -A FORWARD -i eth0 -o wg0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'],
    ],
  },
  {
    name: 'wall-of-pixels-limits-the-connections-of-each-address',
    thread: {
      title: 'iptables persistant rules for max. connections per ip',
      address: 'https://github.com/TobleMiner/shoreline/issues/10',
    },
    backend: 'iptables-legacy',
    hosts: {
      hall: { addresses: { eth0: ['192.0.2.2/24'] } },
      stage: { addresses: { eth0: ['198.51.100.2/24'] } },
      wall: {
        addresses: { eth0: ['192.0.2.1/24'], eth1: ['198.51.100.1/24'] },
        listeners: [SSH, PIXELS, { protocol: 'tcp', port: 5900 }],
        rules: {
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:open - [0:0]
:pixels - [0:0]
:syns - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m tcp --dport 1234 --tcp-flags FIN,SYN,RST,ACK SYN -g syns
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m conntrack --ctstate NEW -g open
-A open -p tcp -m tcp --dport 22 -j ACCEPT
-A pixels -m conntrack --ctstate NEW -j ACCEPT
-A syns -p tcp -m connlimit --connlimit-above 10 --connlimit-mask 32 --connlimit-saddr -j REJECT --reject-with icmp-port-unreachable
-A syns -g pixels
COMMIT
`,
        },
      },
    },
    links: [
      ['hall:eth0', 'wall:eth0'],
      ['stage:eth0', 'wall:eth1'],
    ],
    traced: 'wall',
    setup: [
      [
        'hall',
        `python3 -c "import socket,time
held=[socket.create_connection(('192.0.2.1',1234),5) for _ in range(10)]
time.sleep(600)" >/dev/null 2>&1 &
for i in $(seq 100); do [ $(ss -Htn state established dport = :1234 | wc -l) -ge 10 ] && break; sleep .1; done`,
      ],
    ],
    fails: { from: 'hall', what: 'tcp', to: '192.0.2.1', port: 1234 },
    seen: 'refused',
    others: [
      { sending: { from: 'stage', what: 'tcp', to: '198.51.100.1', port: 1234 }, seen: 'answered' },
      { sending: { from: 'hall', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'hall', what: 'tcp', to: '192.0.2.1', port: 5900 }, seen: 'nothing' },
      { sending: { from: 'stage', what: 'tcp', to: '198.51.100.1', port: 5900 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'All clients of the hall come from one address, and ten of its connections are open: the rule with the limit of connections rejects the next one.',
      causes: [{ rule: '--connlimit-above 10', chain: 'filter syns' }],
      status: ['rejected'],
    },
    mend: [
      [
        'wall',
        'iptables -R syns 1 -p tcp -m connlimit --connlimit-above 100 --connlimit-mask 32 --connlimit-saddr -j REJECT --reject-with icmp-port-unreachable',
      ],
    ],
  },
  {
    name: 'healthy-reply-of-a-balanced-address-leaves-by-the-default-route',
    thread: {
      title: 'default route',
      address: 'https://github.com/metallb/metallb/issues/319',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: { addresses: { eth0: ['198.51.100.9/24'] }, routes: ['default via 198.51.100.1'] },
      campus: {
        addresses: { wan: ['198.51.100.1/24'], net1: ['203.0.113.1/24'], net2: ['10.1.0.1/24'] },
        routes: ['10.1.0.200/32 via 10.1.0.11'],
        sysctls: FORWARDS,
      },
      node: {
        addresses: { eth0: ['203.0.113.11/24'], eth1: ['10.1.0.11/24'], cni0: ['10.244.0.1/24'] },
        bridges: { cni0: ['veth1'] },
        routes: ['default via 203.0.113.1'],
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        listeners: [SSH],
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-EXT-WEB - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVL-WEB - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -s 10.244.0.0/16 ! -d 10.244.0.0/16 -m comment --comment "flanneld masq" -j MASQUERADE
-A KUBE-SERVICES -d 10.1.0.200/32 -p tcp -m comment --comment "default/web loadbalancer IP" -m tcp --dport 80 -j KUBE-EXT-WEB
-A KUBE-EXT-WEB -j KUBE-SVL-WEB
-A KUBE-SVL-WEB -p tcp -m comment --comment "default/web -> 10.244.0.5:8080" -m tcp -j DNAT --to-destination 10.244.0.5:8080
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:KUBE-FORWARD - [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -s 10.244.0.0/16 -j ACCEPT
-A FORWARD -d 10.244.0.0/16 -p tcp -m tcp --dport 8080 -j ACCEPT
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
        },
      },
      pod: {
        addresses: { eth0: ['10.244.0.5/24'] },
        routes: ['default via 10.244.0.1'],
        listeners: [{ protocol: 'tcp', port: 8080 }],
      },
    },
    links: [
      ['client:eth0', 'campus:wan'],
      ['campus:net1', 'node:eth0'],
      ['campus:net2', 'node:eth1'],
      ['node:veth1', 'pod:eth0'],
    ],
    traced: 'node',
    setup: [
      ['campus', 'for i in all wan net1 net2; do sysctl -qw net.ipv4.conf.$i.rp_filter=0; done'],
      ['node', 'for i in all eth0 eth1 cni0; do sysctl -qw net.ipv4.conf.$i.rp_filter=2; done'],
    ],
    fails: { from: 'client', what: 'tcp', to: '10.1.0.200', port: 80 },
    seen: 'answered',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '203.0.113.11', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '203.0.113.11', port: 8080 }, seen: 'nothing' },
      { sending: { from: 'client', what: 'ping', to: '203.0.113.11' }, seen: 'nothing' },
    ],
    truth: {
      words:
        'Nothing is wrong: the request comes in by the network of the balanced addresses, and the reply leaves by the default route. Nothing on the way minds that.',
      causes: [],
      status: ['answered'],
    },
    mend: [['node', 'true']],
  },
]
