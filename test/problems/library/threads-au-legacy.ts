/** By iptables-legacy, from threads: an input policy that meets a node's own pods, and a pool as wide as the LAN. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const KUBELET = { protocol: 'tcp', port: 10250 } as const
const NFS = { protocol: 'tcp', port: 2049 } as const

/** kube-proxy's chains in nat, and one service with one endpoint. */
export const KUBE_NAT = `:KUBE-KUBELET-CANARY - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-PROXY-CANARY - [0:0]
:KUBE-SERVICES - [0:0]
`
export const KUBE_MARKS = `-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
`
export const KUBE_FILTER = `:KUBE-EXTERNAL-SERVICES - [0:0]
:KUBE-FIREWALL - [0:0]
:KUBE-FORWARD - [0:0]
:KUBE-KUBELET-CANARY - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-PROXY-CANARY - [0:0]
:KUBE-PROXY-FIREWALL - [0:0]
:KUBE-SERVICES - [0:0]
`
export const KUBE_INPUT = `-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A INPUT -m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS
-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A INPUT -j KUBE-FIREWALL
`
export const KUBE_FORWARD = `-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
`
export const KUBE_OUTPUT = `-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -j KUBE-FIREWALL
-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment "block incoming localnet connections" -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
`

/** As felix writes it: what a workload's interface sends and gets goes through chains of its own. */
export const cali = (hash: string) => `-m comment --comment "cali:${hash}"`
export const CALI_FILTER = `:cali-FORWARD - [0:0]
:cali-INPUT - [0:0]
:cali-OUTPUT - [0:0]
:cali-from-hep-forward - [0:0]
:cali-from-wl-dispatch - [0:0]
:cali-to-hep-forward - [0:0]
:cali-to-wl-dispatch - [0:0]
:cali-wl-to-host - [0:0]
:cali-cidr-block - [0:0]
`
export const CALI_JUMPS = `-A cali-FORWARD ${cali('vjrMJCRpqwy5oRoX')} -j MARK --set-xmark 0x0/0xe0000
-A cali-FORWARD ${cali('A_sPAO0mcxbT9mOV')} -m mark --mark 0x0/0x10000 -j cali-from-hep-forward
-A cali-FORWARD -i cali+ ${cali('8ZoYfO5HKXWbB3pk')} -j cali-from-wl-dispatch
-A cali-FORWARD -o cali+ ${cali('jdEuaPBe14V2hutn')} -j cali-to-wl-dispatch
-A cali-FORWARD ${cali('12bc6HljsMKsmfr-')} -j cali-to-hep-forward
-A cali-FORWARD ${cali('NOSxoaGx8OIstr1z')} -j cali-cidr-block
-A cali-INPUT -i cali+ ${cali('d4znnv6_6rx6sE6M')} -g cali-wl-to-host
-A cali-INPUT ${cali('bunKE3o1xQL14Ijq')} -m mark --mark 0x10000/0x10000 -j ACCEPT
-A cali-OUTPUT ${cali('Mq1_rAdXXH3YkrzW')} -m mark --mark 0x10000/0x10000 -j ACCEPT
-A cali-OUTPUT -o cali+ ${cali('69FkRTJDvD5Vu6Vl')} -j RETURN
-A cali-wl-to-host ${cali('Ee9Sbo10IpVujdIY')} -j cali-from-wl-dispatch
-A cali-wl-to-host ${cali('nSZbcOoG1xPONxb8')} -m comment --comment "Configured DefaultEndpointToHostAction" -j ACCEPT
`
export const CALI_HOOKS = `-A INPUT ${cali('Cz_u1IQiXIMmKD4c')} -j cali-INPUT
-A FORWARD ${cali('wUHhoiAYhphO9Mso')} -j cali-FORWARD
-A FORWARD ${cali('S93hcgKJrXEqnTfs')} -m comment --comment "Policy explicitly accepted packet." -m mark --mark 0x10000/0x10000 -j ACCEPT
-A FORWARD ${cali('mp77cMpurHhyjLrM')} -j MARK --set-xmark 0x10000/0x10000
-A OUTPUT ${cali('tVnHkvAo15HuiPy0')} -j cali-OUTPUT
`
/** Both directions of a workload; `toIt`: what its policies for what it gets are. */
export const workload = (name: string, toIt: string) => `-A cali-from-wl-dispatch -i ${name} -g cali-fw-${name}
-A cali-from-wl-dispatch -m comment --comment "Unknown interface" -j DROP
-A cali-to-wl-dispatch -o ${name} -g cali-tw-${name}
-A cali-to-wl-dispatch -m comment --comment "Unknown interface" -j DROP
-A cali-fw-${name} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A cali-fw-${name} -m conntrack --ctstate INVALID -j DROP
-A cali-fw-${name} -j MARK --set-xmark 0x0/0x10000
-A cali-fw-${name} -p udp -m comment --comment "Drop VXLAN encapped packets originating in workloads" -m multiport --dports 4789 -j DROP
-A cali-fw-${name} -p ipencap -m comment --comment "Drop IPinIP encapped packets originating in workloads" -j DROP
-A cali-fw-${name} -j cali-pro-kns.default
-A cali-fw-${name} -m comment --comment "Return if profile accepted" -m mark --mark 0x10000/0x10000 -j RETURN
-A cali-fw-${name} -m comment --comment "Drop if no profiles matched" -j DROP
-A cali-tw-${name} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A cali-tw-${name} -m conntrack --ctstate INVALID -j DROP
-A cali-tw-${name} -j MARK --set-xmark 0x0/0x10000
${toIt}-A cali-pri-kns.default -m comment --comment "Profile kns.default ingress" -j MARK --set-xmark 0x10000/0x10000
-A cali-pri-kns.default -m mark --mark 0x10000/0x10000 -j RETURN
-A cali-pro-kns.default -m comment --comment "Profile kns.default egress" -j MARK --set-xmark 0x10000/0x10000
-A cali-pro-kns.default -m mark --mark 0x10000/0x10000 -j RETURN
`
export const byProfile = (name: string) => `-A cali-tw-${name} -j cali-pri-kns.default
-A cali-tw-${name} -m comment --comment "Return if profile accepted" -m mark --mark 0x10000/0x10000 -j RETURN
-A cali-tw-${name} -m comment --comment "Drop if no profiles matched" -j DROP
`

