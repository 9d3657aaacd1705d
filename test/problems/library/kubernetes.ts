/** kube-proxy's rules, and what stands beside them on a node. */
import { bridged, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const BRIDGE = 'cni0'
const NET = '10.244.0.1/24'

interface Rules {
  /** Behind the chains of kube-proxy. */
  nat?: string
  filter?: string
  policy?: string
}

export const kube = ({ nat = '', filter = '', policy = 'ACCEPT' }: Rules) => `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-MARK-DROP - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-SEP-WEB - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-WEB - [0:0]
:KUBE-XLB-WEB - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-MARK-DROP -j MARK --set-xmark 0x8000/0x8000
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE
-A KUBE-SERVICES ! -s 10.244.0.0/16 -d 10.96.0.80/32 -p tcp -m comment --comment "default/web cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ
-A KUBE-SERVICES -d 10.96.0.80/32 -p tcp -m comment --comment "default/web cluster IP" -m tcp --dport 80 -j KUBE-SVC-WEB
-A KUBE-SVC-WEB -m comment --comment "default/web" -j KUBE-SEP-WEB
-A KUBE-SEP-WEB -s 10.244.0.2/32 -m comment --comment "default/web" -j KUBE-MARK-MASQ
-A KUBE-SEP-WEB -p tcp -m comment --comment "default/web" -m tcp -j DNAT --to-destination 10.244.0.2:80
${nat}-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ${policy} [0:0]
:OUTPUT ACCEPT [0:0]
:KUBE-FIREWALL - [0:0]
:KUBE-FORWARD - [0:0]
:KUBE-EXTERNAL-SERVICES - [0:0]
-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A INPUT -j KUBE-FIREWALL
-A OUTPUT -j KUBE-FIREWALL
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -m comment --comment "kubernetes forwarding rules" -j ACCEPT
-A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment "kubernetes forwarding conntrack rule" -j ACCEPT
${filter}COMMIT
`
const FIREWALL =
  '-A KUBE-FIREWALL -m comment --comment "kubernetes firewall for dropping marked packets" -m mark --mark 0x8000/0x8000 -j DROP\n'

const OLD = kube({ filter: FIREWALL }).replace('--to-destination 10.244.0.2:80', '--to-destination 10.244.0.99:80')

const clusterIp = { from: 'c1', what: 'tcp', to: '10.96.0.80', port: 80 } as const
const fromHost = { from: 'host', what: 'tcp', to: '10.96.0.80', port: 80 } as const

export const KUBERNETES: Problem[] = [
  {
    name: 'kube-nodeport-no-local-endpoint',
    thread: {
      title: 'ExternalTrafficPolicy=Local works on one node, but not on the other',
      address: 'https://github.com/weaveworks/weave/issues/3568',
    },
    backend: 'iptables-legacy',
    ...bridged(BRIDGE, NET, {
      rules: {
        v4: kube({
          nat: `-A KUBE-NODEPORTS -s 127.0.0.0/8 -p tcp -m comment --comment "default/nginx-ext:" -m tcp --dport 32204 -j KUBE-MARK-MASQ
-A KUBE-NODEPORTS -p tcp -m comment --comment "default/nginx-ext:" -m tcp --dport 32204 -j KUBE-XLB-WEB
-A KUBE-XLB-WEB -m comment --comment "default/nginx-ext: has no local endpoints" -j KUBE-MARK-DROP
`,
          filter: FIREWALL,
        }),
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 32204 },
    seen: 'nothing',
    others: [{ sending: fromHost, seen: 'answered' }],
    truth: {
      words: 'The policy is Local and kube-proxy knows no endpoint on this node: it marks the packet to be dropped.',
      causes: [
        { rule: 'has no local endpoints', chain: 'nat KUBE-XLB-WEB' },
        { code: 'no-endpoints', words: ['default/nginx-ext has no endpoint on this node', 'externalTrafficPolicy'] },
      ],
      status: ['dropped'],
    },
    mend: [['host', 'iptables -t nat -I KUBE-XLB-WEB -j KUBE-SVC-WEB']],
  },
  {
    name: 'kube-no-endpoints-takes-local-port',
    thread: {
      title:
        'Why the service that don\'t have Endpoints, that need add a rule "KUBE-EXTERNAL-SERVICES" to input chains',
      address: 'https://github.com/kubernetes/kubernetes/issues/97360',
    },
    backend: 'iptables-nft',
    ...bridged(BRIDGE, NET, {
      listeners: [
        { protocol: 'tcp', port: 32445 },
        { protocol: 'tcp', port: 22 },
      ],
      rules: {
        v4: kube({
          filter: `${FIREWALL}-A KUBE-EXTERNAL-SERVICES -p tcp -m comment --comment "default/traefik:http has no endpoints" -m addrtype --dst-type LOCAL -m tcp --dport 32445 -j REJECT --reject-with icmp-port-unreachable
`,
        }),
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 32445 },
    seen: 'refused',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 23 }, seen: 'refused' },
    ],
    truth: {
      words: 'A NodePort service without endpoints rejects the port that a program of the node itself listens on.',
      causes: [{ rule: 'has no endpoints', chain: 'filter KUBE-EXTERNAL-SERVICES' }],
      status: ['rejected'],
    },
    mend: [['host', 'iptables -F KUBE-EXTERNAL-SERVICES']],
  },
  {
    name: 'kube-udp-stale-entry',
    thread: {
      title:
        'Services (kube-proxy): conntrack for UDP needs to be flushed when set of endpoints goes from empty to non-empty',
      address: 'https://github.com/kubernetes/kubernetes/issues/48370',
    },
    backend: 'iptables-legacy',
    ...withResolver(),
    earlier: {
      sendings: [{ from: 'c1', what: 'udp', to: '10.96.0.53', port: 53, sport: 43145 }],
      change: [
        [
          'host',
          'iptables -t nat -I KUBE-SERVICES -d 10.96.0.53 -p udp --dport 53 -j DNAT --to-destination 192.0.2.9:53',
        ],
      ],
    },
    fails: { from: 'c1', what: 'udp', to: '10.96.0.53', port: 53, sport: 43145 },
    seen: 'nothing',
    others: [{ sending: fromHost, seen: 'answered' }],
    truth: {
      words: 'The flow began while the service had no endpoint: its conntrack entry has no DNAT, and still decides.',
      causes: [{ code: 'stale-conntrack' }],
      status: ['unanswered', 'lost'],
    },
    mend: [['host', 'conntrack -D -p udp --orig-dst 10.96.0.53']],
  },
  {
    name: 'kube-firewall-mark-lost',
    thread: {
      title: 'kubelet/kube-proxy does not work with iptables 1.8.8 (nf_tables)',
      address: 'https://github.com/kubernetes/kubernetes/issues/112477',
    },
    backend: 'iptables-nft',
    ...bridged(BRIDGE, NET, {
      listeners: [{ protocol: 'tcp', port: 22 }],
      rules: {
        v4: kube({
          filter: '-A KUBE-FIREWALL -m comment --comment "kubernetes firewall for dropping marked packets" -j DROP\n',
        }),
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 },
    seen: 'nothing',
    others: [{ sending: clusterIp, seen: 'nothing', either: true }],
    truth: {
      words: 'The rule that drops marked packets has lost its mark: it drops all.',
      causes: [{ rule: 'kubernetes firewall for dropping marked packets', chain: 'filter KUBE-FIREWALL' }],
      status: ['dropped', 'reply-lost'],
    },
    mend: [['host', 'iptables -F KUBE-FIREWALL; iptables -A KUBE-FIREWALL -m mark --mark 0x8000/0x8000 -j DROP']],
  },
  {
    name: 'kube-nodeport-localhost-martian',
    thread: {
      title: 'kube-proxy NodePort access via localhost, with externalTrafficPolicy=Local => martian source',
      address: 'https://github.com/kubernetes/kubernetes/issues/57922',
    },
    backend: 'iptables-legacy',
    ...bridged(BRIDGE, NET, {
      sysctls: { 'net.ipv4.conf.all.route_localnet': '1' },
      rules: {
        v4: kube({
          nat: `-A KUBE-NODEPORTS -p tcp -m comment --comment "default/web" -m tcp --dport 30080 -j KUBE-XLB-WEB
-A KUBE-XLB-WEB -m comment --comment "Balancing rule 0 for default/web" -j KUBE-SEP-WEB
`,
          filter: FIREWALL,
        }),
      },
    }),
    fails: { from: 'host', what: 'tcp', to: '127.0.0.1', port: 30080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 30080 }, seen: 'answered' },
      { sending: fromHost, seen: 'answered' },
    ],
    truth: {
      words: 'Nothing masquerades it: it leaves for the pod with the source 127.0.0.1.',
      causes: [{ code: 'not-masqueraded' }, { chain: 'nat KUBE-NODEPORTS' }, { chain: 'nat KUBE-XLB-WEB' }],
      status: ['unanswered', 'lost'],
    },
    mend: [['host', 'iptables -t nat -I KUBE-NODEPORTS -s 127.0.0.0/8 -p tcp --dport 30080 -j KUBE-MARK-MASQ']],
  },
  {
    name: 'kube-flannel-forward-drop',
    thread: {
      title: 'network/iptables: Add iptables rules to FORWARD chain',
      address: 'https://github.com/flannel-io/flannel/pull/872',
    },
    backend: 'iptables-legacy',
    ...bridged(BRIDGE, NET, {
      rules: {
        v4: kube({
          policy: 'DROP',
          filter: `${FIREWALL}-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
`,
        }),
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '10.244.0.2', port: 80 },
    seen: 'nothing',
    others: [{ sending: fromHost, seen: 'answered' }],
    truth: {
      words: "Since Docker 1.13 FORWARD's policy is DROP, and no rule accepts the pods' network.",
      causes: [{ policy: 'filter FORWARD' }],
      status: ['dropped'],
    },
    mend: [['host', 'iptables -A FORWARD -s 10.244.0.0/16 -j ACCEPT; iptables -A FORWARD -d 10.244.0.0/16 -j ACCEPT']],
  },
  {
    name: 'kube-nft-no-endpoint-map',
    thread: {
      title: 'kube-proxy: externalTrafficPolicy:Local and proxy-mode=nftables blackholes pods traffic to external IPs',
      address: 'https://github.com/kubernetes/kubernetes/issues/131765',
    },
    backend: 'nft',
    ...bridged(BRIDGE, NET, {
      rules: {
        nft: `table ip kube-proxy {
  map no-endpoint-services {
    type ipv4_addr . inet_proto . inet_service : verdict
    elements = { 10.88.1.2 . tcp . 80 comment "sys-ingress-priv/ingress:web" : drop, 10.96.0.7 . tcp . 7 comment "default/echo" : goto reject-chain }
  }
  chain reject-chain { reject; }
  map service-ips {
    type ipv4_addr . inet_proto . inet_service : verdict
    elements = { 10.88.1.2 . tcp . 80 : goto service-ingress }
  }
  chain service-ingress { meta l4proto tcp dnat to 192.0.2.9:80; }
  chain filter-prerouting {
    type filter hook prerouting priority dstnat - 10; policy accept;
    ct state new jump service-endpoints-check
  }
  chain service-endpoints-check { ip daddr . meta l4proto . th dport vmap @no-endpoint-services; }
  chain nat-prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    jump services
  }
  chain services { ip daddr . meta l4proto . th dport vmap @service-ips; }
  chain nat-postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 10.244.0.0/16 oifname "eth0" masquerade
  }
}
`,
      },
    }),
    fails: { from: 'c1', what: 'tcp', to: '10.88.1.2', port: 80 },
    seen: 'nothing',
    others: [{ sending: { from: 'c1', what: 'tcp', to: '10.96.0.7', port: 7 }, seen: 'refused' }],
    truth: {
      words:
        'The map of services without local endpoints has the external address, with the verdict drop, for pods as well.',
      causes: [{ code: 'no-endpoints', words: ['sys-ingress-priv/ingress:web', 'externalTrafficPolicy'] }],
      status: ['dropped'],
    },
    mend: [['host', 'nft delete element ip kube-proxy no-endpoint-services "{ 10.88.1.2 . tcp . 80 }"']],
  },
  {
    name: 'kube-nodelocaldns-notrack',
    thread: {
      title: 'NodeLocal DNS cache breaks connection tracking, conflicts with Calico',
      address: 'https://github.com/kubernetes/kubernetes/issues/98758',
    },
    backend: 'iptables-legacy',
    ...bridged('cali0', NET, {
      addresses: { lo: ['169.254.25.10/32'] },
      listeners: [{ protocol: 'udp', address: '169.254.25.10', port: 53 }, ...WEB],
      rules: {
        v4: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -d 169.254.25.10/32 -p udp -m udp --dport 53 -m comment --comment "NodeLocal DNS Cache: skip conntrack" -j CT --notrack
-A OUTPUT -s 169.254.25.10/32 -p udp -m udp --sport 53 -m comment --comment "NodeLocal DNS Cache: skip conntrack" -j CT --notrack
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:cali-to-wl-dispatch - [0:0]
:cali-tw-cali0 - [0:0]
-A OUTPUT -o cali+ -j cali-to-wl-dispatch
-A FORWARD -o cali+ -j cali-to-wl-dispatch
-A cali-to-wl-dispatch -o cali0 -g cali-tw-cali0
-A cali-tw-cali0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A cali-tw-cali0 -m conntrack --ctstate INVALID -j DROP
-A cali-tw-cali0 -m comment --comment "Drop if no profiles matched" -j DROP
COMMIT
`,
      },
    }),
    fails: { from: 'c1', what: 'udp', to: '169.254.25.10', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '10.244.0.2', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words: 'DNS is not tracked, so its replies are part of no flow, and the policy of the pod drops them.',
      causes: [
        { rule: '--notrack', chain: 'raw PREROUTING' },
        { rule: '--notrack', chain: 'raw OUTPUT' },
        { code: 'untracked' },
      ],
      status: ['reply-lost'],
    },
    mend: [['host', 'iptables -I cali-tw-cali0 -s 169.254.25.10 -p udp --sport 53 -j ACCEPT']],
  },
  {
    name: 'kube-legacy-rules-left',
    thread: {
      title: 'when upgrade iptables from 1.4.21 to v1.8.6 (nf_tables), rules in iptables-legacy is not clear.',
      address: 'https://github.com/kubernetes/kubernetes/issues/109811',
    },
    backend: 'mixed',
    ...bridged(BRIDGE, NET, {
      rules: {
        nft: `table ip nat {
  chain PREROUTING {
    type nat hook prerouting priority dstnat; policy accept;
    jump KUBE-SERVICES
  }
  chain KUBE-SERVICES { ip daddr 10.96.0.80 tcp dport 80 jump KUBE-SVC-WEB; }
  chain KUBE-SVC-WEB { jump KUBE-SEP-NEW; }
  chain KUBE-SEP-NEW { meta l4proto tcp dnat to 10.244.0.2:80; }
}
`,
      },
    }),
    // the kernel asks first whoever came last
    setup: [['host', `iptables-legacy-restore <<'END'\n${OLD}END\n`]],
    fails: { from: 'client', what: 'tcp', to: '10.96.0.80', port: 80 },
    seen: 'unreachable',
    others: [{ sending: { from: 'client', what: 'tcp', to: '10.244.0.2', port: 80 }, seen: 'answered' }],
    truth: {
      words:
        'The rules that iptables-legacy still has send the service to a pod that is gone; those of nf_tables are right.',
      causes: [{ rule: '--to-destination 10.244.0.99:80', chain: 'nat KUBE-SEP-WEB' }],
      status: ['lost', 'unanswered'],
      alsoTrue: ['neighbour-failed'],
    },
    mend: [['host', 'iptables -t nat -F KUBE-SERVICES']],
  },
]

/** The node's default route leads to who listens on 53. */
function withResolver(): Pick<Problem, 'hosts' | 'links' | 'traced'> {
  const { hosts, links, traced } = bridged(BRIDGE, NET, {
    routes: ['default via 192.0.2.9'],
    rules: { v4: kube({ filter: FIREWALL }) },
  })
  const { routes: _, ...client } = hosts.client!
  return {
    hosts: {
      ...hosts,
      client: {
        ...client,
        routes: ['10.244.0.0/24 via 192.0.2.1'],
        listeners: [{ protocol: 'udp', address: '192.0.2.9', port: 53 }],
      },
    },
    links,
    traced,
  }
}
