/** By iptables, from threads on clusters: a route, a chain and an entry that the plugins of a node left out or left behind; and two that are healthy. */
import { bridged, FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const HTTPS = { protocol: 'tcp', port: 443 } as const
const HTTP = { protocol: 'tcp', port: 80 } as const
const SSH = { protocol: 'tcp', port: 22 } as const

const NAT = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'
const FILTER = ':INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n'

export const NODES_AND_THEIR_PODS: Problem[] = [
  {
    name: 'aws-egress-plugin-left-out-the-route-to-one-pod',
    thread: {
      title: 'Pods occasionally missing IPv4 route',
      address: 'https://github.com/aws/amazon-vpc-cni-k8s/issues/3702',
    },
    backend: 'iptables-nft',
    hosts: {
      vpc: {
        addresses: { eth0: ['10.192.80.1/24', '2001:db8:80::1/64'], lo: ['198.51.100.9/32'] },
        routes: ['2001:db8:5::/48 via 2001:db8:80::75'],
        listeners: [HTTPS],
      },
      node: {
        addresses: {
          ens5: ['10.192.80.75/24', '2001:db8:80::75/64'],
          vethc5f7e400: ['169.254.172.1/32', '2001:db8:5:1::1/64'],
          veth7a10b3d2: ['169.254.172.1/32', '2001:db8:5:2::1/64'],
        },
        routes: ['default via 10.192.80.1', '169.254.172.40/32 dev veth7a10b3d2'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-KUBELET-CANARY - [0:0]
COMMIT
*nat
${NAT}:CNI-E4-2f6ab0c1f2d38be2 - [0:0]
:CNI-E4-d41c9a0be9e1a7f3 - [0:0]
:KUBE-KUBELET-CANARY - [0:0]
-A POSTROUTING -s 169.254.173.150/32 -m comment --comment "name: \\"egress-v4\\" id: \\"d41c9a\\"" -j CNI-E4-d41c9a0be9e1a7f3
-A POSTROUTING -s 169.254.172.40/32 -m comment --comment "name: \\"egress-v4\\" id: \\"2f6ab0\\"" -j CNI-E4-2f6ab0c1f2d38be2
-A CNI-E4-2f6ab0c1f2d38be2 -d 224.0.0.0/4 -j ACCEPT
-A CNI-E4-2f6ab0c1f2d38be2 -m comment --comment "name: \\"egress-v4\\" id: \\"2f6ab0\\"" -j SNAT --to-source 10.192.80.75 --random-fully
-A CNI-E4-d41c9a0be9e1a7f3 -d 224.0.0.0/4 -j ACCEPT
-A CNI-E4-d41c9a0be9e1a7f3 -m comment --comment "name: \\"egress-v4\\" id: \\"d41c9a\\"" -j SNAT --to-source 10.192.80.75 --random-fully
COMMIT
*filter
${FILTER}:KUBE-FIREWALL - [0:0]
-A INPUT -j KUBE-FIREWALL
-A OUTPUT -j KUBE-FIREWALL
-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment "block incoming localnet connections" -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
COMMIT
`,
          v6: `*filter
${FILTER}:KUBE-FORWARD - [0:0]
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
        },
      },
      pod: {
        addresses: { eth0: ['169.254.173.150/22', '2001:db8:5:1::2/64'] },
        routes: ['default via 169.254.172.1', 'default via 2001:db8:5:1::1'],
      },
      pod2: {
        addresses: { eth0: ['169.254.172.40/22', '2001:db8:5:2::2/64'] },
        routes: ['default via 169.254.172.1', 'default via 2001:db8:5:2::1'],
      },
    },
    links: [
      ['node:ens5', 'vpc:eth0'],
      ['node:vethc5f7e400', 'pod:eth0'],
      ['node:veth7a10b3d2', 'pod2:eth0'],
    ],
    traced: 'node',
    fails: { from: 'pod', what: 'tcp', to: '198.51.100.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pod2', what: 'tcp', to: '198.51.100.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'ping', to: '2001:db8:80::1' }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '198.51.100.9', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The reply comes, and connection tracking gives it the pod’s address again. The node has no route for that address to the pod’s interface: its default route sends the reply out where it came in.',
      causes: [
        { code: 'reply-lost', words: ['169.254.173.150'] },
        { code: 'wrong-way-out', words: ['169.254.173.150'] },
        { code: 'reply-by-other-uplink', words: ['169.254.173.150'] },
      ],
      status: ['reply-lost', 'lost', 'unanswered'],
      alsoTrue: ['reply-lost', 'wrong-way-out'],
    },
    mend: [['node', 'ip route add 169.254.173.150/32 dev vethc5f7e400']],
  },
  {
    name: 'crio-jumps-to-a-chain-of-marks-that-nobody-fills',
    thread: {
      title: 'stop using KUBE-MARK-MASQ for hostport chains',
      address: 'https://github.com/cri-o/cri-o/pull/6772',
    },
    backend: 'iptables-legacy',
    ...bridged('cni0', '10.88.0.1/16', {
      listeners: [SSH],
      rules: {
        v4: `*nat
${NAT}:CNI-7b0a4ce1f0a6a7c0e3d2b1aa - [0:0]
:KUBE-HOSTPORTS - [0:0]
:KUBE-HP-4YVONL46AKYWSKS3 - [0:0]
:KUBE-KUBELET-CANARY - [0:0]
:KUBE-MARK-MASQ - [0:0]
-A PREROUTING -m comment --comment "kube hostport portals" -m addrtype --dst-type LOCAL -j KUBE-HOSTPORTS
-A OUTPUT -m comment --comment "kube hostport portals" -m addrtype --dst-type LOCAL -j KUBE-HOSTPORTS
-A POSTROUTING -s 10.88.0.2/32 -m comment --comment "name: \\"crio\\" id: \\"7b0a4c\\"" -j CNI-7b0a4ce1f0a6a7c0e3d2b1aa
-A CNI-7b0a4ce1f0a6a7c0e3d2b1aa -d 10.88.0.0/16 -m comment --comment "name: \\"crio\\" id: \\"7b0a4c\\"" -j ACCEPT
-A CNI-7b0a4ce1f0a6a7c0e3d2b1aa ! -d 224.0.0.0/4 -m comment --comment "name: \\"crio\\" id: \\"7b0a4c\\"" -j MASQUERADE
-A KUBE-HOSTPORTS -p tcp -m comment --comment "k8s_web_default_0_ hostport 8080" -m tcp --dport 8080 -j KUBE-HP-4YVONL46AKYWSKS3
-A KUBE-HP-4YVONL46AKYWSKS3 -s 10.88.0.2/32 -m comment --comment "k8s_web_default_0_ hostport 8080" -j KUBE-MARK-MASQ
-A KUBE-HP-4YVONL46AKYWSKS3 -p tcp -m comment --comment "k8s_web_default_0_ hostport 8080" -m tcp -j DNAT --to-destination 10.88.0.2:80
COMMIT
*filter
${FILTER}:CNI-FORWARD - [0:0]
-A FORWARD -m comment --comment "CNI firewall plugin rules" -j CNI-FORWARD
-A CNI-FORWARD -d 10.88.0.2/32 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A CNI-FORWARD -s 10.88.0.2/32 -j ACCEPT
COMMIT
`,
      },
    }),
    setup: [['host', 'sysctl -qw net.bridge.bridge-nf-call-iptables=1; bridge link set dev veth1 hairpin on']],
    fails: { from: 'c1', what: 'tcp', to: '192.0.2.1', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The chain that should mark what the pod sends to itself is empty, for the runtime made it and kube-proxy, which fills it, is not there; nor does anything masquerade that mark. The pod gets a packet from its own address, and drops it.',
      causes: [
        { chain: 'nat KUBE-MARK-MASQ' },
        { rule: '-j KUBE-MARK-MASQ', chain: 'nat KUBE-HP-4YVONL46AKYWSKS3' },
        { chain: 'nat POSTROUTING' },
        { code: 'not-masqueraded' },
      ],
      status: ['unanswered', 'lost', 'reply-lost'],
    },
    mend: [['host', 'iptables -t nat -I POSTROUTING 1 -s 10.88.0.2/32 -d 10.88.0.2/32 -j MASQUERADE']],
  },
  {
    name: 'portmap-leaves-the-entry-of-a-port-that-the-host-has-now',
    thread: {
      title: 'portmap: flush UDP conntrack on DEL to avoid hostPort blackhole',
      address: 'https://github.com/containernetworking/plugins/pull/1277',
    },
    backend: 'iptables-nft',
    ...bridged(
      'cni0',
      '10.42.0.1/24',
      {
        listeners: [{ protocol: 'udp', port: 8125 }, SSH],
        rules: {
          v4: `*nat
${NAT}:CNI-DN-a1b2c3d4e5f60718293a4 - [0:0]
:CNI-HOSTPORT-DNAT - [0:0]
:CNI-HOSTPORT-MASQ - [0:0]
:CNI-HOSTPORT-SETMARK - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A OUTPUT -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A POSTROUTING -m comment --comment "CNI portfwd requiring masquerade" -j CNI-HOSTPORT-MASQ
-A POSTROUTING -s 10.42.0.0/16 ! -d 10.42.0.0/16 -j MASQUERADE
-A CNI-DN-a1b2c3d4e5f60718293a4 -s 10.42.0.0/24 -p udp -m udp --dport 8125 -j CNI-HOSTPORT-SETMARK
-A CNI-DN-a1b2c3d4e5f60718293a4 -s 127.0.0.1/32 -p udp -m udp --dport 8125 -j CNI-HOSTPORT-SETMARK
-A CNI-DN-a1b2c3d4e5f60718293a4 -p udp -m udp --dport 8125 -j DNAT --to-destination 10.42.0.2:8125
-A CNI-HOSTPORT-DNAT -p udp -m comment --comment "dnat name: \\"cbr0\\" id: \\"a1b2c3\\"" -m multiport --dports 8125 -j CNI-DN-a1b2c3d4e5f60718293a4
-A CNI-HOSTPORT-MASQ -m mark --mark 0x2000/0x2000 -j MASQUERADE
-A CNI-HOSTPORT-SETMARK -m comment --comment "CNI portfwd masquerade mark" -j MARK --set-xmark 0x2000/0x2000
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -s 10.42.0.0/16 -j ACCEPT
-A FORWARD -d 10.42.0.0/16 -j ACCEPT
COMMIT
`,
        },
      },
      { listeners: [{ protocol: 'udp', port: 8125 }] },
    ),
    earlier: {
      sendings: [{ from: 'client', what: 'udp', to: '192.0.2.1', port: 8125, sport: 45125 }],
      change: [
        [
          'host',
          'iptables -t nat -F CNI-HOSTPORT-DNAT; iptables -t nat -F CNI-DN-a1b2c3d4e5f60718293a4; iptables -t nat -X CNI-DN-a1b2c3d4e5f60718293a4',
        ],
        ['c1', 'ip addr flush dev eth0'],
      ],
    },
    fails: { from: 'client', what: 'udp', to: '192.0.2.1', port: 8125, sport: 45125 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'udp', to: '192.0.2.1', port: 8125 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The pod is gone, its rule is gone, and a process of the host listens now. The entry of a client that goes on sending still translates to the address of the pod.',
      causes: [{ code: 'stale-conntrack' }],
      status: ['unanswered', 'lost'],
      alsoTrue: ['neighbour-failed'],
    },
    mend: [['host', 'conntrack -D -p udp --orig-dst 192.0.2.1 --orig-port-dst 8125']],
  },
  {
    name: 'healthy-service-of-ipv6-sees-the-address-of-another-service',
    thread: {
      title:
        '`externalTrafficPolicy=Local` incorrectly rewrites client IP on traffic coming through SingleStack IPv6 loadbalancer services on a dual-stack cluster',
      address: 'https://github.com/kubernetes/kubernetes/issues/102527',
    },
    backend: 'iptables-nft',
    hosts: {
      client: {
        addresses: { eth0: ['2001:db8:f::9/64', '192.0.2.9/24'] },
        routes: ['2001:db8:beef::/64 via 2001:db8:f::1'],
      },
      node: {
        bridges: { 'kube-ipvs0': [] },
        addresses: {
          eth0: ['2001:db8:f::1/64', '192.0.2.1/24'],
          'kube-ipvs0': ['fd5a:1111:1111::536a/128', '2001:db8:beef::11/128'],
          cali0f: ['fe80::1/64'],
        },
        routes: ['fd5a:5555:5555::10/128 dev cali0f'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          v6: `*nat
${NAT}:KUBE-EXT-Q5TKQDUH5XQHBUCS - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-SEP-3C7VQ6P2KNW5U5TR - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-Q5TKQDUH5XQHBUCS - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-EXT-Q5TKQDUH5XQHBUCS -m comment --comment "masquerade traffic for default/web external destinations" -j KUBE-MARK-MASQ
-A KUBE-EXT-Q5TKQDUH5XQHBUCS -j KUBE-SVC-Q5TKQDUH5XQHBUCS
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
-A KUBE-SEP-3C7VQ6P2KNW5U5TR -s fd5a:5555:5555::10/128 -m comment --comment "default/web" -j KUBE-MARK-MASQ
-A KUBE-SEP-3C7VQ6P2KNW5U5TR -p tcp -m comment --comment "default/web" -m tcp -j DNAT --to-destination [fd5a:5555:5555::10]:8080
-A KUBE-SERVICES -d 2001:db8:beef::11/128 -p tcp -m comment --comment "default/web loadbalancer IP" -m tcp --dport 80 -j KUBE-EXT-Q5TKQDUH5XQHBUCS
-A KUBE-SVC-Q5TKQDUH5XQHBUCS -m comment --comment "default/web -> [fd5a:5555:5555::10]:8080" -j KUBE-SEP-3C7VQ6P2KNW5U5TR
COMMIT
*filter
${FILTER}:KUBE-FORWARD - [0:0]
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
        },
      },
      pod: {
        addresses: { eth0: ['fd5a:5555:5555::10/128'] },
        listeners: [{ protocol: 'tcp', port: 8080, address: '::' }],
      },
    },
    links: [
      ['client:eth0', 'node:eth0'],
      ['node:cali0f', 'pod:eth0'],
    ],
    traced: 'node',
    setup: [['pod', 'ip -6 route add default via fe80::1 dev eth0']],
    fails: { from: 'client', what: 'tcp', to: '2001:db8:beef::11', port: 80 },
    seen: 'answered',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '2001:db8:f::1' }, seen: 'answered' },
    ],
    truth: {
      words:
        'Nothing is wrong with the way: the pod sees the address of another service, which the node has on an interface without a wire, and its replies find back.',
      causes: [],
      status: ['answered'],
    },
    mend: [['node', 'true']],
  },
  {
    name: 'healthy-kuma-asks-in-a-zone-that-replies-are-not-in',
    thread: {
      title:
        '[Transparent Proxy] Fix IPv6 rules when `--redirect-dns` flag used but no valid IPv6 resolvers in `/etc/resolv.conf`',
      address: 'https://github.com/kumahq/kuma/issues/10799',
    },
    backend: 'iptables-legacy',
    hosts: {
      resolver: {
        addresses: { eth0: ['2001:db8:53::53/64'] },
        listeners: [
          { protocol: 'udp', port: 53, address: '::' },
          { ...HTTP, address: '::' },
        ],
      },
      pod: {
        addresses: { eth0: ['2001:db8:53::10/64'] },
        listeners: [{ protocol: 'tcp', port: 15006, address: '::' }],
        rules: {
          v6: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A OUTPUT -p udp -m udp --dport 53 -m owner --uid-owner 0 -j CT --zone 1
-A OUTPUT -p udp -m udp --sport 15053 -m owner --uid-owner 0 -j CT --zone 2
COMMIT
*nat
${NAT}:KUMA_MESH_INBOUND - [0:0]
:KUMA_MESH_INBOUND_REDIRECT - [0:0]
:KUMA_MESH_OUTBOUND - [0:0]
:KUMA_MESH_OUTBOUND_REDIRECT - [0:0]
-A PREROUTING -p tcp -j KUMA_MESH_INBOUND
-A OUTPUT -p udp -m udp --dport 53 -m owner --uid-owner 0 -j RETURN
-A OUTPUT -p tcp -j KUMA_MESH_OUTBOUND
-A KUMA_MESH_INBOUND -p tcp -j KUMA_MESH_INBOUND_REDIRECT
-A KUMA_MESH_INBOUND_REDIRECT -p tcp -j REDIRECT --to-ports 15006
-A KUMA_MESH_OUTBOUND -s ::6/128 -o lo -j RETURN
-A KUMA_MESH_OUTBOUND ! -d ::1/128 -o lo -p tcp -m tcp ! --dport 53 -m owner --uid-owner 0 -j KUMA_MESH_INBOUND_REDIRECT
-A KUMA_MESH_OUTBOUND -m owner --uid-owner 0 -j RETURN
-A KUMA_MESH_OUTBOUND -d ::1/128 -j RETURN
-A KUMA_MESH_OUTBOUND -j KUMA_MESH_OUTBOUND_REDIRECT
-A KUMA_MESH_OUTBOUND_REDIRECT -p tcp -j REDIRECT --to-ports 15001
COMMIT
*filter
${FILTER}-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -p tcp -m tcp --dport 9901 ! -s ::1/128 -j REJECT
COMMIT
`,
        },
      },
    },
    links: [['pod:eth0', 'resolver:eth0']],
    traced: 'pod',
    fails: { from: 'pod', what: 'udp', to: '2001:db8:53::53', port: 53 },
    seen: 'answered',
    others: [
      { sending: { from: 'resolver', what: 'tcp', to: '2001:db8:53::10', port: 8080 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: '2001:db8:53::53', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'Nothing is lost: the query is tracked in zone 1 and its reply in none, so the reply is new to connection tracking, and no rule minds.',
      causes: [],
      status: ['answered'],
    },
    mend: [['pod', 'true']],
  },
]
