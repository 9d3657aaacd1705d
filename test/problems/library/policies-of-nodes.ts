/** Nodes with iptables where a set, a family or a routing rule was forgotten, from threads of k3s, EVE and GKE. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { KUBE_FILTER, KUBE_FILTER_CHAINS, KUBE_NAT_CHAINS, kubeNat } from './kube-chains.ts'
import { FILTER, MANGLE, NAT, saved } from './services-astray.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const APP = { protocol: 'tcp', port: 8080 } as const
const API = { protocol: 'tcp', port: 8443 } as const

export const POLICIES_OF_NODES: Problem[] = [
  {
    name: 'k3s-policy-set-of-the-server-is-empty-in-ipv4',
    thread: {
      title: 'Network policy in dual-stack cluster stops allowing ingress after pod restart',
      address: 'https://github.com/k3s-io/k3s/issues/10053',
    },
    backend: 'iptables-nft',
    hosts: {
      peer: {
        addresses: {
          'flannel.1': ['10.42.0.0/32', '2001:cafe:42::/128'],
          cni0: ['10.42.0.1/24', '2001:cafe:42::1/64'],
        },
        bridges: { cni0: ['v1', 'v2'] },
        routes: [
          '10.42.1.0/24 via 10.42.1.0 dev flannel.1 onlink',
          '2001:cafe:42:1::/64 via 2001:cafe:42:1:: dev flannel.1 onlink',
        ],
        sysctls: FORWARDS,
      },
      client: {
        addresses: { eth0: ['10.42.0.4/24', '2001:cafe:42::4/64'] },
        routes: ['default via 10.42.0.1', 'default via 2001:cafe:42::1'],
      },
      stranger: { addresses: { eth0: ['10.42.0.9/24'] }, routes: ['default via 10.42.0.1'] },
      node: {
        addresses: {
          'flannel.1': ['10.42.1.0/32', '2001:cafe:42:1::/128'],
          cni0: ['10.42.1.1/24', '2001:cafe:42:1::1/64'],
        },
        bridges: { cni0: ['v1', 'v2'] },
        routes: [
          '10.42.0.0/24 via 10.42.0.0 dev flannel.1 onlink',
          '2001:cafe:42::/64 via 2001:cafe:42:: dev flannel.1 onlink',
        ],
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '1', 'net.bridge.bridge-nf-call-ip6tables': '1' },
        rules: {
          ipset: `create KUBE-SRC-3EBYPGLI5OT6A6UF hash:ip family inet timeout 0
add KUBE-SRC-3EBYPGLI5OT6A6UF 10.42.0.4 timeout 0
create KUBE-DST-2FAIIK2E4RIPMTGF hash:ip family inet timeout 0
create inet6:KUBE-SRC-ODKUE7KDMMCLB5FB hash:ip family inet6 timeout 0
add inet6:KUBE-SRC-ODKUE7KDMMCLB5FB 2001:cafe:42::4 timeout 0
create inet6:KUBE-DST-I3PRO5XXEERITJZO hash:ip family inet6 timeout 0
add inet6:KUBE-DST-I3PRO5XXEERITJZO 2001:cafe:42:1::6 timeout 0
`,
          v4: `${saved(
            'nat',
            NAT,
            `FLANNEL-POSTRTG ${KUBE_NAT_CHAINS}`,
            `-A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
${kubeNat('10.42.0.0/16', '10.43.0.50', '10.42.1.6:8080')}-A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.42.1.0/24 -d 10.42.0.0/16 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.42.0.0/16 -d 10.42.1.0/24 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.42.0.0/16 ! -d 224.0.0.0/4 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
`,
          )}${policies('10.42.1.6', 'KUBE-SRC-3EBYPGLI5OT6A6UF', 'KUBE-DST-2FAIIK2E4RIPMTGF', 'icmp-port-unreachable')}`,
          v6: policies(
            '2001:cafe:42:1::6',
            'inet6:KUBE-SRC-ODKUE7KDMMCLB5FB',
            'inet6:KUBE-DST-I3PRO5XXEERITJZO',
            'icmp6-port-unreachable',
          ),
        },
      },
      server: {
        addresses: { eth0: ['10.42.1.6/24', '2001:cafe:42:1::6/64'] },
        routes: ['default via 10.42.1.1', 'default via 2001:cafe:42:1::1'],
        listeners: [APP, { ...APP, address: '2001:cafe:42:1::6' }],
      },
      other: { addresses: { eth0: ['10.42.1.8/24'] }, routes: ['default via 10.42.1.1'], listeners: WEB },
    },
    links: [
      ['client:eth0', 'peer:v1'],
      ['stranger:eth0', 'peer:v2'],
      ['peer:flannel.1', 'node:flannel.1'],
      ['node:v1', 'server:eth0'],
      ['node:v2', 'other:eth0'],
    ],
    traced: 'node',
    fails: { from: 'client', what: 'tcp', to: '10.42.1.6', port: 8080 },
    seen: 'refused',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:cafe:42:1::6', port: 8080 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '10.42.1.8', port: 80 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '10.42.1.6', port: 8080 }, seen: 'answered' },
      { sending: { from: 'stranger', what: 'tcp', to: '10.42.1.6', port: 8080 }, seen: 'refused' },
    ],
    truth: {
      words:
        "The set of the policy's servers has the new pod's IPv6 address, and its IPv4 twin is empty: no rule marks the request as allowed, and the pod's chain rejects it.",
      causes: [
        { rule: '--match-set KUBE-DST-2FAIIK2E4RIPMTGF dst', chain: 'filter KUBE-NWPLCY-4MQ4M3AKA7J5UWC3' },
        { code: 'not-in-set', words: ['KUBE-DST-2FAIIK2E4RIPMTGF'] },
      ],
      status: ['rejected'],
    },
    mend: [['node', 'ipset add KUBE-DST-2FAIIK2E4RIPMTGF 10.42.1.6']],
  },
  {
    name: 'eve-source-rule-takes-what-dnat-sent-to-a-pod',
    thread: {
      title: 'Rework IP rules/routing for Kubernetes clustering',
      address: 'https://github.com/lf-edge/eve/pull/4370',
    },
    backend: 'iptables-nft',
    hosts: {
      pod: { addresses: { eth0: ['10.42.0.5/24'] }, routes: ['default via 10.42.0.1'], listeners: WEB },
      edge: {
        addresses: { cni0: ['10.42.0.1/24'], eth0: ['192.168.1.10/24'], 'flannel.1': ['10.42.0.0/32'] },
        routes: ['default via 192.168.1.1', '10.42.1.0/24 via 10.42.1.0 dev flannel.1 onlink'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          v4: `${saved(
            'mangle',
            MANGLE,
            'EVE-PREROUTING EVE-OUTPUT KUBE-IPTABLES-HINT KUBE-KUBELET-CANARY',
            `-A PREROUTING -m comment --comment "device port marks" -j EVE-PREROUTING
-A OUTPUT -m comment --comment "dom0 marks" -j EVE-OUTPUT
-A EVE-PREROUTING -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff
-A EVE-PREROUTING -m mark ! --mark 0x0 -j RETURN
-A EVE-PREROUTING -i eth0 -p tcp -m tcp --dport 22 -j CONNMARK --set-xmark 0x2/0xffffffff
-A EVE-PREROUTING -s 10.42.0.0/16 -d 10.43.0.0/16 -j RETURN
-A EVE-OUTPUT -p udp -m udp --dport 67 -j CONNMARK --set-xmark 0x3/0xffffffff
`,
          )}${saved(
            'nat',
            NAT,
            `FLANNEL-POSTRTG ${KUBE_NAT_CHAINS}`,
            `-A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
${kubeNat('10.42.0.0/16', '10.43.0.50', '10.42.1.7:8443')}-A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.42.0.0/24 -d 10.42.0.0/16 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.42.0.0/16 -d 10.42.0.0/24 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.42.0.0/16 ! -d 224.0.0.0/4 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
`,
          )}${saved(
            'filter',
            FILTER,
            `FLANNEL-FWD ${KUBE_FILTER_CHAINS}`,
            `${KUBE_FILTER}-A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
-A FLANNEL-FWD -s 10.42.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
-A FLANNEL-FWD -d 10.42.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
`,
          )}`,
        },
      },
      peer: {
        addresses: { 'flannel.1': ['10.42.1.0/32'], cni0: ['10.42.1.1/24'] },
        routes: ['10.42.0.0/24 via 10.42.0.0 dev flannel.1 onlink'],
        sysctls: FORWARDS,
      },
      pod2: { addresses: { eth0: ['10.42.1.7/24'] }, routes: ['default via 10.42.1.1'], listeners: [API] },
      router: {
        addresses: { eth0: ['192.168.1.1/24'] },
        routes: ['blackhole default'],
        sysctls: FORWARDS,
        listeners: [HTTPS],
      },
    },
    links: [
      ['pod:eth0', 'edge:cni0'],
      ['edge:flannel.1', 'peer:flannel.1'],
      ['peer:cni0', 'pod2:eth0'],
      ['edge:eth0', 'router:eth0'],
    ],
    traced: 'edge',
    setup: [
      [
        'edge',
        'ip route add 192.168.1.0/24 dev eth0 table 501; ip route add default via 192.168.1.1 dev eth0 table 501; ip rule add pref 15000 from 192.168.1.10 lookup 501',
      ],
    ],
    fails: { from: 'edge', what: 'tcp', to: '10.43.0.50', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'edge', what: 'tcp', to: '192.168.1.1', port: 443 }, seen: 'answered' },
      { sending: { from: 'edge', what: 'tcp', to: '10.42.0.5', port: 80 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: '10.43.0.50', port: 443 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: '192.168.1.1', port: 443 }, seen: 'answered' },
      { sending: { from: 'router', what: 'tcp', to: '192.168.1.10', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "kube-proxy sends the node's own request to a pod of the other node, but the rule for the port's address comes before the main table: its table knows no pods, and the request leaves for the router.",
      causes: [
        { code: 'wrong-way-out', words: ['501'] },
        { code: 'not-netfilter', words: ['501'] },
        { code: 'unanswered', words: ['501'] },
      ],
      status: ['unanswered', 'lost'],
      alsoTrue: ['wrong-way-out'],
    },
    mend: [['edge', 'ip rule add pref 14000 to 10.42.0.0/16 lookup main']],
  },
  {
    name: 'gke-node-drops-health-checks-of-ipv6',
    thread: {
      title: 'Allow IPv6 packets on INPUT',
      address: 'https://github.com/GoogleCloudPlatform/netd/pull/178',
    },
    backend: 'iptables-nft',
    hosts: {
      checker: {
        addresses: { eth0: ['2600:2d00:1:b029::7/64', '35.191.0.7/16'] },
        routes: ['default via 2600:2d00:1:b029::1', 'default via 35.191.0.1'],
      },
      fabric: {
        addresses: { eth0: ['2600:2d00:1:b029::1/64', '35.191.0.1/16'], eth1: ['2001:db8:7::1/64', '10.128.0.1/20'] },
        sysctls: FORWARDS,
      },
      node: {
        addresses: { eth0: ['2001:db8:7::11/64', '10.128.0.11/20'], gke1: ['2001:db8:a::1/64', '10.12.1.1/24'] },
        routes: ['default via 2001:db8:7::1', 'default via 10.128.0.1'],
        sysctls: FORWARDS,
        listeners: [
          SSH,
          { ...SSH, address: '2001:db8:7::11' },
          { protocol: 'tcp', port: 10256 },
          { protocol: 'tcp', address: '2001:db8:7::11', port: 10256 },
        ],
        rules: {
          v4: gke(
            '! -s 127.0.0.0/8 -d 127.0.0.0/8',
            'icmp',
            '-A INPUT -p tcp -j ACCEPT\n-A INPUT -p udp -j ACCEPT\n-A INPUT -p sctp -j ACCEPT\n',
          ),
          v6: gke('! -s ::1/128 -d ::1/128', 'ipv6-icmp', ''),
        },
      },
      pod: {
        addresses: { eth0: ['2001:db8:a::5/64', '10.12.1.5/24'] },
        routes: ['default via 2001:db8:a::1', 'default via 10.12.1.1'],
        listeners: [{ ...APP, address: '2001:db8:a::5' }],
      },
    },
    links: [
      ['checker:eth0', 'fabric:eth0'],
      ['fabric:eth1', 'node:eth0'],
      ['node:gke1', 'pod:eth0'],
    ],
    traced: 'node',
    setup: [['fabric', 'ip -6 route add 2001:db8:a::/64 via 2001:db8:7::11']],
    fails: { from: 'checker', what: 'tcp', to: '2001:db8:7::11', port: 10256 },
    seen: 'nothing',
    others: [
      { sending: { from: 'checker', what: 'tcp', to: '10.128.0.11', port: 10256 }, seen: 'answered' },
      { sending: { from: 'checker', what: 'tcp', to: '2001:db8:7::11', port: 22 }, seen: 'answered' },
      { sending: { from: 'checker', what: 'ping', to: '2001:db8:7::11' }, seen: 'answered' },
      { sending: { from: 'checker', what: 'tcp', to: '2001:db8:a::5', port: 8080 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The image's policy of INPUT is DROP. The rules that accept TCP, UDP and SCTP were added for IPv4 and not for IPv6, so the health check of kube-proxy's port is dropped.",
      causes: [{ policy: 'filter INPUT' }, { chain: 'filter INPUT' }],
      status: ['dropped'],
    },
    mend: [['node', 'ip6tables -A INPUT -p tcp -j ACCEPT']],
  },
]

/** kube-router's chains for one pod that a policy selects, as k3s has them. */
function policies(pod: string, sources: string, servers: string, reject: string): string {
  const host = pod.includes(':') ? `${pod}/128` : `${pod}/32`
  const jump =
    '-m comment --comment "rule to jump traffic destined to POD name:server namespace: default" -j KUBE-POD-FW-HAKRB5R6BWLFV44U\n'
  return saved(
    'filter',
    FILTER,
    'KUBE-NWPLCY-4MQ4M3AKA7J5UWC3 KUBE-NWPLCY-DEFAULT KUBE-POD-FW-HAKRB5R6BWLFV44U KUBE-ROUTER-FORWARD KUBE-ROUTER-INPUT KUBE-ROUTER-OUTPUT',
    `-A INPUT -m comment --comment "kube-router netpol - 4IA2OSFRMVNDXBVV" -j KUBE-ROUTER-INPUT
-A FORWARD -m comment --comment "kube-router netpol - TEMCG2JMVZWTQAWQ" -j KUBE-ROUTER-FORWARD
-A FORWARD -m comment --comment "rule to explicitly ACCEPT traffic that comply to network policies" -m mark --mark 0x20000/0x20000 -j ACCEPT
-A OUTPUT -m comment --comment "kube-router netpol - VEAAIY32XVBHCSCY" -j KUBE-ROUTER-OUTPUT
-A KUBE-ROUTER-FORWARD -d ${host} ${jump}-A KUBE-ROUTER-FORWARD -d ${host} -m physdev --physdev-is-bridged ${jump}-A KUBE-ROUTER-OUTPUT -d ${host} ${jump}-A KUBE-POD-FW-HAKRB5R6BWLFV44U -m comment --comment "rule for stateful firewall for pod" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A KUBE-POD-FW-HAKRB5R6BWLFV44U -m comment --comment "rule to drop invalid state for pod" -m conntrack --ctstate INVALID -j DROP
-A KUBE-POD-FW-HAKRB5R6BWLFV44U -d ${host} -m comment --comment "rule to permit the traffic to pods when source is the pod's local node" -m addrtype --src-type LOCAL -j ACCEPT
-A KUBE-POD-FW-HAKRB5R6BWLFV44U -d ${host} -m comment --comment "run through nw policy server-ingress" -j KUBE-NWPLCY-4MQ4M3AKA7J5UWC3
-A KUBE-POD-FW-HAKRB5R6BWLFV44U -m comment --comment "rule to REJECT traffic destined for POD name:server namespace: default" -m mark ! --mark 0x10000/0x10000 -j REJECT --reject-with ${reject}
-A KUBE-POD-FW-HAKRB5R6BWLFV44U -j MARK --set-xmark 0x0/0x10000
-A KUBE-POD-FW-HAKRB5R6BWLFV44U -m comment --comment "set mark to ACCEPT traffic that comply to network policies" -j MARK --set-xmark 0x20000/0x20000
-A KUBE-NWPLCY-4MQ4M3AKA7J5UWC3 -p tcp -m set --match-set ${sources} src -m set --match-set ${servers} dst -m tcp --dport 8080 -m comment --comment "rule to ACCEPT traffic from source pods to dest pods selected by policy name server-ingress namespace default" -j MARK --set-xmark 0x10000/0x10000
-A KUBE-NWPLCY-4MQ4M3AKA7J5UWC3 -p tcp -m set --match-set ${sources} src -m set --match-set ${servers} dst -m tcp --dport 8080 -m mark --mark 0x10000/0x10000 -j RETURN
-A KUBE-NWPLCY-DEFAULT -m comment --comment "rule to mark traffic matching a network policy" -j MARK --set-xmark 0x10000/0x10000
`,
  )
}

/** The filter table of Container-Optimized OS with what GKE adds. */
function gke(martian: string, icmp: string, accepts: string): string {
  return saved(
    'filter',
    FILTER,
    KUBE_FILTER_CHAINS,
    `-A INPUT -j KUBE-FIREWALL
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p ${icmp} -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
${accepts}-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -p tcp -j ACCEPT
-A FORWARD -p udp -j ACCEPT
-A FORWARD -p ${icmp} -j ACCEPT
-A FORWARD -p sctp -j ACCEPT
-A OUTPUT -j KUBE-FIREWALL
-A OUTPUT -m state --state NEW,RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -p ${icmp} -j ACCEPT
-A KUBE-FIREWALL ${martian} -m comment --comment "block incoming localnet connections" -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
`,
  ).replace(/:(INPUT|FORWARD|OUTPUT) ACCEPT/g, ':$1 DROP')
}
