/** Nodes of clusters with iptables: chains of several programs of which none accepts, or none translates. */
import { clientAndServer, FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const NAT = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'
const SSH = { protocol: 'tcp', port: 22 } as const

export const POLICIES_OF_PODS: Problem[] = [
  {
    name: 'calico-pool-of-ipv6-leaves-untranslated',
    thread: {
      title: 'The ip6tables SNAT(MASQUERADE) rule for pod IPv6 to outside world is missing',
      address: 'https://github.com/projectcalico/calico/issues/7183',
    },
    backend: 'iptables-legacy',
    hosts: {
      pod: {
        addresses: { eth0: ['10.244.0.2/24', 'fd01::2/64'] },
        routes: ['default via 10.244.0.1', 'default via fd01::1'],
      },
      node: {
        addresses: { cali1: ['10.244.0.1/24', 'fd01::1/64'], eth0: ['192.168.0.2/24', 'fd00::2/64'] },
        sysctls: FORWARDS,
        rules: {
          ipset: `create cali40masq-ipam-pools hash:net
add cali40masq-ipam-pools 10.244.0.0/16
create cali40all-ipam-pools hash:net
add cali40all-ipam-pools 10.244.0.0/16
`,
          v4: `*nat
${NAT}:cali-POSTROUTING - [0:0]
:cali-nat-outgoing - [0:0]
-A POSTROUTING -m comment --comment "cali:O3lYWMrLQYEMJtB5" -j cali-POSTROUTING
-A cali-POSTROUTING -m comment --comment "cali:Z-c7XtVd2Bq7s_hA" -j cali-nat-outgoing
-A cali-nat-outgoing -m comment --comment "cali:Dw4T8UWPnCLxRJiI" -m set --match-set cali40masq-ipam-pools src -m set ! --match-set cali40all-ipam-pools dst -j MASQUERADE
COMMIT
`,
          v6: `*nat
${NAT}:cali-POSTROUTING - [0:0]
:cali-nat-outgoing - [0:0]
-A POSTROUTING -m comment --comment "cali:O3lYWMrLQYEMJtB5" -j cali-POSTROUTING
-A cali-POSTROUTING -m comment --comment "cali:Z-c7XtVd2Bq7s_hA" -j cali-nat-outgoing
COMMIT
`,
        },
      },
      nginx: { addresses: { eth0: ['192.168.0.4/24', 'fd00::4/64'] }, listeners: WEB },
    },
    links: [
      ['pod:eth0', 'node:cali1'],
      ['node:eth0', 'nginx:eth0'],
    ],
    traced: 'node',
    fails: { from: 'pod', what: 'ping', to: 'fd00::4' },
    seen: 'nothing',
    others: [
      { sending: { from: 'pod', what: 'tcp', to: '192.168.0.4', port: 80 }, seen: 'answered' },
      { sending: { from: 'node', what: 'ping', to: 'fd00::4' }, seen: 'answered' },
    ],
    truth: {
      words:
        "No rule of ip6tables masquerades the pods of IPv6: the request leaves with the pod's address, to which the neighbour has no route.",
      causes: [{ chain: 'nat cali-nat-outgoing' }, { code: 'not-masqueraded', words: ['fd01::2'] }],
      status: ['unanswered', 'reply-lost', 'lost'],
    },
    mend: [['node', 'ip6tables -t nat -A cali-nat-outgoing -s fd01::/64 ! -d fd01::/64 -j MASQUERADE']],
  },
  {
    name: 'kube-router-returns-to-the-policy',
    thread: {
      title: 'network_policy_controller.go generates incorrect iptables rules',
      address: 'https://github.com/cloudnativelabs/kube-router/issues/1076',
    },
    backend: 'iptables-legacy',
    ...clientAndServer({
      // a service of the host's network at a node port
      listeners: [{ protocol: 'tcp', port: 30080 }, SSH],
      rules: {
        v4: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:KUBE-ROUTER-INPUT - [0:0]
-A INPUT -m comment --comment "kube-router netpol - 4IA2OSFRMVNDXBVV" -j KUBE-ROUTER-INPUT
-A INPUT -i lo -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m state --state NEW -m tcp --dport 22 -j ACCEPT
-A KUBE-ROUTER-INPUT -d 10.43.0.0/16 -m comment --comment "allow traffic to cluster IP - M66LPN4N3KB5HTJR" -j RETURN
-A KUBE-ROUTER-INPUT -p tcp -m comment --comment "allow LOCAL TCP traffic to node ports - LR7XO7NXDBGQJD2M" -m addrtype --dst-type LOCAL -m multiport --dports 30000:32767 -j RETURN
-A KUBE-ROUTER-INPUT -p udp -m comment --comment "allow LOCAL UDP traffic to node ports - 76UCBPIZNGJNWNUZ" -m addrtype --dst-type LOCAL -m multiport --dports 30000:32767 -j RETURN
COMMIT
`,
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 30080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 }, seen: 'nothing' },
      { sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'answered' },
    ],
    truth: {
      words: 'The rule that is to allow node ports returns in place of accepting, and the policy of INPUT drops.',
      causes: [{ rule: 'allow LOCAL TCP traffic to node ports', chain: 'filter KUBE-ROUTER-INPUT' }],
      status: ['dropped'],
    },
    mend: [
      [
        'server',
        'iptables -R KUBE-ROUTER-INPUT 2 -p tcp -m addrtype --dst-type LOCAL -m multiport --dports 30000:32767 -j ACCEPT',
      ],
    ],
  },
  {
    name: 'metallb-node-asks-address-without-own-pod',
    thread: {
      title: 'Accessing service IPs from nodes (uncontained) fails in some setups',
      address: 'https://github.com/metallb/metallb/issues/258',
    },
    backend: 'iptables-legacy',
    hosts: {
      node: {
        addresses: { eth0: ['192.0.2.1/24'] },
        routes: ['default via 192.0.2.9'],
        listeners: [SSH],
        rules: {
          v4: `*nat
${NAT}:KUBE-FW-WEB - [0:0]
:KUBE-MARK-DROP - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-SEP-WEB - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-WEB - [0:0]
:KUBE-XLB-WEB - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-FW-WEB -m comment --comment "default/web: loadbalancer IP" -j KUBE-XLB-WEB
-A KUBE-FW-WEB -m comment --comment "default/web: loadbalancer IP" -j KUBE-MARK-DROP
-A KUBE-MARK-DROP -j MARK --set-xmark 0x8000/0x8000
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -m mark --mark 0x4000/0x4000 -j MASQUERADE
-A KUBE-SERVICES -d 10.96.0.80/32 -p tcp -m comment --comment "default/web: cluster IP" -m tcp --dport 80 -j KUBE-SVC-WEB
-A KUBE-SERVICES -d 203.0.113.10/32 -p tcp -m comment --comment "default/web: loadbalancer IP" -m tcp --dport 80 -j KUBE-FW-WEB
-A KUBE-SVC-WEB -m comment --comment "default/web:" -j KUBE-SEP-WEB
-A KUBE-SEP-WEB -p tcp -m comment --comment "default/web:" -m tcp -j DNAT --to-destination 192.0.2.9:80
-A KUBE-XLB-WEB -s 10.244.0.0/16 -m comment --comment "Redirect pods trying to reach external loadbalancer VIP to clusterIP" -j KUBE-SVC-WEB
-A KUBE-XLB-WEB -m comment --comment "default/web: has no local endpoints" -j KUBE-MARK-DROP
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:KUBE-FIREWALL - [0:0]
-A INPUT -j KUBE-FIREWALL
-A OUTPUT -j KUBE-FIREWALL
-A KUBE-FIREWALL -m comment --comment "kubernetes firewall for dropping marked packets" -m mark --mark 0x8000/0x8000 -j DROP
COMMIT
`,
        },
      },
      // the node that has the pod, and announces the address
      other: { addresses: { eth0: ['192.0.2.9/24'], lo: ['203.0.113.10/32'] }, listeners: WEB },
    },
    links: [['node:eth0', 'other:eth0']],
    traced: 'node',
    fails: { from: 'node', what: 'tcp', to: '203.0.113.10', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'node', what: 'tcp', to: '10.96.0.80', port: 80 }, seen: 'answered' },
      { sending: { from: 'other', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The service's address is taken for external traffic, and that is marked to drop where no pod is on this node, also when the node itself asks.",
      causes: [
        { rule: 'has no local endpoints', chain: 'nat KUBE-XLB-WEB' },
        { rule: 'default/web: loadbalancer IP', chain: 'nat KUBE-SERVICES' },
        { code: 'no-endpoints' },
      ],
      status: ['dropped'],
    },
    mend: [
      [
        'node',
        'iptables -t nat -A OUTPUT -d 203.0.113.0/24 -m mark --mark 0x8000/0x8000 -j MARK --set-xmark 0x0/0x8000',
      ],
    ],
  },
  {
    name: 'cilium-forwards-for-lxc-and-not-for-eni',
    thread: {
      title: 'datapath: allow local NodePort traffic for `eni+` container interfaces with CNI chaining',
      address: 'https://github.com/cilium/cilium/pull/21126',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] }, listeners: WEB },
      node: {
        addresses: { eth0: ['192.0.2.1/24'], eni621c0fc8425: ['169.254.1.1/32'] },
        routes: ['10.0.5.2 dev eni621c0fc8425'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          v4: `*nat
${NAT}:KUBE-NODEPORTS - [0:0]
:KUBE-SEP-WEB - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-XLB-WEB - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-NODEPORTS -p tcp -m comment --comment "default/web" -m tcp --dport 31000 -j KUBE-XLB-WEB
-A KUBE-XLB-WEB -m comment --comment "Balancing rule 0 for default/web" -j KUBE-SEP-WEB
-A KUBE-SEP-WEB -p tcp -m comment --comment "default/web" -m tcp -j DNAT --to-destination 10.0.5.2:80
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:CILIUM_FORWARD - [0:0]
:KUBE-FORWARD - [0:0]
-A FORWARD -m comment --comment "cilium-feeder: CILIUM_FORWARD" -j CILIUM_FORWARD
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A CILIUM_FORWARD -o cilium_host -m comment --comment "cilium: any->cluster on cilium_host forward accept" -j ACCEPT
-A CILIUM_FORWARD -i cilium_host -m comment --comment "cilium: cluster->any on cilium_host forward accept (nodeport)" -j ACCEPT
-A CILIUM_FORWARD -o lxc+ -m comment --comment "cilium: any->cluster on lxc+ forward accept" -j ACCEPT
-A CILIUM_FORWARD -i lxc+ -m comment --comment "cilium: cluster->any on lxc+ forward accept (nodeport)" -j ACCEPT
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -m comment --comment "kubernetes forwarding rules" -j ACCEPT
-A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment "kubernetes forwarding conntrack rule" -j ACCEPT
COMMIT
`,
        },
      },
      pod: {
        addresses: { eth0: ['10.0.5.2/32'] },
        routes: ['169.254.1.1 dev eth0', 'default via 169.254.1.1'],
        listeners: WEB,
      },
    },
    links: [
      ['client:eth0', 'node:eth0'],
      ['node:eni621c0fc8425', 'pod:eth0'],
    ],
    traced: 'node',
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 31000 },
    seen: 'nothing',
    others: [
      { sending: { from: 'node', what: 'tcp', to: '10.0.5.2', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words: "Only interfaces called lxc… may be forwarded to, and with the cloud's plugin this pod's is called eni….",
      causes: [{ rule: '-o lxc+', chain: 'filter CILIUM_FORWARD' }],
      status: ['dropped'],
    },
    mend: [['node', 'iptables -A CILIUM_FORWARD -o eni+ -j ACCEPT']],
  },
]
