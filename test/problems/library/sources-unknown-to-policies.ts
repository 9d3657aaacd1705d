/** Pods and nodes that a policy, or the kubelet, does not know by the source that their packets have. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { KUBE_FILTER, KUBE_FILTER_CHAINS } from './kube-chains.ts'
import { FILTER, NAT, saved } from './services-astray.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

/** weave-npc's chains: what comes to a pod needs a set of its policy. */
const WEAVE = saved(
  'filter',
  FILTER,
  'WEAVE-NPC WEAVE-NPC-DEFAULT WEAVE-NPC-INGRESS',
  `-A FORWARD -o weave -m comment --comment "NOTE: this must go before '-j KUBE-FORWARD'" -j WEAVE-NPC
-A FORWARD -o weave -m conntrack --ctstate NEW -j NFLOG --nflog-group 86
-A FORWARD -o weave -j DROP
-A FORWARD -i weave ! -o weave -j ACCEPT
-A FORWARD -o weave -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A WEAVE-NPC -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A WEAVE-NPC -d 224.0.0.0/4 -j ACCEPT
-A WEAVE-NPC -m physdev --physdev-out vethwe-bridge --physdev-is-bridged -j ACCEPT
-A WEAVE-NPC -m conntrack --ctstate NEW -j WEAVE-NPC-DEFAULT
-A WEAVE-NPC -m conntrack --ctstate NEW -j WEAVE-NPC-INGRESS
-A WEAVE-NPC-DEFAULT -m set --match-set weave-Rzff-default dst -m comment --comment "DefaultAllow isolation for namespace: default" -j ACCEPT
-A WEAVE-NPC-INGRESS -p tcp -m set --match-set weave-4vtq-clients src -m set --match-set weave-iuZc-web dst -m tcp --dport 80 -j ACCEPT
`,
)

const MASQUERADE_ALL =
  '-A KUBE-SERVICES -d 10.96.7.7/32 -p tcp -m comment --comment "shop/web: cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ'

const pod = (address: string, gateway: string) => ({
  addresses: { eth0: [address] },
  routes: [`default via ${gateway}`],
})

export const SOURCES_UNKNOWN_TO_POLICIES: Problem[] = [
  {
    name: 'weave-policy-sees-the-bridge-in-place-of-the-pod',
    thread: {
      title: "Service on StatefulSet pods in Default-deny namespace doesn't connect via Service's IP",
      address: 'https://github.com/weaveworks/weave/issues/3127',
    },
    backend: 'iptables-legacy',
    hosts: {
      allowed: pod('10.44.0.20/12', '10.44.0.0'),
      stranger: pod('10.44.0.21/12', '10.44.0.0'),
      node1: {
        bridges: { weave: ['veth1', 'veth2', 'vethwe-bridge'] },
        addresses: { weave: ['10.44.0.0/12'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '1' },
        rules: {
          v4: saved(
            'nat',
            NAT,
            'KUBE-MARK-MASQ KUBE-POSTROUTING KUBE-SERVICES KUBE-SVC-BJM46V3U5RZHCFRZ',
            `-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -m mark --mark 0x4000/0x4000 -j MASQUERADE
${MASQUERADE_ALL}
-A KUBE-SERVICES -d 10.96.7.7/32 -p tcp -m comment --comment "shop/web: cluster IP" -m tcp --dport 80 -j KUBE-SVC-BJM46V3U5RZHCFRZ
-A KUBE-SVC-BJM46V3U5RZHCFRZ -p tcp -m comment --comment "shop/web:" -m tcp -j DNAT --to-destination 10.39.0.14:80
`,
          ),
        },
      },
      node2: {
        bridges: { weave: ['veth1', 'vethwe-bridge'] },
        addresses: { weave: ['10.39.0.0/12'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '1' },
        rules: {
          ipset: `create weave-Rzff-default hash:ip
create weave-4vtq-clients hash:ip
add weave-4vtq-clients 10.44.0.20
create weave-iuZc-web hash:ip
add weave-iuZc-web 10.39.0.14
`,
          v4: WEAVE,
        },
      },
      web: { ...pod('10.39.0.14/12', '10.39.0.0'), listeners: WEB },
    },
    links: [
      ['allowed:eth0', 'node1:veth1'],
      ['stranger:eth0', 'node1:veth2'],
      ['node1:vethwe-bridge', 'node2:vethwe-bridge'],
      ['node2:veth1', 'web:eth0'],
    ],
    traced: 'node2',
    fails: { from: 'allowed', what: 'tcp', to: '10.96.7.7', port: 80 },
    looksAt: { protocol: 'tcp', dst: '10.39.0.14', dport: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'allowed', what: 'tcp', to: '10.39.0.14', port: 80 }, seen: 'answered' },
      { sending: { from: 'stranger', what: 'tcp', to: '10.39.0.14', port: 80 }, seen: 'nothing' },
      { sending: { from: 'stranger', what: 'tcp', to: '10.96.7.7', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "kube-proxy of the pod's node masquerades everything that goes to a service, so that the policy of the endpoint's node sees the address of the other bridge, which is not in the set of those who may.",
      causes: [
        { code: 'not-in-set' },
        { rule: '--match-set weave-4vtq-clients src', chain: 'filter WEAVE-NPC-INGRESS' },
        { rule: '-o weave -j DROP', chain: 'filter FORWARD' },
      ],
      alsoTrue: ['bridge-nf-call'],
      status: ['dropped'],
    },
    mend: [['node1', `iptables -t nat ${MASQUERADE_ALL.replace('-A', '-D')}`]],
  },
  {
    name: 'kubelet-firewall-drops-a-probe-of-the-node-to-its-loopback',
    thread: {
      title: 'calico-node fails with KUBE-FIREWALL iptables rule',
      address: 'https://github.com/projectcalico/calico/issues/9752',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] } },
      node: {
        addresses: { eth0: ['192.0.2.1/24'] },
        sysctls: FORWARDS,
        listeners: [SSH, { protocol: 'tcp', port: 9099 }],
        rules: { v4: saved('filter', FILTER, KUBE_FILTER_CHAINS, KUBE_FILTER) },
      },
    },
    links: [['client:eth0', 'node:eth0']],
    // felix asks with an address of the node's own
    setup: [['node', 'ip route replace local 127.0.0.1 dev lo table local src 192.0.2.1']],
    traced: 'node',
    fails: { from: 'node', what: 'tcp', to: '127.0.0.1', port: 9099 },
    seen: 'nothing',
    others: [
      { sending: { from: 'node', what: 'tcp', to: '192.0.2.1', port: 9099 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The probe to 127.0.0.1 has an address of the node as its source, and a rule of kubelet drops what goes to 127.0.0.0/8 from any other address.',
      causes: [{ rule: '! -s 127.0.0.0/8 -d 127.0.0.0/8', chain: 'filter KUBE-FIREWALL' }],
      status: ['dropped'],
    },
    mend: [['node', 'ip route replace local 127.0.0.1 dev lo table local src 127.0.0.1']],
  },
]
