/** Services of a cluster that fail for a packet's source: a balancer with the service's own address, a link's address in place of the node's, one that none leads back. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { KUBE_FILTER, KUBE_FILTER_CHAINS, KUBE_NAT_CHAINS, kubeNat } from './kube-chains.ts'
import { FILTER, NAT, RAW, saved } from './services-astray.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

/** kube-proxy 1.12 in IPVS mode. */
const IPVS_NAT = saved(
  'nat',
  NAT,
  'KUBE-LOAD-BALANCER KUBE-MARK-DROP KUBE-MARK-MASQ KUBE-NODE-PORT KUBE-POSTROUTING KUBE-SERVICES',
  `-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-LOAD-BALANCER -j KUBE-MARK-MASQ
-A KUBE-MARK-DROP -j MARK --set-xmark 0x8000/0x8000
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-NODE-PORT -p tcp -m comment --comment "Kubernetes nodeport TCP port for masquerade purpose" -m set --match-set KUBE-NODE-PORT-TCP dst -j KUBE-MARK-MASQ
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -m mark --mark 0x4000/0x4000 -j MASQUERADE
-A KUBE-POSTROUTING -m comment --comment "Kubernetes endpoints dst ip:port, source ip for solving hairpin purpose" -m set --match-set KUBE-LOOP-BACK dst,dst,src -j MASQUERADE
-A KUBE-SERVICES -m comment --comment "Kubernetes service lb portal" -m set --match-set KUBE-LOAD-BALANCER dst,dst -j KUBE-LOAD-BALANCER
-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODE-PORT
-A KUBE-SERVICES -m set --match-set KUBE-LOAD-BALANCER dst,dst -j ACCEPT
`,
)

const IPVS_SETS = `create KUBE-LOAD-BALANCER hash:ip,port
add KUBE-LOAD-BALANCER 203.0.113.80,tcp:443
create KUBE-LOOP-BACK hash:ip,port,ip
add KUBE-LOOP-BACK 10.244.1.5,tcp:8443,10.244.1.5
create KUBE-NODE-PORT-TCP bitmap:port range 0-65535
add KUBE-NODE-PORT-TCP 31500
`

const IPVS_FILTER = saved(
  'filter',
  FILTER,
  'KUBE-FIREWALL KUBE-FORWARD',
  `-A INPUT -j KUBE-FIREWALL
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A OUTPUT -j KUBE-FIREWALL
-A KUBE-FIREWALL -m comment --comment "kubernetes firewall for dropping marked packets" -m mark --mark 0x8000/0x8000 -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
`,
)

const NODE_CACHE = '169.254.20.10'

const _MASQUERADE_ALL =
  '-A KUBE-SERVICES -d 10.96.7.7/32 -p tcp -m comment --comment "shop/web: cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ'

const pod = (address: string, gateway: string) => ({
  addresses: { eth0: [address] },
  routes: [`default via ${gateway}`],
})

/** kube-proxy's rules of a node without an endpoint of its own, for externalTrafficPolicy Local. */
const LOCAL_POLICY = `${saved(
  'nat',
  NAT,
  'KUBE-EXT-CEZPIJSAUFW5MYPQ KUBE-MARK-MASQ KUBE-NODEPORTS KUBE-POSTROUTING KUBE-SEP-QDWQ6MZ7HFP2JOTB KUBE-SERVICES KUBE-SVC-CEZPIJSAUFW5MYPQ',
  `-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-EXT-CEZPIJSAUFW5MYPQ -s fd00:10:244::/56 -m comment --comment "pod traffic for default/web external destinations" -j KUBE-SVC-CEZPIJSAUFW5MYPQ
