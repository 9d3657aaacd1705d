/** From threads: firewalld rewrites or accepts what looks lost, and is not. */
import { bridged } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const NAT = `:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
`

const ZONES = `*nat
${NAT}:KUBE-EXT-R5VXQK3PJ7TNE2WA - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-SEP-6QXGJ4VTKU2MZR7C - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVL-R5VXQK3PJ7TNE2WA - [0:0]
:POSTROUTING_ZONES - [0:0]
:POST_public - [0:0]
:POST_public_allow - [0:0]
:POST_public_deny - [0:0]
:POST_public_log - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A POSTROUTING -j POSTROUTING_ZONES
-A KUBE-EXT-R5VXQK3PJ7TNE2WA -s 10.244.0.0/16 -m comment --comment "pod traffic for core/kube-registry external destinations" -j KUBE-MARK-MASQ
-A KUBE-EXT-R5VXQK3PJ7TNE2WA -j KUBE-SVL-R5VXQK3PJ7TNE2WA
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-NODEPORTS -p tcp -m comment --comment "core/kube-registry:registry" -m tcp --dport 5000 -j KUBE-EXT-R5VXQK3PJ7TNE2WA
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE
-A KUBE-SEP-6QXGJ4VTKU2MZR7C -s 10.244.16.2/32 -m comment --comment "core/kube-registry:registry" -j KUBE-MARK-MASQ
-A KUBE-SEP-6QXGJ4VTKU2MZR7C -p tcp -m comment --comment "core/kube-registry:registry" -m tcp -j DNAT --to-destination 10.244.16.2:5000
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-SVL-R5VXQK3PJ7TNE2WA -m comment --comment "core/kube-registry:registry -> 10.244.16.2:5000" -j KUBE-SEP-6QXGJ4VTKU2MZR7C
-A POSTROUTING_ZONES -o eth0 -g POST_public
-A POSTROUTING_ZONES -g POST_public
-A POST_public -j POST_public_log
-A POST_public -j POST_public_deny
-A POST_public -j POST_public_allow
-A POST_public_allow ! -o lo -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:FORWARD_IN_ZONES - [0:0]
:FWDI_public - [0:0]
:INPUT_ZONES - [0:0]
:IN_public - [0:0]
:IN_public_allow - [0:0]
:KUBE-FORWARD - [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -j INPUT_ZONES
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -j REJECT --reject-with icmp-host-prohibited
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED,DNAT -j ACCEPT
-A FORWARD -i lo -j ACCEPT
-A FORWARD -j FORWARD_IN_ZONES
-A FORWARD -m conntrack --ctstate INVALID -j DROP
-A FORWARD -j REJECT --reject-with icmp-host-prohibited
-A FORWARD_IN_ZONES -g FWDI_public
-A FWDI_public -p icmp -j ACCEPT
-A INPUT_ZONES -i eth0 -g IN_public
-A INPUT_ZONES -g IN_public
-A IN_public -j IN_public_allow
-A IN_public -p icmp -j ACCEPT
-A IN_public_allow -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW,UNTRACKED -j ACCEPT
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT
COMMIT
`

export const HEALTHY_REWRITTEN_BESIDE_FIREWALLD: Problem[] = [
  {
    name: 'healthy-zone-masquerades-what-local-policy-hands-to-a-pod',
    thread: {
      title: "externalTrafficPolicy=Local doesn't work when the firewalld is running",
      address: 'https://github.com/kubernetes/kubernetes/issues/85082',
    },
    backend: 'iptables-legacy',
    ...bridged(
      'cni0',
      '10.244.16.1/24',
      { listeners: [SSH], rules: { v4: ZONES } },
      { listeners: [{ protocol: 'tcp', port: 5000 }] },
    ),
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 5000 },
    seen: 'answered',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 5001 }, seen: 'unreachable' },
    ],
    truth: {
      words:
        'Nothing is lost: the zone masquerades whatever leaves by any interface, so the pod sees the address of the bridge in place of the client’s, and replies to that.',
      causes: [],
      status: ['answered'],
    },
    mend: [['host', 'true']],
  },
  {
    name: 'healthy-rich-rule-rejects-a-client-and-the-forwarded-port-lets-it-in',
    thread: {
      title:
        'Reject rich-rules not working when the destination port has a forwarding rule active in zone where rich rule apply',
      address: 'https://github.com/firewalld/firewalld/issues/951',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.2/24'] } },
      second: { addresses: { eth0: ['192.0.2.3/24'] } },
      server: {
        bridges: { eth0: ['p1', 'p2'] },
        addresses: { eth0: ['192.0.2.1/24'] },
        listeners: [SSH],
        rules: {
          nft: `table inet firewalld {
  chain nat_PREROUTING {
    type nat hook prerouting priority dstnat + 10; policy accept;
    jump nat_PREROUTING_ZONES
  }
  chain nat_PREROUTING_ZONES {
    iifname "eth0" goto nat_PRE_public
    goto nat_PRE_public
  }
  chain nat_PRE_public {
    jump nat_PRE_public_allow
  }
  chain nat_PRE_public_allow {
    meta nfproto ipv4 tcp dport 2222 redirect to :22
  }
  chain filter_INPUT {
    type filter hook input priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    ct state invalid drop
    jump filter_INPUT_ZONES
    reject with icmpx admin-prohibited
  }
  chain filter_INPUT_ZONES {
    iifname "eth0" goto filter_IN_public
    goto filter_IN_public
  }
  chain filter_IN_public {
    jump filter_IN_public_deny
    jump filter_IN_public_allow
    meta l4proto { icmp, ipv6-icmp } accept
    reject with icmpx admin-prohibited
  }
  chain filter_IN_public_deny {
    ip saddr 192.0.2.2 reject
  }
  chain filter_IN_public_allow {
    tcp dport 80 ct state { new, untracked } accept
  }
}
`,
        },
      },
    },
    links: [
      ['client:eth0', 'server:p1'],
      ['second:eth0', 'server:p2'],
    ],
    traced: 'server',
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 2222 },
    seen: 'answered',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'refused' },
      { sending: { from: 'second', what: 'tcp', to: '192.0.2.1', port: 2222 }, seen: 'answered' },
      { sending: { from: 'second', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'unreachable' },
    ],
    truth: {
      words:
        'Nothing is lost: what was rewritten is accepted before any zone is asked, so the rule that rejects this client is not evaluated for the forwarded port.',
      causes: [],
      status: ['answered'],
    },
    mend: [['server', 'true']],
  },
]
