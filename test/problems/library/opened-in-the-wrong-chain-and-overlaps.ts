/** Nodes of clusters, from threads: node ports opened where they do not pass, by the other backend; a client whose address is within the network of the cluster. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const tcp = (port: number) => ({ protocol: 'tcp', port }) as const
const NAT = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'

/** What kube-proxy and the VPC's CNI write, by iptables-legacy. */
const EKS = `*mangle
${NAT.replace(':POST', ':FORWARD ACCEPT [0:0]\n:POST')}-A PREROUTING -i eth0 -m comment --comment "AWS, primary ENI" -m addrtype --dst-type LOCAL --limit-iface-in -j CONNMARK --set-xmark 0x80/0x80
-A PREROUTING -i eni+ -m comment --comment "AWS, primary ENI" -j CONNMARK --restore-mark --nfmask 0x80 --ctmask 0x80
COMMIT
*nat
${NAT}:AWS-SNAT-CHAIN-0 - [0:0]
:KUBE-EXT-INGRESS - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-SEP-INGRESS - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-INGRESS - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A POSTROUTING -m comment --comment "AWS SNAT CHAIN" -j AWS-SNAT-CHAIN-0
-A AWS-SNAT-CHAIN-0 -d 10.50.0.0/16 -m comment --comment "AWS SNAT CHAIN" -j RETURN
-A AWS-SNAT-CHAIN-0 ! -o vlan+ -m comment --comment "AWS, SNAT" -m addrtype ! --dst-type LOCAL -j SNAT --to-source 10.50.1.10 --random-fully
-A KUBE-EXT-INGRESS -m comment --comment "masquerade traffic for ingress-nginx/controller:https external destinations" -j KUBE-MARK-MASQ
-A KUBE-EXT-INGRESS -j KUBE-SVC-INGRESS
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-NODEPORTS -p tcp -m comment --comment "ingress-nginx/controller:https" -m tcp --dport 32443 -j KUBE-EXT-INGRESS
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
-A KUBE-SEP-INGRESS -p tcp -m comment --comment "ingress-nginx/controller:https" -m tcp -j DNAT --to-destination 10.50.1.77:443
-A KUBE-SERVICES -d 172.20.88.3/32 -p tcp -m comment --comment "ingress-nginx/controller:https cluster IP" -m tcp --dport 443 -j KUBE-SVC-INGRESS
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-SVC-INGRESS -m comment --comment "ingress-nginx/controller:https -> 10.50.1.77:443" -j KUBE-SEP-INGRESS
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
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`

/** A benchmark's rules, from a bootstrap container whose iptables is the one of nft. */
const BENCHMARK = `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -p tcp -m tcp --dport 32080 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 32002 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 32443 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 10250 -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -s 127.0.0.0/8 -j DROP
-A INPUT -p tcp -m state --state ESTABLISHED -j ACCEPT
-A INPUT -p udp -m state --state ESTABLISHED -j ACCEPT
-A INPUT -p icmp -m state --state ESTABLISHED -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -p tcp -m state --state NEW,ESTABLISHED -j ACCEPT
-A OUTPUT -p udp -m state --state NEW,ESTABLISHED -j ACCEPT
-A OUTPUT -p icmp -m state --state NEW,ESTABLISHED -j ACCEPT
COMMIT
`

