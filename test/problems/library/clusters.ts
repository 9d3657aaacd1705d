/** Nodes of clusters with iptables: sets of kube-proxy and Calico, the firewall of the node, bridges. */
import { bridged, clientAndServer } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { kube } from './kubernetes.ts'
import { PROXIES_IN_CLUSTERS } from './proxies-in-clusters.ts'

const SSH = [{ protocol: 'tcp', port: 22 }] as const

export const CLUSTERS: Problem[] = [
  {
    name: 'kube-ipvs-firewall-for-all-services',
    thread: {
      title: 'IPVS incorrectly create kube-firewall rule',
      address: 'https://github.com/kubernetes/kubernetes/issues/62638',
    },
    backend: 'iptables-legacy',
    ...clientAndServer({
      // IPVS takes them in INPUT: here a program of the node answers in its place
      addresses: { lo: ['203.0.113.80/32', '203.0.113.81/32'] },
      listeners: [{ protocol: 'tcp', port: 80 }, ...SSH],
      rules: {
        ipset: `create KUBE-LOAD-BALANCER hash:ip,port
create KUBE-LB-INGRESS-LOCAL hash:ip,port
create KUBE-LOAD-BALANCER-SOURCE-CIDR hash:ip,port,net
add KUBE-LOAD-BALANCER 203.0.113.80,tcp:80
add KUBE-LOAD-BALANCER 203.0.113.81,tcp:80
add KUBE-LOAD-BALANCER-SOURCE-CIDR 203.0.113.81,tcp:80,198.51.100.0/24
`,
        v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-FIRE-WALL - [0:0]
:KUBE-MARK-DROP - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-SERVICES - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-FIRE-WALL -m set --match-set KUBE-LB-INGRESS-LOCAL dst,dst -j ACCEPT
-A KUBE-FIRE-WALL -m comment --comment "mark MASQ for external traffic policy not local" -j KUBE-MARK-MASQ
-A KUBE-FIRE-WALL -m set --match-set KUBE-LOAD-BALANCER-SOURCE-CIDR dst,dst,src -j ACCEPT
-A KUBE-FIRE-WALL -j KUBE-MARK-DROP
-A KUBE-MARK-DROP -j MARK --set-xmark 0x8000/0x8000
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -m mark --mark 0x4000/0x4000 -j MASQUERADE
-A KUBE-SERVICES -m set --match-set KUBE-LOAD-BALANCER dst,dst -j KUBE-FIRE-WALL
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
    }),
    fails: { from: 'client', what: 'tcp', to: '203.0.113.80', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '203.0.113.81', port: 80 }, seen: 'nothing' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'Once one service has source ranges, each service in the set of load balancers comes to the chain that marks to drop what is in no range.',
      causes: [
        { rule: '-j KUBE-MARK-DROP', chain: 'nat KUBE-FIRE-WALL' },
        { rule: 'KUBE-LOAD-BALANCER-SOURCE-CIDR', chain: 'nat KUBE-FIRE-WALL' },
        { rule: '--match-set KUBE-LOAD-BALANCER dst,dst', chain: 'nat KUBE-SERVICES' },
      ],
      status: ['dropped'],
    },
    mend: [
      [
        'server',
        'ipset create KUBE-LOAD-BALANCER-FW hash:ip,port; ipset add KUBE-LOAD-BALANCER-FW 203.0.113.81,tcp:80; iptables -t nat -R KUBE-SERVICES 1 -m set --match-set KUBE-LOAD-BALANCER-FW dst,dst -j KUBE-FIRE-WALL',
      ],
    ],
  },
  {
    name: 'calico-drops-other-vxlan',
    thread: {
      title: 'Calico unconditionally drops VXLAN packets that are not related to Calico',
      address: 'https://github.com/projectcalico/calico/issues/6752',
    },
    backend: 'iptables-legacy',
    ...clientAndServer({
      listeners: [{ protocol: 'udp', port: 4789 }, ...SSH],
      rules: {
        ipset: 'create cali40all-vxlan-net hash:net\nadd cali40all-vxlan-net 192.0.2.7\n',
        v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:cali-INPUT - [0:0]
:cali-wl-to-host - [0:0]
-A INPUT -m comment --comment "cali:Cz_u1IQiXIMmKD4c" -j cali-INPUT
-A cali-INPUT -p udp -m comment --comment "cali:MYAij0dXtIVCOZ-i" -m comment --comment "Allow IPv4 VXLAN packets from whitelisted hosts" -m multiport --dports 4789 -m set --match-set cali40all-vxlan-net src -m addrtype --dst-type LOCAL -j ACCEPT
-A cali-INPUT -p udp -m comment --comment "cali:c3JpWekSTKWcdGH0" -m comment --comment "Drop IPv4 VXLAN packets from non-whitelisted hosts" -m multiport --dports 4789 -m addrtype --dst-type LOCAL -j DROP
-A cali-INPUT -i cali+ -m comment --comment "cali:FewJpBykm9iJ-YNH" -g cali-wl-to-host
-A cali-INPUT -m comment --comment "cali:hder3ARWznqqv8Va" -m mark --mark 0x10000/0x10000 -j ACCEPT
COMMIT
`,
      },
    }),
    fails: { from: 'client', what: 'udp', to: '192.0.2.1', port: 4789 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'udp', to: '192.0.2.1', port: 4790 }, seen: 'refused' },
    ],
    truth: {
      words: 'A tunnel of something else uses the same port: its sender is not in the set of nodes.',
      causes: [{ rule: 'from non-whitelisted hosts', chain: 'filter cali-INPUT' }, { code: 'not-in-set' }],
      status: ['dropped'],
    },
    mend: [['server', 'ipset add cali40all-vxlan-net 192.0.2.2']],
  },
  {
    name: 'k3s-input-rejects-apiserver',
    thread: {
      title: '"No route to host" after initial installation',
      address: 'https://github.com/k3s-io/k3s/issues/977',
    },
    backend: 'iptables-nft',
    ...bridged('cni0', '10.42.0.1/24', {
      listeners: [{ protocol: 'tcp', port: 6443 }, ...SSH],
      rules: {
        v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-SEP-API - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-API - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -s 10.42.0.0/16 ! -d 10.42.0.0/16 -j MASQUERADE
-A KUBE-SEP-API -p tcp -m comment --comment "default/kubernetes:https" -m tcp -j DNAT --to-destination 192.0.2.1:6443
-A KUBE-SERVICES -d 10.43.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-SVC-API
-A KUBE-SVC-API -m comment --comment "default/kubernetes:https" -j KUBE-SEP-API
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m state --state NEW -m tcp --dport 22 -j ACCEPT
-A INPUT -j REJECT --reject-with icmp-host-prohibited
-A FORWARD -s 10.42.0.0/16 -j ACCEPT
-A FORWARD -d 10.42.0.0/16 -j ACCEPT
-A FORWARD -j REJECT --reject-with icmp-host-prohibited
COMMIT
`,
      },
    }),
    fails: { from: 'c1', what: 'tcp', to: '10.43.0.1', port: 443 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 6443 }, seen: 'unreachable' },
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words: 'Behind nat the service is the node itself, and its INPUT rejects what comes from pods.',
      causes: [{ rule: 'REJECT --reject-with icmp-host-prohibited', chain: 'filter INPUT' }],
      status: ['rejected'],
    },
    mend: [['host', 'iptables -I INPUT 3 -s 10.42.0.0/16 -j ACCEPT']],
  },
  {
    name: 'kube-pod-to-itself-without-hairpin',
    thread: {
      title: 'Pod-to-self networking require hairpin mode',
      address: 'https://github.com/kubernetes/kubernetes/issues/13375',
    },
    backend: 'iptables-legacy',
    ...bridged('cni0', '10.244.0.1/24', { rules: { v4: kube({}) } }),
    setup: [['host', 'sysctl -qw net.bridge.bridge-nf-call-iptables=1']],
    fails: { from: 'c1', what: 'tcp', to: '10.96.0.80', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'host', what: 'tcp', to: '10.96.0.80', port: 80 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'It would have to leave by the port of the bridge that it came in by, and that port is not in hairpin mode.',
      causes: [
        { code: 'kernel-drop', words: ['hairpin'] },
        { code: 'vanished-at-port', words: ['hairpin'] },
      ],
      status: ['lost', 'unanswered'],
    },
    mend: [['host', 'bridge link set dev veth1 hairpin on']],
  },
  ...PROXIES_IN_CLUSTERS,
]
