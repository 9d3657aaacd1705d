/** Nodes whose own rules are strict, and whose pods' packets leave inside of others: from threads. */
import { FORWARDS } from '../machines.ts'
import type { Line, Problem } from '../problem.ts'

const tcp = (port: number) => ({ protocol: 'tcp', port }) as const
const NAT = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'

/** `tunnel`: what lets the packets of VXLAN out and in. */
const node = (tunnel: string) => `*nat
${NAT}:FLANNEL-POSTRTG - [0:0]
:KUBE-EXT-WEB - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-SEP-WEB - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-WEB - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
-A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.244.0.0/24 -d 10.244.0.0/16 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.244.0.0/16 -d 10.244.0.0/24 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG ! -s 10.244.0.0/16 -d 10.244.0.0/24 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.244.0.0/16 ! -d 224.0.0.0/4 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
-A FLANNEL-POSTRTG ! -s 10.244.0.0/16 -d 10.244.0.0/16 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
-A KUBE-EXT-WEB -m comment --comment "masquerade traffic for default/web external destinations" -j KUBE-MARK-MASQ
-A KUBE-EXT-WEB -j KUBE-SVC-WEB
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-NODEPORTS -p tcp -m comment --comment "default/web" -m tcp --dport 30080 -j KUBE-EXT-WEB
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
-A KUBE-SEP-WEB -p tcp -m comment --comment "default/web" -m tcp -j DNAT --to-destination 10.244.1.5:80
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-SVC-WEB -m comment --comment "default/web -> 10.244.1.5:80" -j KUBE-SEP-WEB
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
:FLANNEL-FWD - [0:0]
:KUBE-FIREWALL - [0:0]
:KUBE-FORWARD - [0:0]
:NODES-IN - [0:0]
:NODES-OUT - [0:0]
-A INPUT -j KUBE-FIREWALL
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -s 172.31.0.0/16 -j NODES-IN
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
-A OUTPUT -j KUBE-FIREWALL
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -p icmp -j ACCEPT
-A OUTPUT -p udp -m multiport --dports 53,123 -j ACCEPT
-A OUTPUT -p tcp -m multiport --dports 80,443 -j ACCEPT
-A OUTPUT -d 172.31.0.0/16 -j NODES-OUT
-A FLANNEL-FWD -s 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
-A FLANNEL-FWD -d 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment "block incoming localnet connections" -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A NODES-IN -p tcp -j ACCEPT
-A NODES-OUT -p tcp -j ACCEPT
${tunnel}COMMIT
`

const flannel = (own: 0 | 1): Line => {
  const peer = 1 - own
  return [
    `node${own + 1}`,
    `ip link add flannel.1 address 02:00:00:00:f1:0${own} type vxlan id 1 local 172.31.0.1${own} dev ens5 dstport 8472 nolearning; ip addr add 10.244.${own}.0/32 dev flannel.1; ip link set flannel.1 up; ip neigh replace 10.244.${peer}.0 lladdr 02:00:00:00:f1:0${peer} dev flannel.1 nud permanent; bridge fdb append 02:00:00:00:f1:0${peer} dev flannel.1 dst 172.31.0.1${peer}; ip route add 10.244.${peer}.0/24 via 10.244.${peer}.0 dev flannel.1 onlink`,
  ]
}

const nodes = (tunnel: string): Pick<Problem, 'backend' | 'hosts' | 'links' | 'traced' | 'setup'> => ({
  backend: 'iptables-nft',
  hosts: {
    client: { addresses: { eth0: ['198.51.100.7/24'] }, routes: ['172.31.0.0/16 via 198.51.100.1'] },
    pod1: { addresses: { eth0: ['10.244.0.5/24'] }, routes: ['default via 10.244.0.1'] },
    node1: {
      bridges: { cni0: ['veth1'] },
      addresses: { cni0: ['10.244.0.1/24'], ens5: ['172.31.0.10/20'], ens6: ['198.51.100.1/24'] },
      routes: ['default via 198.51.100.7'],
      sysctls: FORWARDS,
      listeners: [tcp(22), tcp(10250)],
      rules: { v4: node(tunnel) },
    },
    node2: {
      bridges: { cni0: ['veth1'] },
      addresses: { cni0: ['10.244.1.1/24'], ens5: ['172.31.0.11/20'] },
      routes: ['default via 172.31.0.10'],
      sysctls: FORWARDS,
      listeners: [tcp(22), tcp(10250)],
    },
    pod2: { addresses: { eth0: ['10.244.1.5/24'] }, routes: ['default via 10.244.1.1'], listeners: [tcp(80)] },
  },
  links: [
    ['client:eth0', 'node1:ens6'],
    ['pod1:eth0', 'node1:veth1'],
    ['node1:ens5', 'node2:ens5'],
    ['node2:veth1', 'pod2:eth0'],
  ],
  traced: 'node1',
  setup: [flannel(0), flannel(1)],
})

