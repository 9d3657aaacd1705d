/** From threads of clusters and clouds: a source of the first network card on the second one, a resolver in a sidecar that has not begun, a port of a pod that is gone, two engines' bridges; and one that is healthy. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const WEB = { protocol: 'tcp', port: 80 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const

export const THREADS_AS_LAST: Problem[] = [
  {
    name: 'aws-pod-of-the-second-card-gets-the-source-of-the-first',
    thread: {
      title: 'Switching AWS_VPC_CNI_NODE_PORT_SUPPORT to false breaks SNAT for Pods',
      address: 'https://github.com/aws/amazon-vpc-cni-k8s/issues/2025',
    },
    backend: 'iptables-legacy',
    hosts: {
      site: { addresses: { eth0: ['203.0.113.9/24'] }, routes: ['default via 203.0.113.1'], listeners: [HTTPS] },
      vpc: {
        addresses: { net1: ['10.0.1.1/24'], net2: ['10.0.2.1/24'], out: ['203.0.113.1/24'] },
        routes: ['10.0.1.50/32 via 10.0.1.10', '10.0.2.50/32 via 10.0.2.10'],
        sysctls: { ...FORWARDS, 'net.ipv4.conf.all.rp_filter': '1' },
        listeners: [WEB],
      },
      node: {
        addresses: {
          eth0: ['10.0.1.10/24'],
          eth1: ['10.0.2.10/24'],
          eni1: ['169.254.1.1/32'],
          eni2: ['169.254.1.1/32'],
        },
        routes: [
          'default via 10.0.1.1',
          '10.0.1.50/32 dev eni1',
          '10.0.2.50/32 dev eni2',
          'default via 10.0.2.1 dev eth1 table 2',
        ],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:AWS-SNAT-CHAIN-0 - [0:0]
:AWS-SNAT-CHAIN-1 - [0:0]
-A POSTROUTING -m comment --comment "AWS SNAT CHAIN" -j AWS-SNAT-CHAIN-0
-A AWS-SNAT-CHAIN-0 ! -d 10.0.0.0/16 -m comment --comment "AWS SNAT CHAIN" -j AWS-SNAT-CHAIN-1
-A AWS-SNAT-CHAIN-1 ! -o vlan+ -m comment --comment "AWS, SNAT" -m addrtype ! --dst-type LOCAL -j SNAT --to-source 10.0.1.10
COMMIT
`,
        },
      },
      first: { addresses: { eth0: ['10.0.1.50/32'] }, routes: ['169.254.1.1 dev eth0', 'default via 169.254.1.1'] },
      second: { addresses: { eth0: ['10.0.2.50/32'] }, routes: ['169.254.1.1 dev eth0', 'default via 169.254.1.1'] },
    },
    links: [
      ['site:eth0', 'vpc:out'],
      ['vpc:net1', 'node:eth0'],
      ['vpc:net2', 'node:eth1'],
      ['node:eni1', 'first:eth0'],
      ['node:eni2', 'second:eth0'],
    ],
    traced: 'node',
    setup: [
      ['node', 'ip rule add pref 512 to 10.0.2.50 lookup main; ip rule add pref 1536 from 10.0.2.50 lookup 2'],
      ['node', 'ip route add 10.0.2.0/24 dev eth1 table 2'],
    ],
    fails: { from: 'second', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'first', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'second', what: 'tcp', to: '10.0.2.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The pod leaves by the second card, as its routing rule says, and gets the address of the first one. The network takes no packets with that source from there.',
      causes: [{ rule: '--to-source 10.0.1.10', chain: 'nat AWS-SNAT-CHAIN-1' }],
      status: ['unanswered', 'lost', 'reply-lost'],
    },
    mend: [
      [
        'node',
        'iptables -t nat -I AWS-SNAT-CHAIN-1 1 -o eth1 -m addrtype ! --dst-type LOCAL -j SNAT --to-source 10.0.2.10',
      ],
    ],
  },
  {
    name: 'istio-captures-dns-before-its-sidecar-listens',
    thread: {
      title: 'DNS lookup in an init container fails with istio-cni and smart DNS proxying',
      address: 'https://github.com/istio/istio/issues/36453',
    },
    backend: 'iptables-nft',
    hosts: {
      node: {
        addresses: { eth0: ['10.244.1.1/24'], lo: ['10.96.0.10/32'] },
        listeners: [{ protocol: 'udp', port: 53, address: '10.96.0.10' }, WEB, { protocol: 'udp', port: 123 }],
      },
      pod: {
        addresses: { eth0: ['10.244.1.5/24'] },
        routes: ['default via 10.244.1.1'],
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:ISTIO_INBOUND - [0:0]
:ISTIO_IN_REDIRECT - [0:0]
:ISTIO_OUTPUT - [0:0]
:ISTIO_REDIRECT - [0:0]
-A PREROUTING -p tcp -j ISTIO_INBOUND
-A OUTPUT -p tcp -j ISTIO_OUTPUT
-A OUTPUT -p udp -m udp --dport 53 -m owner --uid-owner 1337 -j RETURN
-A OUTPUT -p udp -m udp --dport 53 -m owner --gid-owner 1337 -j RETURN
-A OUTPUT -d 10.96.0.10/32 -p udp -m udp --dport 53 -j REDIRECT --to-ports 15053
-A ISTIO_INBOUND -p tcp -m tcp --dport 15008 -j RETURN
-A ISTIO_INBOUND -p tcp -j ISTIO_IN_REDIRECT
-A ISTIO_IN_REDIRECT -p tcp -j REDIRECT --to-ports 15006
-A ISTIO_OUTPUT -m owner --uid-owner 1337 -j RETURN
-A ISTIO_OUTPUT -m owner --gid-owner 1337 -j RETURN
-A ISTIO_OUTPUT -d 127.0.0.1/32 -j RETURN
-A ISTIO_OUTPUT -d 10.244.1.1/32 -j RETURN
-A ISTIO_OUTPUT -j ISTIO_REDIRECT
-A ISTIO_REDIRECT -p tcp -j REDIRECT --to-ports 15001
COMMIT
`,
        },
      },
    },
    links: [['pod:eth0', 'node:eth0']],
    traced: 'pod',
    fails: { from: 'pod', what: 'udp', to: '10.96.0.10', port: 53 },
    seen: 'refused',
    others: [
      { sending: { from: 'pod', what: 'tcp', to: '10.244.1.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'udp', to: '10.244.1.1', port: 123 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: '10.96.0.10', port: 80 }, seen: 'refused' },
    ],
    truth: {
      words:
        "The init container's query is redirected to the sidecar's resolver, port 15053, and the sidecar begins when init containers have ended.",
      causes: [{ rule: '--to-ports 15053', chain: 'nat OUTPUT' }],
      status: ['refused'],
      alsoTrue: ['closed-port', 'refused-here'],
    },
    mend: [['pod', 'iptables -t nat -I OUTPUT 1 -d 10.96.0.10/32 -p udp -m udp --dport 53 -j RETURN']],
  },
  {
    name: 'cni-port-mapping-of-the-pod-before-comes-first',
    thread: {
      title: 'iptables rule CNI-HOSTPORT-DNAT never come back after restart firewalld.service',
      address: 'https://github.com/containernetworking/plugins/issues/512',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] } },
      node: {
        addresses: { eth0: ['192.0.2.1/24'], cbr0: ['10.244.0.1/24'] },
        bridges: { cbr0: ['veth1', 'veth2'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        listeners: [SSH],
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:CNI-DN-2340674fa9a846ba6cee5 - [0:0]
:CNI-DN-5d08ab1e6c2c48dcf7121 - [0:0]
:CNI-DN-98502136a6caa3b998bdb - [0:0]
:CNI-HOSTPORT-DNAT - [0:0]
:CNI-HOSTPORT-MASQ - [0:0]
:CNI-HOSTPORT-SETMARK - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A OUTPUT -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A POSTROUTING -m comment --comment "CNI portfwd requiring masquerade" -j CNI-HOSTPORT-MASQ
-A CNI-DN-2340674fa9a846ba6cee5 -s 10.244.0.0/24 -p tcp -m tcp --dport 80 -j CNI-HOSTPORT-SETMARK
-A CNI-DN-2340674fa9a846ba6cee5 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.244.0.17:80
-A CNI-DN-2340674fa9a846ba6cee5 -p tcp -m tcp --dport 443 -j DNAT --to-destination 10.244.0.17:443
-A CNI-DN-5d08ab1e6c2c48dcf7121 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.244.0.31:80
-A CNI-DN-98502136a6caa3b998bdb -s 10.244.0.0/24 -p tcp -m tcp --dport 80 -j CNI-HOSTPORT-SETMARK
-A CNI-DN-98502136a6caa3b998bdb -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.244.0.23:80
-A CNI-DN-98502136a6caa3b998bdb -p tcp -m tcp --dport 443 -j DNAT --to-destination 10.244.0.23:443
-A CNI-HOSTPORT-DNAT -p tcp -m comment --comment "dnat name: \\"cbr0\\" id: \\"770c07df\\"" -m multiport --dports 80,443 -j CNI-DN-2340674fa9a846ba6cee5
-A CNI-HOSTPORT-DNAT -p tcp -m comment --comment "dnat name: \\"cbr0\\" id: \\"91e2f0aa\\"" -m multiport --dports 8080 -j CNI-DN-5d08ab1e6c2c48dcf7121
-A CNI-HOSTPORT-DNAT -p tcp -m comment --comment "dnat name: \\"cbr0\\" id: \\"b57a45ac\\"" -m multiport --dports 80,443 -j CNI-DN-98502136a6caa3b998bdb
-A CNI-HOSTPORT-MASQ -m mark --mark 0x2000/0x2000 -j MASQUERADE
-A CNI-HOSTPORT-SETMARK -m comment --comment "CNI portfwd masquerade mark" -j MARK --set-xmark 0x2000/0x2000
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:KUBE-FORWARD - [0:0]
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -d 10.244.0.0/24 -p tcp -m multiport --dports 80,443 -j ACCEPT
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
        },
      },
      ingress: {
        addresses: { eth0: ['10.244.0.23/24'] },
        routes: ['default via 10.244.0.1'],
        listeners: [WEB, HTTPS, SSH],
      },
      admin: { addresses: { eth0: ['10.244.0.31/24'] }, routes: ['default via 10.244.0.1'], listeners: [WEB] },
    },
    links: [
      ['client:eth0', 'node:eth0'],
      ['ingress:eth0', 'node:veth1'],
      ['admin:eth0', 'node:veth2'],
    ],
    traced: 'node',
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 443 }, seen: 'unreachable', either: true },
    ],
    truth: {
      words:
        'The mapping of a pod that is gone was left, and stands before the one of the pod that took its place: nat sends the port to an address that nobody has.',
      causes: [
        { rule: '--to-destination 10.244.0.17:80', chain: 'nat CNI-DN-2340674fa9a846ba6cee5' },
        { rule: '-j CNI-DN-2340674fa9a846ba6cee5', chain: 'nat CNI-HOSTPORT-DNAT' },
      ],
      status: ['lost'],
    },
    mend: [['node', 'iptables -t nat -D CNI-HOSTPORT-DNAT 1']],
  },
  {
    name: 'nomad-bridge-is-not-let-to-the-bridge-of-docker',
    thread: {
      title: 'Nomad bridge network and docker0 bridge network should be able to talk to each other.',
      address: 'https://github.com/hashicorp/nomad/issues/10217',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] }, routes: ['172.17.0.0/16 via 192.0.2.1'] },
      host: {
        addresses: { eth0: ['192.0.2.1/24'], nomad: ['172.26.64.1/20'], docker0: ['172.17.0.1/16'] },
        bridges: { nomad: ['veth1'], docker0: ['veth2'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:CNI-ADMIN - [0:0]
:CNI-FORWARD - [0:0]
:DOCKER - [0:0]
:DOCKER-BRIDGE - [0:0]
:DOCKER-CT - [0:0]
:DOCKER-FORWARD - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-FORWARD
-A FORWARD -m comment --comment "CNI firewall plugin rules" -j CNI-FORWARD
-A CNI-FORWARD -m comment --comment "CNI firewall plugin admin overrides" -j CNI-ADMIN
-A CNI-FORWARD -d 172.26.64.2/32 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A CNI-FORWARD -s 172.26.64.2/32 -j ACCEPT
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER ! -i docker0 -o docker0 -j DROP
-A DOCKER-BRIDGE -o docker0 -j DOCKER
-A DOCKER-CT -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A DOCKER-FORWARD -j DOCKER-CT
-A DOCKER-FORWARD -j DOCKER-BRIDGE
-A DOCKER-FORWARD -i docker0 -j ACCEPT
COMMIT
`,
        },
      },
      alloc: {
        addresses: { eth0: ['172.26.64.2/20'] },
        routes: ['default via 172.26.64.1'],
        listeners: [WEB],
      },
      redis: {
        addresses: { eth0: ['172.17.0.2/16'] },
        routes: ['default via 172.17.0.1'],
        listeners: [{ protocol: 'tcp', port: 6379 }, WEB, SSH],
      },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['alloc:eth0', 'host:veth1'],
      ['redis:eth0', 'host:veth2'],
    ],
    traced: 'host',
    fails: { from: 'alloc', what: 'tcp', to: '172.17.0.2', port: 6379 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '172.17.0.2', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '172.17.0.2', port: 6379 }, seen: 'nothing' },
      { sending: { from: 'alloc', what: 'tcp', to: '172.17.0.2', port: 22 }, seen: 'nothing', either: true },
      { sending: { from: 'redis', what: 'tcp', to: '172.26.64.2', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "Docker drops what enters its bridge from another interface, but for published ports. CNI's chain, which accepts whatever the allocation sends, comes behind.",
      causes: [{ rule: '! -i docker0 -o docker0 -j DROP', chain: 'filter DOCKER' }],
      status: ['dropped'],
    },
    mend: [['host', 'iptables -I DOCKER-USER -i nomad -o docker0 -p tcp -m tcp --dport 6379 -j ACCEPT']],
  },
  {
    name: 'near-shakenfist-gateway-turns-a-routed-address-back',
    thread: {
      title: 'Make routed and floating addresses answer from inside their own network',
      address: 'https://github.com/shakenfist/shakenfist/pull/4118',
    },
    backend: 'nft',
    hosts: {
      outside: { addresses: { eth0: ['192.168.10.9/24'] }, listeners: [HTTPS] },
      gateway: {
        addresses: { egress: ['192.168.10.2/24'], 'br-vn': ['10.0.0.1/24'] },
        bridges: { 'br-vn': ['i1', 'i2'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        routes: ['192.168.10.37/32 via 10.0.0.6'],
        rules: {
          nft: `table inet sf {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "br-vn" accept
    iifname "egress" ip daddr 192.168.10.37 tcp dport 6443 accept
  }
  chain egress_nat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "egress" ip saddr 10.0.0.0/24 masquerade
  }
}
`,
        },
      },
      agent: { addresses: { eth0: ['10.0.0.5/24'] }, routes: ['default via 10.0.0.1'] },
      server: {
        addresses: { eth0: ['10.0.0.6/24', '192.168.10.37/32'] },
        routes: ['default via 10.0.0.1'],
        listeners: [{ protocol: 'tcp', port: 6443 }],
      },
    },
    links: [
      ['outside:eth0', 'gateway:egress'],
      ['agent:eth0', 'gateway:i1'],
      ['server:eth0', 'gateway:i2'],
    ],
    traced: 'gateway',
    fails: { from: 'agent', what: 'tcp', to: '192.168.10.37', port: 6443 },
    seen: 'answered',
    others: [{ sending: { from: 'agent', what: 'tcp', to: '192.168.10.9', port: 443 }, seen: 'answered' }],
    truth: {
      words: 'Nothing is wrong: the gateway turns the request back, and the reply goes past it on the bridge.',
      causes: [],
      status: ['answered'],
    },
    mend: [['gateway', 'true']],
  },
]