-A KUBE-EXT-CEZPIJSAUFW5MYPQ -m comment --comment "masquerade LOCAL traffic for default/web external destinations" -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ
-A KUBE-EXT-CEZPIJSAUFW5MYPQ -m comment --comment "route LOCAL traffic for default/web external destinations" -m addrtype --src-type LOCAL -j KUBE-SVC-CEZPIJSAUFW5MYPQ
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-NODEPORTS -p tcp -m comment --comment "default/web" -m tcp --dport 30080 -j KUBE-EXT-CEZPIJSAUFW5MYPQ
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
-A KUBE-SEP-QDWQ6MZ7HFP2JOTB -s fd00:10:244:a::6/128 -m comment --comment "default/web" -j KUBE-MARK-MASQ
-A KUBE-SEP-QDWQ6MZ7HFP2JOTB -p tcp -m comment --comment "default/web" -m tcp -j DNAT --to-destination [fd00:10:244:a::6]:80
-A KUBE-SERVICES -d fd00:10:96::8:8/128 -p tcp -m comment --comment "default/web cluster IP" -m tcp --dport 80 -j KUBE-SVC-CEZPIJSAUFW5MYPQ
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-SVC-CEZPIJSAUFW5MYPQ ! -s fd00:10:244::/56 -d fd00:10:96::8:8/128 -p tcp -m comment --comment "default/web cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ
-A KUBE-SVC-CEZPIJSAUFW5MYPQ -m comment --comment "default/web -> [fd00:10:244:a::6]:80" -j KUBE-SEP-QDWQ6MZ7HFP2JOTB
`,
)}${saved(
  'filter',
  FILTER,
  'KUBE-EXTERNAL-SERVICES KUBE-FORWARD',
  `-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A KUBE-EXTERNAL-SERVICES -p tcp -m comment --comment "default/web has no local endpoints" -m addrtype --dst-type LOCAL -m tcp --dport 30080 -j DROP
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
`,
)}`

