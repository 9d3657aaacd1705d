/** By iptables-legacy, from threads: a source that a policy does not know; and one that is healthy. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'
import {
  byProfile,
  CALI_FILTER,
  CALI_HOOKS,
  CALI_JUMPS,
  KUBE_FILTER,
  KUBE_FORWARD,
  KUBE_INPUT,
  KUBE_MARKS,
  KUBE_NAT,
  KUBE_OUTPUT,
  workload,
} from './threads-au-legacy.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTP = { protocol: 'tcp', port: 80 } as const
const KUBELET = { protocol: 'tcp', port: 10250 } as const

export const THREADS_AU_LEGACY_MORE: Problem[] = [
  {
    name: 'kubespray-masquerades-all-so-the-policy-sees-a-node',
    thread: {
      title: 'Calico policies not working - remove --masquerade-all from kube-proxy',
      address: 'https://github.com/kubernetes-sigs/kubespray/issues/1012',
    },
    backend: 'iptables-legacy',
    hosts: {
      frontend: { addresses: { eth0: ['10.233.64.6/30'] }, routes: ['default via 10.233.64.5'] },
      node1: {
        addresses: { eth0: ['10.0.0.11/24'], cali1: ['10.233.64.5/30'] },
        routes: ['10.233.65.0/24 via 10.0.0.12'],
        sysctls: FORWARDS,
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
${KUBE_NAT}:KUBE-SEP-JKRSVYDT4QJKSH2Y - [0:0]
:KUBE-SVC-BACKEND00000000 - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
${KUBE_MARKS}-A KUBE-SERVICES -d 10.233.0.50/32 -p tcp -m comment --comment "stars/backend: cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ
-A KUBE-SERVICES -d 10.233.0.50/32 -p tcp -m comment --comment "stars/backend: cluster IP" -m tcp --dport 80 -j KUBE-SVC-BACKEND00000000
-A KUBE-SVC-BACKEND00000000 -m comment --comment "stars/backend:" -j KUBE-SEP-JKRSVYDT4QJKSH2Y
-A KUBE-SEP-JKRSVYDT4QJKSH2Y -p tcp -m comment --comment "stars/backend:" -m tcp -j DNAT --to-destination 10.233.65.6:80
COMMIT
`,
        },
      },
      node2: {
        addresses: { eth0: ['10.0.0.12/24'], cali2: ['10.233.65.5/30'] },
        routes: ['10.233.64.0/24 via 10.0.0.11'],
        sysctls: FORWARDS,
        listeners: [SSH, KUBELET],
        rules: {
          ipset: `create cali4-s:frontend hash:ip family inet maxelem 1048576
create cali4-s:ui hash:ip family inet maxelem 1048576
add cali4-s:frontend 10.233.64.6
add cali4-s:ui 10.233.64.10
`,
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
${KUBE_NAT}:KUBE-SEP-JKRSVYDT4QJKSH2Y - [0:0]
:KUBE-SVC-BACKEND00000000 - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
${KUBE_MARKS}-A KUBE-SERVICES -d 10.233.0.50/32 -p tcp -m comment --comment "stars/backend: cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ
-A KUBE-SERVICES -d 10.233.0.50/32 -p tcp -m comment --comment "stars/backend: cluster IP" -m tcp --dport 80 -j KUBE-SVC-BACKEND00000000
-A KUBE-SVC-BACKEND00000000 -m comment --comment "stars/backend:" -j KUBE-SEP-JKRSVYDT4QJKSH2Y
-A KUBE-SEP-JKRSVYDT4QJKSH2Y -p tcp -m comment --comment "stars/backend:" -m tcp -j DNAT --to-destination 10.233.65.6:80
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
${KUBE_FILTER}${CALI_FILTER}:cali-fw-cali2 - [0:0]
:cali-tw-cali2 - [0:0]
:cali-pi-stars/backend-policy - [0:0]
:cali-pi-stars/allow-ui - [0:0]
:cali-pri-kns.default - [0:0]
:cali-pro-kns.default - [0:0]
${CALI_HOOKS}${KUBE_INPUT}${KUBE_FORWARD}${KUBE_OUTPUT}${CALI_JUMPS}${workload(
  'cali2',
  `-A cali-tw-cali2 -m comment --comment "Start of policies" -j MARK --set-xmark 0x0/0x20000
-A cali-tw-cali2 -m mark --mark 0x0/0x20000 -j cali-pi-stars/allow-ui
-A cali-tw-cali2 -m comment --comment "Return if policy accepted" -m mark --mark 0x10000/0x10000 -j RETURN
-A cali-tw-cali2 -m mark --mark 0x0/0x20000 -j cali-pi-stars/backend-policy
-A cali-tw-cali2 -m comment --comment "Return if policy accepted" -m mark --mark 0x10000/0x10000 -j RETURN
-A cali-tw-cali2 -m comment --comment "Drop if no policies passed packet" -m mark --mark 0x0/0x20000 -j DROP
${byProfile('cali2')}-A cali-pi-stars/allow-ui -m set --match-set cali4-s:ui src -j MARK --set-xmark 0x10000/0x10000
-A cali-pi-stars/allow-ui -m mark --mark 0x10000/0x10000 -j RETURN
-A cali-pi-stars/backend-policy -p tcp -m set --match-set cali4-s:frontend src -m multiport --dports 80 -j MARK --set-xmark 0x10000/0x10000
-A cali-pi-stars/backend-policy -m mark --mark 0x10000/0x10000 -j RETURN
`,
)}COMMIT
`,
        },
      },
      backend: {
        addresses: { eth0: ['10.233.65.6/30'] },
        routes: ['default via 10.233.65.5'],
        listeners: [HTTP, { protocol: 'tcp', port: 9090 }],
      },
    },
    links: [
      ['frontend:eth0', 'node1:cali1'],
      ['node1:eth0', 'node2:eth0'],
      ['node2:cali2', 'backend:eth0'],
    ],
    traced: 'node2',
    fails: { from: 'frontend', what: 'tcp', to: '10.233.0.50', port: 80 },
    seen: 'nothing',
    looksAt: { protocol: 'tcp', dst: '10.233.65.6', dport: 80 },
    others: [
      { sending: { from: 'frontend', what: 'tcp', to: '10.233.65.6', port: 80 }, seen: 'answered' },
      { sending: { from: 'frontend', what: 'tcp', to: '10.233.65.6', port: 9090 }, seen: 'nothing' },
      { sending: { from: 'node1', what: 'tcp', to: '10.0.0.12', port: 22 }, seen: 'answered' },
      { sending: { from: 'node1', what: 'tcp', to: '10.233.65.6', port: 9090 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "kube-proxy of the other node masquerades all that goes to a service, so the packet comes from that node's address. The policy accepts the address of the frontend alone, and Calico drops what no policy accepts.",
      causes: [
        { rule: 'cali4-s:frontend', chain: 'filter cali-pi-stars/backend-policy' },
        { rule: 'Drop if no policies passed packet', chain: 'filter cali-tw-cali2' },
      ],
      status: ['dropped'],
    },
    mend: [
      [
        'node1',
        'iptables -t nat -D KUBE-SERVICES -d 10.233.0.50/32 -p tcp -m comment --comment "stars/backend: cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ',
      ],
    ],
  },
  {
    name: 'healthy-balancer-address-is-local-and-meets-services-before-host-ports',
    thread: {
      title: 'CNI adds IPTables rules in backwards order',
      address: 'https://github.com/containernetworking/cni/issues/577',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: { addresses: { eth0: ['203.0.113.9/24'] }, routes: ['198.51.100.10/32 via 203.0.113.1'] },
      node: {
        addresses: { eth0: ['203.0.113.1/24'], cbr0: ['10.40.1.1/24'] },
        bridges: { cbr0: ['veth1', 'veth2'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:CNI-DN-a7f1d52c3e9b80f4c2d61 - [0:0]
:CNI-HOSTPORT-DNAT - [0:0]
:CNI-HOSTPORT-MASQ - [0:0]
:CNI-HOSTPORT-SETMARK - [0:0]
${KUBE_NAT}:KUBE-FW-XLBWEB0000000000 - [0:0]
:KUBE-SEP-WEB0000000000000 - [0:0]
:KUBE-SVC-XLBWEB0000000000 - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A POSTROUTING -m comment --comment "CNI portfwd requiring masquerade" -j CNI-HOSTPORT-MASQ
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A POSTROUTING ! -d 10.0.0.0/8 -m comment --comment "kubenet: SNAT for outbound traffic from cluster" -m addrtype ! --dst-type LOCAL -j MASQUERADE
-A CNI-DN-a7f1d52c3e9b80f4c2d61 -s 10.40.1.0/24 -p tcp -m tcp --dport 80 -j CNI-HOSTPORT-SETMARK
-A CNI-DN-a7f1d52c3e9b80f4c2d61 -s 127.0.0.1/32 -p tcp -m tcp --dport 80 -j CNI-HOSTPORT-SETMARK
-A CNI-DN-a7f1d52c3e9b80f4c2d61 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.40.1.9:8080
-A CNI-HOSTPORT-DNAT -p tcp -m comment --comment "dnat name: \\"k8s-pod-network\\" id: \\"93d1c\\"" -m multiport --dports 80 -j CNI-DN-a7f1d52c3e9b80f4c2d61
-A CNI-HOSTPORT-MASQ -m mark --mark 0x2000/0x2000 -j MASQUERADE
-A CNI-HOSTPORT-SETMARK -m comment --comment "CNI portfwd masquerade mark" -j MARK --set-xmark 0x2000/0x2000
${KUBE_MARKS}-A KUBE-SERVICES -d 10.0.32.7/32 -p tcp -m comment --comment "default/web: cluster IP" -m tcp --dport 80 -j KUBE-SVC-XLBWEB0000000000
-A KUBE-SERVICES -d 198.51.100.10/32 -p tcp -m comment --comment "default/web: loadbalancer IP" -m tcp --dport 80 -j KUBE-FW-XLBWEB0000000000
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-FW-XLBWEB0000000000 -m comment --comment "default/web: loadbalancer IP" -j KUBE-MARK-MASQ
-A KUBE-FW-XLBWEB0000000000 -m comment --comment "default/web: loadbalancer IP" -j KUBE-SVC-XLBWEB0000000000
-A KUBE-FW-XLBWEB0000000000 -m comment --comment "default/web: loadbalancer IP" -j MARK --set-xmark 0x8000/0x8000
-A KUBE-SVC-XLBWEB0000000000 -m comment --comment "default/web:" -j KUBE-SEP-WEB0000000000000
-A KUBE-SEP-WEB0000000000000 -s 10.40.1.7/32 -m comment --comment "default/web:" -j KUBE-MARK-MASQ
-A KUBE-SEP-WEB0000000000000 -p tcp -m comment --comment "default/web:" -m tcp -j DNAT --to-destination 10.40.1.7:80
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
${KUBE_FILTER}${KUBE_INPUT}-A INPUT -m mark --mark 0x8000/0x8000 -j DROP
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
${KUBE_FORWARD}-A FORWARD -p tcp -j ACCEPT
-A FORWARD -p udp -j ACCEPT
-A FORWARD -p icmp -j ACCEPT
${KUBE_OUTPUT}-A OUTPUT -m conntrack --ctstate NEW,RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
COMMIT
`,
        },
      },
      web: { addresses: { eth0: ['10.40.1.7/24'] }, routes: ['default via 10.40.1.1'], listeners: [HTTP] },
      hostport: {
        addresses: { eth0: ['10.40.1.9/24'] },
        routes: ['default via 10.40.1.1'],
        listeners: [{ protocol: 'tcp', port: 8080 }],
      },
    },
    links: [
      ['client:eth0', 'node:eth0'],
      ['web:eth0', 'node:veth1'],
      ['hostport:eth0', 'node:veth2'],
    ],
    traced: 'node',
    setup: [['node', 'ip route add local 198.51.100.10 dev eth0 table local']],
    fails: { from: 'client', what: 'tcp', to: '198.51.100.10', port: 80 },
    seen: 'answered',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '203.0.113.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '203.0.113.1', port: 10250 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "Nothing is wrong: the services come before the host ports, so what is for the balancer's address gets to the service although it is local and a host port has the same number.",
      causes: [],
      status: ['answered'],
    },
    mend: [['node', 'true']],
  },
]