/** OpenShift's SDN: all of 10.128.0.0/14 is behind tun0. */
const OPENSHIFT = `*nat
${NAT}:KUBE-EXT-ROUTER - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-SEP-ROUTER - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-ROUTER - [0:0]
:OPENSHIFT-MASQUERADE - [0:0]
:OPENSHIFT-MASQUERADE-2 - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "rules for masquerading OpenShift traffic" -j OPENSHIFT-MASQUERADE
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-EXT-ROUTER -m comment --comment "masquerade traffic for ingress/router:https external destinations" -j KUBE-MARK-MASQ
-A KUBE-EXT-ROUTER -j KUBE-SVC-ROUTER
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x1/0x1
-A KUBE-POSTROUTING -m mark ! --mark 0x1/0x1 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x1/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
-A KUBE-SEP-ROUTER -p tcp -m comment --comment "ingress/router:https" -m tcp -j DNAT --to-destination 10.128.0.20:8443
-A KUBE-SERVICES -d 10.25.178.50/32 -p tcp -m comment --comment "ingress/router:https external IP" -m tcp --dport 443 -j KUBE-EXT-ROUTER
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-SVC-ROUTER -m comment --comment "ingress/router:https -> 10.128.0.20:8443" -j KUBE-SEP-ROUTER
-A OPENSHIFT-MASQUERADE -s 10.128.0.0/14 -m mark --mark 0x1/0x1 -j RETURN
-A OPENSHIFT-MASQUERADE -s 10.128.0.0/14 -m comment --comment "masquerade pod-to-service and pod-to-external traffic" -j OPENSHIFT-MASQUERADE-2
-A OPENSHIFT-MASQUERADE-2 -d 10.128.0.0/14 -m comment --comment "masquerade pod-to-external traffic" -j RETURN
-A OPENSHIFT-MASQUERADE-2 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:KUBE-FORWARD - [0:0]
:OPENSHIFT-ADMIN-OUTPUT-RULES - [0:0]
:OPENSHIFT-FIREWALL-ALLOW - [0:0]
:OPENSHIFT-FIREWALL-FORWARD - [0:0]
-A INPUT -m comment --comment "firewall overrides" -j OPENSHIFT-FIREWALL-ALLOW
-A FORWARD -m comment --comment "firewall overrides" -j OPENSHIFT-FIREWALL-FORWARD
-A FORWARD -i tun0 ! -o tun0 -m comment --comment "administrator overrides" -j OPENSHIFT-ADMIN-OUTPUT-RULES
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x1/0x1 -j ACCEPT
-A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OPENSHIFT-FIREWALL-ALLOW -p udp -m udp --dport 4789 -m comment --comment "VXLAN incoming" -j ACCEPT
-A OPENSHIFT-FIREWALL-ALLOW -i tun0 -m comment --comment "from SDN to localhost" -j ACCEPT
-A OPENSHIFT-FIREWALL-FORWARD -s 10.128.0.0/14 -m comment --comment "attempted resend after connection close" -m conntrack --ctstate INVALID -j DROP
-A OPENSHIFT-FIREWALL-FORWARD -d 10.128.0.0/14 -m comment --comment "forward traffic from SDN" -j ACCEPT
-A OPENSHIFT-FIREWALL-FORWARD -s 10.128.0.0/14 -m comment --comment "forward traffic to SDN" -j ACCEPT
COMMIT
`

export const OPENED_IN_THE_WRONG_CHAIN_AND_OVERLAPS: Problem[] = [
  {
    name: 'bottlerocket-benchmark-opens-node-ports-at-input-by-the-other-backend',
    thread: {
      title: 'NodePort services inaccessible/blocked by iptables(nginx ingress controller stopped working)',
      address: 'https://github.com/aws-samples/containers-blog-maelstrom/issues/115',
    },
    backend: 'mixed',
    hosts: {
      balancer: { addresses: { eth0: ['10.50.0.5/24'] }, routes: ['10.50.1.0/24 via 10.50.0.1'] },
      router: { addresses: { eth0: ['10.50.0.1/24'], eth1: ['10.50.1.1/24'] }, sysctls: FORWARDS },
      node: {
        addresses: { eth0: ['10.50.1.10/24'], eni1: ['169.254.1.1/32'] },
        routes: ['10.50.1.77 dev eni1', 'default via 10.50.1.1'],
        sysctls: FORWARDS,
        listeners: [tcp(10250), tcp(22)],
      },
      ingress: {
        addresses: { eth0: ['10.50.1.77/32'] },
        routes: ['169.254.1.1 dev eth0', 'default via 169.254.1.1'],
        listeners: [tcp(443)],
      },
    },
    links: [
      ['balancer:eth0', 'router:eth0'],
      ['router:eth1', 'node:eth0'],
      ['node:eni1', 'ingress:eth0'],
    ],
    traced: 'node',
    setup: [
      ['node', `iptables-legacy-restore <<'END'\n${EKS}END\n`],
      ['node', `iptables-nft-restore <<'END'\n${BENCHMARK}END\n`],
    ],
    fails: { from: 'balancer', what: 'tcp', to: '10.50.1.10', port: 32443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'balancer', what: 'tcp', to: '10.50.1.10', port: 10250 }, seen: 'answered' },
      { sending: { from: 'balancer', what: 'tcp', to: '10.50.1.10', port: 22 }, seen: 'nothing' },
      { sending: { from: 'node', what: 'tcp', to: '10.50.1.77', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The benchmark's rules open the node port at INPUT. kube-proxy sends it to a pod, so it is forwarded, and the policy of FORWARD drops it. That kube-proxy's own chain accepts it in iptables-legacy does not count for the rules of nft.",
      causes: [{ policy: 'ip filter FORWARD' }, { policy: 'filter FORWARD' }],
      status: ['dropped'],
      alsoTrue: ['mixed-backends'],
    },
    mend: [
      [
        'node',
        'iptables-nft -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT; iptables-nft -A FORWARD -m conntrack --ctstate DNAT -j ACCEPT',
      ],
    ],
  },
  overlap('openshift-client-is-within-the-network-of-the-cluster', { addresses: { tun0: ['10.128.0.1/23'] } }, 'tun0'),
  // as CNI's bridge plugin has it: frames of the bridge are rewritten before they are routed
  overlap(
    'client-is-within-the-network-behind-the-bridge-of-the-pods',
    { bridges: { tun0: ['veth1'] }, addresses: { tun0: ['10.128.0.1/23'] } },
    'veth1',
  ),
]