export const SOURCES_OF_SERVICES: Problem[] = [
  {
    name: 'ipvs-node-has-the-address-that-the-balancer-asks-from',
    thread: {
      title: "LoadBalancer's healthcheck packet will be dropped in ipvs mode",
      address: 'https://github.com/kubernetes/kubernetes/issues/79783',
    },
    backend: 'iptables-legacy',
    hosts: {
      balancer: {
        addresses: { eth0: ['192.0.2.9/24'], lo: ['203.0.113.80/32'] },
        routes: ['192.0.2.1/32 dev eth0 src 203.0.113.80'],
        // it asks for the node's link address with its own, as a gateway would
        sysctls: { 'net.ipv4.conf.all.arp_announce': '2' },
      },
      node: {
        // the bridge stands for the dummy link; what IPVS carries to an endpoint is answered here
        bridges: { 'kube-ipvs0': [] },
        addresses: {
          eth0: ['192.0.2.1/24'],
          eth1: ['198.51.100.1/24'],
          'kube-ipvs0': ['203.0.113.80/32', '10.96.0.1/32'],
        },
        routes: ['default via 192.0.2.9'],
        sysctls: FORWARDS,
        listeners: [SSH, { protocol: 'tcp', port: 31500 }],
        rules: { ipset: IPVS_SETS, v4: IPVS_NAT + IPVS_FILTER },
      },
      client: { addresses: { eth0: ['198.51.100.9/24'] } },
    },
    links: [
      ['balancer:eth0', 'node:eth0'],
      ['client:eth0', 'node:eth1'],
    ],
    traced: 'node',
    fails: { from: 'balancer', what: 'tcp', to: '192.0.2.1', port: 31500 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '198.51.100.1', port: 31500 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '198.51.100.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '198.51.100.1', port: 10250 }, seen: 'refused' },
    ],
    truth: {
      words:
        'The balancer asks from the address of the service. kube-proxy has given this address to kube-ipvs0, so that it is one of the node itself, and the kernel drops what comes from outside with it.',
      causes: [{ code: 'vanished-martian' }],
      status: ['lost'],
    },
    mend: [['node', 'ip addr del 203.0.113.80/32 dev kube-ipvs0']],
  },
  {
    name: 'node-dns-answers-untracked-what-was-rewritten-to-it',
    thread: {
      title: 'reply from unexpected source: 169.254.20.10#53, expected 10.96.3.45#53',
      address: 'https://github.com/coredns/coredns/issues/3097',
    },
    backend: 'iptables-nft',
    hosts: {
      node: {
        bridges: { cbr0: ['veth1'], nodelocaldns: [] },
        addresses: { eth0: ['192.0.2.1/24'], cbr0: ['10.244.1.1/24'], nodelocaldns: [`${NODE_CACHE}/32`] },
        sysctls: FORWARDS,
        listeners: [SSH, { protocol: 'udp', port: 53, address: NODE_CACHE }],
        rules: {
          v4: `${saved(
            'raw',
            RAW,
            '',
            `-A PREROUTING -d ${NODE_CACHE}/32 -p udp -m udp --dport 53 -j CT --notrack
-A PREROUTING -d ${NODE_CACHE}/32 -p tcp -m tcp --dport 53 -j CT --notrack
-A OUTPUT -s ${NODE_CACHE}/32 -p tcp -m tcp --sport 8080 -j CT --notrack
-A OUTPUT -s ${NODE_CACHE}/32 -p udp -m udp --sport 53 -j CT --notrack
-A OUTPUT -s ${NODE_CACHE}/32 -p tcp -m tcp --sport 53 -j CT --notrack
-A OUTPUT -d ${NODE_CACHE}/32 -p udp -m udp --dport 53 -j CT --notrack
-A OUTPUT -d ${NODE_CACHE}/32 -p tcp -m tcp --dport 53 -j CT --notrack
`,
          )}${saved(
            'nat',
            NAT,
            KUBE_NAT_CHAINS,
            `-A PREROUTING -d 10.96.3.45/32 -p udp -m udp --dport 53 -j DNAT --to-destination ${NODE_CACHE}:53
-A OUTPUT -d 10.96.3.45/32 -p udp -m udp --dport 53 -j DNAT --to-destination ${NODE_CACHE}:53
${kubeNat('10.244.0.0/16', '10.96.0.1', '192.0.2.1:6443')}`,
          )}${saved(
            'filter',
            FILTER,
            KUBE_FILTER_CHAINS,
            `-A INPUT -d ${NODE_CACHE}/32 -p udp -m udp --dport 53 -j ACCEPT
-A INPUT -d ${NODE_CACHE}/32 -p tcp -m tcp --dport 53 -j ACCEPT
${KUBE_FILTER}-A OUTPUT -s ${NODE_CACHE}/32 -p udp -m udp --sport 53 -j ACCEPT
-A OUTPUT -s ${NODE_CACHE}/32 -p tcp -m tcp --sport 53 -j ACCEPT
`,
          )}`,
        },
      },
      client: { addresses: { eth0: ['192.0.2.9/24'] } },
      app: pod('10.244.1.2/24', '10.244.1.1'),
    },
    links: [
      ['client:eth0', 'node:eth0'],
      ['node:veth1', 'app:eth0'],
    ],
    traced: 'node',
    fails: { from: 'app', what: 'udp', to: '10.96.3.45', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'app', what: 'udp', to: NODE_CACHE, port: 53 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The question is rewritten to the cache of the node, but the rules of this cache keep its replies from connection tracking, so that they leave with its own address and the pod does not take them.',
      causes: [
        { rule: '--sport 53', chain: 'raw OUTPUT' },
        { code: 'untracked' },
        { code: 'reply-from-other-address' },
      ],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [['node', `iptables -t raw -D OUTPUT -s ${NODE_CACHE}/32 -p udp -m udp --sport 53 -j CT --notrack`]],
  },
  {
    name: 'masquerade-takes-the-address-of-the-link-to-the-fabric',
    thread: { title: 'Replace MASQUERADE with SNAT', address: 'https://github.com/kubernetes/kubernetes/pull/75893' },
    backend: 'iptables-nft',
    hosts: {
      node: {
        addresses: { eno1: ['192.168.0.3/31'], lo: ['10.255.161.246/32'] },
        routes: ['default via 192.168.0.2 src 10.255.161.246'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          v4: `${saved('nat', NAT, KUBE_NAT_CHAINS, kubeNat('192.168.28.0/22', '192.168.24.136', '10.255.162.40:6666'))}${saved('filter', FILTER, KUBE_FILTER_CHAINS, KUBE_FILTER)}`,
        },
      },
      leaf: {
        addresses: { eth0: ['192.168.0.2/31'], eth1: ['10.255.162.1/24'] },
        routes: ['10.255.161.246/32 via 192.168.0.3'],
        sysctls: FORWARDS,
      },
      etcd: {
        addresses: { eth0: ['10.255.162.40/24'] },
        routes: ['10.255.0.0/16 via 10.255.162.1'],
        listeners: [{ protocol: 'tcp', port: 6666 }],
      },
    },
    links: [
      ['node:eno1', 'leaf:eth0'],
      ['leaf:eth1', 'etcd:eth0'],
    ],
    traced: 'node',
    fails: { from: 'node', what: 'tcp', to: '192.168.24.136', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'node', what: 'tcp', to: '10.255.162.40', port: 6666 }, seen: 'answered' },
      { sending: { from: 'etcd', what: 'tcp', to: '10.255.161.246', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "What the node sends to a service is masqueraded, with the address of the link to the fabric. The node's routes would have taken its own address, and the endpoint has a route to that one alone.",
      causes: [{ code: 'snat-changed-source' }, { rule: 'MASQUERADE', chain: 'nat KUBE-POSTROUTING' }],
      status: ['unanswered'],
    },
    mend: [
      [
        'node',
        'iptables -t nat -I KUBE-POSTROUTING 3 -m comment --comment "kubernetes service traffic requiring SNAT" -j SNAT --to-source 10.255.161.246',
      ],
    ],
  },
  {
    name: 'pod-asks-the-node-port-of-another-node-and-the-endpoint-beside-it-replies',
    thread: {
      title:
        'kube-proxy "--cluster-cidr" does not result in SNAT when pod A on node A accessing node port service on node B',
      address: 'https://github.com/kubernetes/kubernetes/issues/44916',
    },
    backend: 'iptables-nft',
    hosts: {
      asker: pod('fd00:10:244:a::5/64', 'fd00:10:244:a::1'),
      web: { ...pod('fd00:10:244:a::6/64', 'fd00:10:244:a::1'), listeners: [{ ...WEB[0], address: '::' }] },
      nodea: {
        bridges: { cbr0: ['veth1', 'veth2'] },
        addresses: { cbr0: ['fd00:10:244:a::1/64'], eth0: ['2001:db8:1::a/64'] },
        sysctls: FORWARDS,
      },
      nodeb: {
        addresses: { eth0: ['2001:db8:1::b/64'], eth1: ['2001:db8:f::1/64'] },
        routes: ['fd00:10:244:a::/64 via 2001:db8:1::a'],
        sysctls: FORWARDS,
        listeners: [{ ...SSH, address: '::' }],
        rules: { v6: LOCAL_POLICY },
      },
      client: { addresses: { eth0: ['2001:db8:f::9/64'] }, routes: ['default via 2001:db8:f::1'] },
    },
    links: [
      ['asker:eth0', 'nodea:veth1'],
      ['web:eth0', 'nodea:veth2'],
      ['nodea:eth0', 'nodeb:eth0'],
      ['client:eth0', 'nodeb:eth1'],
    ],
    traced: 'nodeb',
    fails: { from: 'asker', what: 'tcp', to: '2001:db8:1::b', port: 30080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:f::1', port: 30080 }, seen: 'nothing' },
      { sending: { from: 'asker', what: 'tcp', to: '2001:db8:1::b', port: 22 }, seen: 'answered' },
      { sending: { from: 'asker', what: 'tcp', to: 'fd00:10:244:a::6', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The source is a pod's, so the rules of this node do not masquerade it. The endpoint is on the link of the pod that asks, and replies to it directly, with an address that was not asked.",
      causes: [{ code: 'not-masqueraded' }],
      status: ['unanswered'],
    },
    mend: [['nodeb', 'ip6tables -t nat -I KUBE-EXT-CEZPIJSAUFW5MYPQ 1 -s fd00:10:244::/56 -j KUBE-MARK-MASQ']],
  },
]
