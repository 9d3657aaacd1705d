/** Nodes in clouds and in VMs, from threads: a source that is masqueraded once more, a tunnel whose other end is this node's own address, a hypervisor that knows no pods, a NAT instance without its rule. */
import { FORWARDS } from '../machines.ts'
import type { Line, Problem } from '../problem.ts'

const tcp = (port: number) => ({ protocol: 'tcp', port }) as const
const NAT = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'

/** The node of AKS that is a gateway: the gateway's namespace has translated to the prefix that partners know. */
const AKS = `*nat
${NAT}:IP-MASQ-AGENT - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-SEP-DNS - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-DNS - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A POSTROUTING -m comment --comment "ip-masq-agent: ensure nat POSTROUTING directs all non-LOCAL destination traffic to our custom IP-MASQ-AGENT chain" -m addrtype ! --dst-type LOCAL -j IP-MASQ-AGENT
-A IP-MASQ-AGENT -d 10.244.0.0/16 -m comment --comment "ip-masq-agent: local traffic is not subject to MASQUERADE" -j RETURN
-A IP-MASQ-AGENT -d 10.243.0.0/16 -m comment --comment "ip-masq-agent: local traffic is not subject to MASQUERADE" -j RETURN
-A IP-MASQ-AGENT -d 10.0.0.0/16 -m comment --comment "ip-masq-agent: local traffic is not subject to MASQUERADE" -j RETURN
-A IP-MASQ-AGENT -m comment --comment "ip-masq-agent: outbound traffic is subject to MASQUERADE (must be last in chain)" -j MASQUERADE
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
-A KUBE-SEP-DNS -p udp -m comment --comment "kube-system/kube-dns:dns" -m udp -j DNAT --to-destination 10.244.3.7:53
-A KUBE-SERVICES -d 10.0.0.10/32 -p udp -m comment --comment "kube-system/kube-dns:dns cluster IP" -m udp --dport 53 -j KUBE-SVC-DNS
-A KUBE-SVC-DNS -m comment --comment "kube-system/kube-dns:dns -> 10.244.3.7:53" -j KUBE-SEP-DNS
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:KUBE-FIREWALL - [0:0]
:KUBE-FORWARD - [0:0]
-A INPUT -j KUBE-FIREWALL
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A OUTPUT -j KUBE-FIREWALL
-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment "block incoming localnet connections" -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`

/** The partner opens its API for the prefix of the gateway. */
const PARTNER = `table inet filter {
  set customers { type ipv4_addr; flags interval; elements = { 10.243.0.6/31 }; }
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    meta l4proto icmp accept
    tcp dport 80 accept
    ip saddr @customers tcp dport 443 accept
  }
}
`

const FLANNEL = `*nat
${NAT}:FLANNEL-POSTRTG - [0:0]
:KUBE-MARK-MASQ - [0:0]
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
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
-A KUBE-SEP-WEB -p tcp -m comment --comment "default/web" -m tcp -j DNAT --to-destination 10.244.1.5:80
-A KUBE-SERVICES -d 10.96.7.7/32 -p tcp -m comment --comment "default/web cluster IP" -m tcp --dport 80 -j KUBE-SVC-WEB
-A KUBE-SVC-WEB ! -s 10.244.0.0/16 -d 10.96.7.7/32 -p tcp -m comment --comment "default/web cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ
-A KUBE-SVC-WEB -m comment --comment "default/web -> 10.244.1.5:80" -j KUBE-SEP-WEB
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:FLANNEL-FWD - [0:0]
:KUBE-FORWARD - [0:0]
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
-A FLANNEL-FWD -s 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
-A FLANNEL-FWD -d 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`

/** `device`, `own` and `other`: what flannel has been given as the node's public address, and what it has read of the other node's. */
const flannel = (node: 0 | 1, device: string, own: string, other: string) => {
  const peer = 1 - node
  return `ip link del flannel.1 2>/dev/null; ip link add flannel.1 address 02:00:00:00:f1:0${node} type vxlan id 1 local ${own} dev ${device} dstport 8472 nolearning; ip addr add 10.244.${node}.0/32 dev flannel.1; ip link set flannel.1 up; ip neigh replace 10.244.${peer}.0 lladdr 02:00:00:00:f1:0${peer} dev flannel.1 nud permanent; bridge fdb append 02:00:00:00:f1:0${peer} dev flannel.1 dst ${other}; ip route add 10.244.${peer}.0/24 via 10.244.${peer}.0 dev flannel.1 onlink`
}
const BY_ETH1: Line[] = [
  ['node1', flannel(0, 'eth1', '192.168.26.10', '192.168.26.11')],
  ['node2', flannel(1, 'eth1', '192.168.26.11', '192.168.26.10')],
]