export const THREADS_AU_LEGACY: Problem[] = [
  {
    name: 'flannel-node-drops-what-its-own-pods-ask-the-kubelet',
    thread: {
      title: 'iptables drops packets from pods to host pod is running on',
      address: 'https://github.com/flannel-io/flannel/issues/2116',
    },
    backend: 'iptables-legacy',
    hosts: {
      metrics: { addresses: { eth0: ['10.244.5.51/24'] }, routes: ['default via 10.244.5.1'] },
      node: {
        addresses: { eth0: ['192.168.50.12/24'], cni0: ['10.244.5.1/24'] },
        bridges: { cni0: ['veth57177775'] },
        sysctls: FORWARDS,
        listeners: [SSH, KUBELET, { protocol: 'tcp', port: 9100 }],
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:FLANNEL-POSTRTG - [0:0]
${KUBE_NAT}:KUBE-SEP-CLUSTERAPI00000 - [0:0]
:KUBE-SVC-NPX46M4PTMTKRN6Y - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
-A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.244.5.0/24 -d 10.244.0.0/16 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.244.0.0/16 -d 10.244.5.0/24 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG ! -s 10.244.0.0/16 -d 10.244.5.0/24 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.244.0.0/16 ! -d 224.0.0.0/4 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
-A FLANNEL-POSTRTG ! -s 10.244.0.0/16 -d 10.244.0.0/16 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
${KUBE_MARKS}-A KUBE-SERVICES -d 10.96.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-SVC-NPX46M4PTMTKRN6Y
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-SEP-CLUSTERAPI00000 -p tcp -m tcp -j DNAT --to-destination 192.168.50.11:6443
-A KUBE-SVC-NPX46M4PTMTKRN6Y ! -s 10.244.0.0/16 -d 10.96.0.1/32 -p tcp -m tcp --dport 443 -j KUBE-MARK-MASQ
-A KUBE-SVC-NPX46M4PTMTKRN6Y -j KUBE-SEP-CLUSTERAPI00000
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:FLANNEL-FWD - [0:0]
${KUBE_FILTER}${KUBE_INPUT}-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -s 192.168.50.0/24 -p tcp -m multiport --dports 6443,2379:2380,10250,10257,10259 -j ACCEPT
-A INPUT -s 192.168.50.0/24 -p udp -m udp --dport 8472 -j ACCEPT
-A INPUT -m limit --limit 2/min -j LOG --log-prefix "Input-dropped: "
${KUBE_FORWARD}-A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
${KUBE_OUTPUT}-A FLANNEL-FWD -s 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
-A FLANNEL-FWD -d 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
COMMIT
`,
        },
      },
      other: { addresses: { eth0: ['192.168.50.11/24'] }, listeners: [KUBELET, { protocol: 'tcp', port: 6443 }] },
    },
    links: [
      ['metrics:eth0', 'node:veth57177775'],
      ['node:eth0', 'other:eth0'],
    ],
    traced: 'node',
    fails: { from: 'metrics', what: 'tcp', to: '192.168.50.12', port: 10250 },
    seen: 'nothing',
    others: [
      { sending: { from: 'metrics', what: 'tcp', to: '192.168.50.11', port: 10250 }, seen: 'answered' },
      { sending: { from: 'metrics', what: 'tcp', to: '10.96.0.1', port: 443 }, seen: 'answered' },
      { sending: { from: 'other', what: 'tcp', to: '192.168.50.12', port: 10250 }, seen: 'answered' },
      { sending: { from: 'other', what: 'tcp', to: '192.168.50.12', port: 9100 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "INPUT's policy drops it: the rule that accepts the kubelet's port accepts it from the nodes' network alone, and a pod that asks its own node keeps its own address.",
      causes: [{ policy: 'filter INPUT' }, { chain: 'filter INPUT' }],
      status: ['dropped'],
    },
    mend: [['node', 'iptables -I INPUT -i cni0 -s 10.244.0.0/16 -p tcp -m tcp --dport 10250 -j ACCEPT']],
  },
  {
    name: 'calico-pool-is-as-wide-as-the-lan-so-pods-keep-their-address',
    thread: {
      title: 'Pods connected to Calico IPPool with NAT not connecting from Node IP',
      address: 'https://github.com/projectcalico/calico/issues/4138',
    },
    backend: 'iptables-legacy',
    hosts: {
      pod: { addresses: { eth0: ['192.168.185.6/30'] }, routes: ['default via 192.168.185.5'] },
      node: {
        addresses: { eth0: ['192.168.86.152/24'], cali1f3d: ['192.168.185.5/30'] },
        routes: ['default via 192.168.86.1'],
        sysctls: FORWARDS,
        listeners: [SSH, KUBELET],
        rules: {
          ipset: `create cali40all-ipam-pools hash:net family inet maxelem 1048576
create cali40masq-ipam-pools hash:net family inet maxelem 1048576
create cali40this-host hash:ip family inet maxelem 1048576
add cali40all-ipam-pools 192.168.0.0/16
add cali40masq-ipam-pools 192.168.0.0/16
add cali40this-host 127.0.0.1
add cali40this-host 192.168.86.152
`,
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
${KUBE_NAT}:cali-OUTPUT - [0:0]
:cali-POSTROUTING - [0:0]
:cali-PREROUTING - [0:0]
:cali-fip-dnat - [0:0]
:cali-fip-snat - [0:0]
:cali-nat-outgoing - [0:0]
-A PREROUTING ${cali('6gwbT8clXdHdC1b1')} -j cali-PREROUTING
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT ${cali('tVnHkvAo15HuiPy0')} -j cali-OUTPUT
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING ${cali('O3lYWMrLQYEMJtB5')} -j cali-POSTROUTING
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
${KUBE_MARKS}-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A cali-OUTPUT ${cali('GBTAv2p5CwevEyJm')} -j cali-fip-dnat
-A cali-POSTROUTING ${cali('Z-c7XtVd2Bq7s_hA')} -j cali-fip-snat
-A cali-POSTROUTING ${cali('nYKhEzDlr11Jccal')} -j cali-nat-outgoing
-A cali-PREROUTING ${cali('r6XmIziWUJsdOK6Z')} -j cali-fip-dnat
-A cali-nat-outgoing ${cali('flqWnvo8yq4ULQLa')} -m set --match-set cali40masq-ipam-pools src -m set ! --match-set cali40all-ipam-pools dst -j MASQUERADE --random-fully
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
${KUBE_FILTER}${CALI_FILTER}:cali-fw-cali1f3d - [0:0]
:cali-tw-cali1f3d - [0:0]
:cali-pri-kns.default - [0:0]
:cali-pro-kns.default - [0:0]
${CALI_HOOKS}${KUBE_INPUT}${KUBE_FORWARD}${KUBE_OUTPUT}${CALI_JUMPS}${workload('cali1f3d', byProfile('cali1f3d'))}COMMIT
`,
        },
      },
      wifi: {
        addresses: { 'br-lan': ['192.168.86.1/24'], lo: ['203.0.113.9/32'] },
        bridges: { 'br-lan': ['lan1', 'lan2'] },
        sysctls: FORWARDS,
        listeners: [HTTPS],
      },
      nfs: {
        addresses: { eth0: ['192.168.86.160/24'] },
        routes: ['default via 192.168.86.1'],
        listeners: [NFS],
      },
    },
    links: [
      ['pod:eth0', 'node:cali1f3d'],
      ['node:eth0', 'wifi:lan1'],
      ['nfs:eth0', 'wifi:lan2'],
    ],
    traced: 'node',
    fails: { from: 'pod', what: 'tcp', to: '192.168.86.160', port: 2049 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pod', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: '192.168.86.152', port: 10250 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '192.168.86.160', port: 2049 }, seen: 'answered' },
      { sending: { from: 'nfs', what: 'tcp', to: '192.168.86.152', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The pool is 192.168.0.0/16, and the LAN lies within it: Calico masquerades nothing that goes to an address of a pool. The packet leaves with the pod's address, to which the server has no route.",
      causes: [
        { code: 'not-masqueraded', words: ['192.168.185.6'] },
        { rule: 'cali40all-ipam-pools', chain: 'nat cali-nat-outgoing' },
      ],
      status: ['unanswered', 'reply-lost'],
    },
    mend: [['node', 'iptables -t nat -I POSTROUTING -s 192.168.185.4/30 -d 192.168.86.0/24 -o eth0 -j MASQUERADE']],
  },
]