/** `port`: what the pod is at. */
function overlap(name: string, sdn: Pick<Problem['hosts'][string], 'addresses' | 'bridges'>, port: string): Problem {
  return {
    name,
    thread: {
      title: 'Possibility to handle IP address conflicts with internal OpenShift CIDR',
      address: 'https://github.com/redhat-cop/keepalived-operator/issues/82',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: { addresses: { eth0: ['10.131.3.7/24'] }, routes: ['default via 10.131.3.1'] },
      office: { addresses: { eth0: ['10.99.0.7/24'] }, routes: ['default via 10.99.0.1'] },
      router: {
        addresses: { eth0: ['10.25.178.1/24'], eth1: ['10.131.3.1/24'], eth2: ['10.99.0.1/24'] },
        sysctls: FORWARDS,
      },
      node: {
        ...sdn,
        addresses: { eth0: ['10.25.178.11/24', '10.25.178.50/32'], ...sdn.addresses },
        routes: ['10.128.0.0/14 dev tun0', 'default via 10.25.178.1'],
        sysctls: FORWARDS,
        listeners: [tcp(22)],
        rules: { v4: OPENSHIFT },
      },
      pod: {
        addresses: { eth0: ['10.128.0.20/23'] },
        routes: ['default via 10.128.0.1'],
        listeners: [tcp(8443)],
      },
    },
    links: [
      ['client:eth0', 'router:eth1'],
      ['office:eth0', 'router:eth2'],
      ['router:eth0', 'node:eth0'],
      [`node:${port}`, 'pod:eth0'],
    ],
    traced: 'node',
    fails: { from: 'client', what: 'tcp', to: '10.25.178.50', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'office', what: 'tcp', to: '10.25.178.50', port: 443 }, seen: 'answered' },
      { sending: { from: 'office', what: 'tcp', to: '10.25.178.11', port: 22 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'ping', to: '10.99.0.7' }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '10.25.178.11', port: 22 }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        "The client's address is within the network of the cluster, which is all routed to tun0: the reply goes there, and nobody there has that address.",
      causes: [
        { code: 'wrong-way-out', words: ['tun0'] },
        { code: 'neighbour-failed', words: ['10.131.3.7'] },
        { code: 'not-netfilter', words: ['10.131.3.7', 'tun0'] },
        { code: 'reply-dropped', words: ['10.131.3.7', 'tun0'] },
        { code: 'reply-by-other-uplink', words: ['10.131.3.7', 'tun0'] },
      ],
      status: ['unanswered', 'reply-lost'],
    },
    mend: [['node', 'ip route add 10.131.3.0/24 via 10.25.178.1']],
  }
}