export const SOURCES_AND_TUNNELS_OF_CLOUD_NODES: Problem[] = [
  {
    name: 'egress-gateway-of-aks-is-masqueraded-once-more-by-ip-masq-agent',
    thread: {
      title: 'fix: add iptables rule to avoid sNAT for traffic from gw namespace',
      address: 'https://github.com/Azure/kube-egress-gateway/pull/143',
    },
    backend: 'iptables-nft',
    hosts: {
      gateway: {
        addresses: { host0: ['10.243.0.6/32'] },
        routes: ['10.243.0.5 dev host0', 'default via 10.243.0.5'],
      },
      pod: { addresses: { eth0: ['10.244.3.9/32'] }, routes: ['10.243.0.5 dev eth0', 'default via 10.243.0.5'] },
      node: {
        addresses: { eth0: ['10.243.0.5/16'], 'gateway-0': [], azv1: [] },
        routes: ['10.243.0.6 dev gateway-0', '10.244.3.9 dev azv1', 'default via 10.243.0.1'],
        sysctls: FORWARDS,
        listeners: [tcp(22), tcp(10250)],
        rules: { v4: AKS },
      },
      partner: {
        addresses: { eth0: ['10.243.0.1/16'], lo: ['203.0.113.9/32'] },
        routes: ['10.243.0.6 via 10.243.0.5'],
        listeners: [tcp(80), tcp(443)],
        rules: { nft: PARTNER },
      },
    },
    links: [
      ['gateway:host0', 'node:gateway-0'],
      ['pod:eth0', 'node:azv1'],
      ['node:eth0', 'partner:eth0'],
    ],
    traced: 'node',
    fails: { from: 'gateway', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pod', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'nothing' },
      { sending: { from: 'node', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The gateway's namespace sends with the address that the partner knows. ip-masq-agent masquerades that once more, and the partner drops the node's address.",
      causes: [
        { rule: '-j MASQUERADE', chain: 'nat IP-MASQ-AGENT' },
        { code: 'snat-changed-source', words: ['10.243.0.6'] },
      ],
      status: ['unanswered'],
    },
    mend: [['node', 'iptables -t nat -I POSTROUTING -s 10.243.0.6/32 -j ACCEPT']],
  },
  {
    name: 'flannel-of-vagrant-has-the-same-public-address-on-each-node',
    thread: {
      title: 'Overhaul docs - troubleshooting, kubernetes info',
      address: 'https://github.com/flannel-io/flannel/pull/764',
    },
    backend: 'iptables-nft',
    hosts: {
      pod1: { addresses: { eth0: ['10.244.0.5/24'] }, routes: ['default via 10.244.0.1'] },
      node1: {
        bridges: { cni0: ['veth1'] },
        addresses: { cni0: ['10.244.0.1/24'], eth0: ['10.0.2.15/24'], eth1: ['192.168.26.10/24'] },
        routes: ['default via 10.0.2.2'],
        sysctls: FORWARDS,
        listeners: [tcp(22)],
        rules: { v4: FLANNEL },
      },
      nat1: { addresses: { eth0: ['10.0.2.2/24'] }, listeners: [tcp(80)] },
      node2: {
        bridges: { cni0: ['veth1'] },
        addresses: { cni0: ['10.244.1.1/24'], eth0: ['10.0.2.15/24'], eth1: ['192.168.26.11/24'] },
        routes: ['default via 10.0.2.2'],
        sysctls: FORWARDS,
        listeners: [tcp(22)],
      },
      nat2: { addresses: { eth0: ['10.0.2.2/24'] } },
      pod2: { addresses: { eth0: ['10.244.1.5/24'] }, routes: ['default via 10.244.1.1'], listeners: [tcp(80)] },
    },
    links: [
      ['pod1:eth0', 'node1:veth1'],
      ['node1:eth0', 'nat1:eth0'],
      ['node1:eth1', 'node2:eth1'],
      ['node2:eth0', 'nat2:eth0'],
      ['node2:veth1', 'pod2:eth0'],
    ],
    traced: 'node1',
    setup: [
      ['node1', flannel(0, 'eth0', '10.0.2.15', '10.0.2.15')],
      ['node2', flannel(1, 'eth0', '10.0.2.15', '10.0.2.15')],
    ],
    fails: { from: 'pod1', what: 'tcp', to: '10.244.1.5', port: 80 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'pod1', what: 'tcp', to: '10.0.2.2', port: 80 }, seen: 'answered' },
      { sending: { from: 'node1', what: 'tcp', to: '192.168.26.11', port: 22 }, seen: 'answered' },
      { sending: { from: 'pod1', what: 'tcp', to: '10.96.7.7', port: 80 }, seen: 'unreachable', either: true },
    ],
    truth: {
      words:
        "flannel took the first interface, which has the same address on every VM of Vagrant. The other node's end of the tunnel is this node's own address, so the tunnel's packets come back to it.",
      causes: [
        { code: 'not-netfilter', words: ['10.0.2.15'] },
        { code: 'not-netfilter', words: ['flannel.1'] },
        { code: 'wrong-way-out', words: ['flannel.1'] },
        { code: 'vanished-rp-filter', words: ['flannel.1'] },
        { code: 'vanished-ttl' },
        { code: 'kernel-drop', words: ['flannel.1'] },
      ],
      status: ['unanswered', 'lost'],
    },
    mend: BY_ETH1,
  },
]