export const TUNNELS_OF_HARDENED_NODES: Problem[] = [
  {
    name: 'node-lets-tcp-alone-out-to-other-nodes-and-flannel-sends-udp',
    thread: {
      title:
        'Kubernetes NodePort connection only working on node running the pod, cross worker/pod connectivity not working also',
      address: 'https://github.com/flannel-io/flannel/issues/871',
    },
    ...nodes(''),
    fails: { from: 'client', what: 'tcp', to: '172.31.0.10', port: 30080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'node1', what: 'tcp', to: '172.31.0.11', port: 10250 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '172.31.0.10', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '172.31.0.10', port: 10250 }, seen: 'nothing' },
      { sending: { from: 'pod1', what: 'tcp', to: '10.244.1.5', port: 80 }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        'Between nodes all of TCP is let out, and nothing of UDP: the packets of VXLAN, in which those to the pod are sent, are dropped at OUTPUT.',
      causes: [{ policy: 'filter OUTPUT' }, { chain: 'filter NODES-OUT' }],
      status: ['unanswered', 'lost', 'dropped'],
    },
    mend: [
      [
        'node1',
        'iptables -A NODES-OUT -p udp --dport 8472 -j ACCEPT; iptables -A NODES-IN -p udp --dport 8472 -j ACCEPT',
      ],
    ],
  },
  {
    name: 'node-takes-tcp-alone-from-other-nodes-and-replies-come-by-flannels-udp',
    thread: {
      title: 'Whether flannel can support the iptables rule of 8472 and 8285 UDP enabled by default',
      address: 'https://github.com/flannel-io/flannel/issues/1704',
    },
    ...nodes('-A NODES-OUT -p udp -m udp --dport 8472 -j ACCEPT\n'),
    fails: { from: 'pod1', what: 'tcp', to: '10.244.1.5', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'node2', what: 'tcp', to: '172.31.0.10', port: 10250 }, seen: 'answered' },
      { sending: { from: 'node2', what: 'udp', to: '172.31.0.10', port: 514 }, seen: 'nothing' },
      { sending: { from: 'client', what: 'tcp', to: '172.31.0.10', port: 30080 }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        "The node lets VXLAN out and not in. Each end sends from a port of its own, so the other's packets are no replies for conntrack, and INPUT drops them.",
      causes: [{ policy: 'filter INPUT' }, { chain: 'filter NODES-IN' }],
      status: ['unanswered', 'lost', 'dropped', 'reply-lost'],
    },
    mend: [['node1', 'iptables -A NODES-IN -p udp --dport 8472 -j ACCEPT']],
  },
  {
    name: 'healthy-hardened-node-lets-the-packets-of-its-tunnel-out-and-in',
    thread: {
      title: 'Flannel will not work unless UDP ports 8285 and 8472 are allowed for …',
      address: 'https://github.com/kubernetes/website/pull/13789',
    },
    ...nodes('-A NODES-OUT -p udp -m udp --dport 8472 -j ACCEPT\n-A NODES-IN -p udp -m udp --dport 8472 -j ACCEPT\n'),
    fails: { from: 'client', what: 'tcp', to: '172.31.0.10', port: 30080 },
    seen: 'answered',
    others: [
      { sending: { from: 'pod1', what: 'tcp', to: '10.244.1.5', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '172.31.0.10', port: 10250 }, seen: 'nothing' },
    ],
    truth: { words: 'Nothing is wrong.', causes: [], status: ['answered'] },
    mend: [['node1', 'true']],
  },
]
