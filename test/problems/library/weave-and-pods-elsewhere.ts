/** Weave's policy controller, from a thread: it knows the pods of its own node, and drops what goes to those of others. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const tcp = (port: number) => ({ protocol: 'tcp', port }) as const
const NAT = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'

const rules = (elsewhere: string) => `*nat
${NAT}:KUBE-MARK-MASQ - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-SEP-GUESTBOOK - [0:0]
:KUBE-SEP-REDIS - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-GUESTBOOK - [0:0]
:KUBE-SVC-REDIS - [0:0]
:WEAVE - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A POSTROUTING -j WEAVE
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-NODEPORTS -p tcp -m comment --comment "default/guestbook:" -m tcp --dport 31000 -j KUBE-MARK-MASQ
-A KUBE-NODEPORTS -p tcp -m comment --comment "default/guestbook:" -m tcp --dport 31000 -j KUBE-SVC-GUESTBOOK
-A KUBE-NODEPORTS -p tcp -m comment --comment "default/redis-slave:" -m tcp --dport 31001 -j KUBE-MARK-MASQ
-A KUBE-NODEPORTS -p tcp -m comment --comment "default/redis-slave:" -m tcp --dport 31001 -j KUBE-SVC-REDIS
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -m mark --mark 0x4000/0x4000 -j MASQUERADE
-A KUBE-SEP-GUESTBOOK -p tcp -m comment --comment "default/guestbook:" -m tcp -j DNAT --to-destination 10.40.0.7:3000
-A KUBE-SEP-REDIS -p tcp -m comment --comment "default/redis-slave:" -m tcp -j DNAT --to-destination 10.32.0.5:6379
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-SVC-GUESTBOOK -m comment --comment "default/guestbook:" -j KUBE-SEP-GUESTBOOK
-A KUBE-SVC-REDIS -m comment --comment "default/redis-slave:" -j KUBE-SEP-REDIS
-A WEAVE -s 10.32.0.0/12 -d 224.0.0.0/4 -j RETURN
-A WEAVE ! -s 10.32.0.0/12 -d 10.32.0.0/12 -j MASQUERADE
-A WEAVE -s 10.32.0.0/12 ! -d 10.32.0.0/12 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:WEAVE-NPC - [0:0]
:WEAVE-NPC-DEFAULT - [0:0]
:WEAVE-NPC-INGRESS - [0:0]
-A INPUT -d 172.17.0.1/32 -i docker0 -p tcp -m tcp --dport 6783 -j DROP
-A INPUT -i docker0 -p udp -m udp --dport 53 -j ACCEPT
-A FORWARD -o weave -j WEAVE-NPC
-A FORWARD -o weave -m state --state NEW -j NFLOG --nflog-group 86
-A FORWARD -o weave -j DROP
-A FORWARD -i weave ! -o weave -j ACCEPT
-A FORWARD -o weave -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A WEAVE-NPC -m state --state RELATED,ESTABLISHED -j ACCEPT
-A WEAVE-NPC -d 224.0.0.0/4 -j ACCEPT
-A WEAVE-NPC -m state --state NEW -j WEAVE-NPC-DEFAULT
-A WEAVE-NPC -m state --state NEW -j WEAVE-NPC-INGRESS
${elsewhere}-A WEAVE-NPC-DEFAULT -m set --match-set weave-iuZcey dst -m comment --comment "DefaultAllow isolation for namespace: default" -j ACCEPT
-A WEAVE-NPC-DEFAULT -m set --match-set weave-4vtqMI dst -m comment --comment "DefaultAllow isolation for namespace: kube-system" -j ACCEPT
COMMIT
`
/** The later version has a set of all pods of its node, too. */
const IPSET =
  'create weave-iuZcey hash:ip\nadd weave-iuZcey 10.32.0.5\ncreate weave-4vtqMI hash:ip\nadd weave-4vtqMI 10.32.0.2\ncreate weave-local-pods hash:ip\nadd weave-local-pods 10.32.0.5\nadd weave-local-pods 10.32.0.2\n'
const ELSEWHERE = '-A WEAVE-NPC -m set ! --match-set weave-local-pods dst -j ACCEPT\n'

const weave = (elsewhere: string): Pick<Problem, 'backend' | 'hosts' | 'links' | 'traced' | 'fails'> => ({
  backend: 'iptables-nft',
  hosts: {
    client: { addresses: { eth0: ['192.0.2.9/24'] } },
    node: {
      bridges: { weave: ['vethwepl1', 'vethwe-bridge'] },
      addresses: { eth0: ['192.0.2.1/24'], weave: ['10.32.0.1/12'] },
      sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '1' },
      listeners: [tcp(22), tcp(10250)],
      rules: { ipset: IPSET, v4: rules(elsewhere) },
    },
    redis: { addresses: { eth0: ['10.32.0.5/12'] }, routes: ['default via 10.32.0.1'], listeners: [tcp(6379)] },
    // behind the other end of Weave's tunnel, which is one network for all nodes
    guestbook: { addresses: { eth0: ['10.40.0.7/12'] }, listeners: [tcp(3000)] },
  },
  links: [
    ['client:eth0', 'node:eth0'],
    ['node:vethwepl1', 'redis:eth0'],
    ['node:vethwe-bridge', 'guestbook:eth0'],
  ],
  traced: 'node',
  fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 31000 },
})

export const WEAVE_AND_PODS_ELSEWHERE: Problem[] = [
  {
    name: 'weave-drops-node-ports-whose-pod-is-on-another-node',
    thread: {
      title:
        'Weave 1.9.7 - Kubernetes NodePort services only work if pod is locally running on node, otherwise blocked by NPC',
      address: 'https://github.com/weaveworks/weave/issues/3011',
    },
    ...weave(''),
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 31001 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '10.40.0.7', port: 3000 }, seen: 'answered' },
      { sending: { from: 'redis', what: 'ping', to: '10.40.0.7' }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        "Weave's sets have the pods of this node alone, and what goes out of its bridge must be in one of them. The pod of the service is on another node, and no rule lets that pass.",
      causes: [
        { rule: '-o weave -j DROP', chain: 'filter FORWARD' },
        { code: 'not-in-set', words: ['weave-iuZcey'] },
        { chain: 'filter WEAVE-NPC' },
        { chain: 'filter WEAVE-NPC-DEFAULT' },
      ],
      status: ['dropped'],
    },
    mend: [['node', `iptables ${ELSEWHERE.trim()}`]],
  },
  {
    name: 'healthy-weave-lets-through-what-goes-to-pods-of-other-nodes',
    thread: {
      title:
        'Weave 1.9.7 - Kubernetes NodePort services only work if pod is locally running on node, otherwise blocked by NPC',
      address: 'https://github.com/weaveworks/weave/issues/3011',
    },
    ...weave(ELSEWHERE),
    seen: 'answered',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 31001 }, seen: 'answered' },
      { sending: { from: 'redis', what: 'ping', to: '10.40.0.7' }, seen: 'answered' },
    ],
    truth: { words: 'Nothing is wrong.', causes: [], status: ['answered'] },
    mend: [['node', 'true']],
  },
]
