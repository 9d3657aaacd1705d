/** NetBird's table of nft beside iptables-nft's rules of Kubernetes, from threads: marks that share their bits. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

/** NetBird's table: `peers` may ask for `ports` of this host, and for `routes` behind it. */
const netbird = ({
  ports,
  routes = [],
}: {
  ports: readonly number[]
  routes?: readonly string[]
}) => `table ip netbird {
  set nb0000722 {
    type ipv4_addr
    flags dynamic
    elements = { 100.90.0.7, 100.90.0.8 }
  }
  set nb-dccc54ad {
    type ipv4_addr
    flags interval
    elements = { 100.90.0.7, 100.90.0.8 }
  }
  chain netbird-rt-fwd {
    ct state established,related counter accept
${routes.map((route) => `    ip saddr @nb-dccc54ad ip daddr ${route} counter accept\n`).join('')}  }
  chain netbird-rt-postrouting {
    type nat hook postrouting priority srcnat - 1; policy accept;
    meta mark 0x0001bd21 oifname != "lo" counter masquerade
    meta mark 0x0001bd22 oifname "wt0" counter masquerade
  }
  chain netbird-rt-redirect {
    type nat hook prerouting priority dstnat; policy accept;
  }
  chain netbird-mangle-postrouting {
    type filter hook postrouting priority mangle; policy accept;
    oifname "wt0" ct state new ct mark set 0x0001bd11
  }
  chain netbird-mangle-prerouting {
    type filter hook prerouting priority mangle; policy accept;
${routes
  .map(
    (route) => `    iifname != "wt0" ct state new ip saddr ${route} meta mark set 0x0001bd22
    iifname "wt0" ct state new ip daddr ${route} meta mark set 0x0001bd21
`,
  )
  .join('')}    iifname "wt0" ct state new ct mark set 0x0001bd10
${ports.map((port) => `    iifname "wt0" ip saddr @nb0000722 tcp dport ${port} fib daddr type local meta mark set 0x0001bd20\n`).join('')}  }
  chain netbird-acl-input-rules {
    ct state established,related counter accept
${ports.map((port) => `    ip saddr @nb0000722 tcp dport ${port} accept\n`).join('')}  }
  chain netbird-acl-input-filter {
    type filter hook input priority filter; policy accept;
    iifname "wt0" jump netbird-acl-input-rules
    iifname "wt0" drop
  }
  chain netbird-acl-forward-filter {
    type filter hook forward priority filter; policy accept;
    meta mark 0x0001bd20 accept
    iifname "wt0" jump netbird-rt-fwd
    iifname "wt0" drop
  }
}
`

export const NFT_BESIDE_ENGINES: Problem[] = [
  {
    name: 'kube-router-clears-a-bit-of-netbirds-mark',
    thread: {
      title:
        'NetBird `netbird-acl-forward-filter` drops k3s/kube-router-forwarded VPN traffic due to mark-bit collision with kube-router netpol',
      address: 'https://github.com/netbirdio/netbird/issues/6022',
    },
    backend: 'iptables-nft',
    hosts: {
      peer: { addresses: { wt0: ['100.90.0.7/16'] } },
      client: { addresses: { eth0: ['192.0.2.9/24'] } },
      node: {
        bridges: { cni0: ['veth1'] },
        addresses: { wt0: ['100.90.0.1/16'], eth0: ['192.0.2.1/24'], cni0: ['10.42.0.1/24'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '1' },
        listeners: [SSH],
        rules: {
          nft: `table ip kube-proxy {
  map no-endpoint-services {
    type ipv4_addr . inet_proto . inet_service : verdict
    comment "vmap to drop or reject packets to services with no endpoints"
  }
  map service-ips {
    type ipv4_addr . inet_proto . inet_service : verdict
    comment "ClusterIP, ExternalIP and LoadBalancer IP traffic"
    elements = { 10.43.7.9 . tcp . 80 : goto service-V2UKHZ5B-default/app/tcp/http }
  }
  map service-nodeports {
    type inet_proto . inet_service : verdict
    comment "NodePort traffic"
    elements = { tcp . 30080 : goto external-V2UKHZ5B-default/app/tcp/http }
  }
  chain filter-input {
    type filter hook input priority -110; policy accept;
    ct state new jump service-endpoints-check
  }
  chain filter-forward {
    type filter hook forward priority -110; policy accept;
    ct state new jump service-endpoints-check
  }
  chain nat-prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    jump services
  }
  chain nat-output {
    type nat hook output priority -100; policy accept;
    jump services
  }
  chain nat-postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    meta mark & 0x00004000 == 0x00004000 masquerade
  }
  chain service-endpoints-check {
    ip daddr . meta l4proto . th dport vmap @no-endpoint-services
  }
  chain services {
    ip daddr . meta l4proto . th dport vmap @service-ips
    fib daddr type local ip daddr != 127.0.0.0/8 meta l4proto . th dport vmap @service-nodeports
  }
  chain service-V2UKHZ5B-default/app/tcp/http {
    ip daddr 10.43.7.9 tcp dport 80 ip saddr != 10.42.0.0/16 meta mark set meta mark | 0x00004000
    meta l4proto tcp dnat to 10.42.0.5:8080
  }
  chain external-V2UKHZ5B-default/app/tcp/http {
    comment "traffic policy Local"
    meta l4proto tcp dnat to 10.42.0.5:8080
  }
}
${netbird({ ports: [22, 30080] })}`,
        },
      },
      pod: {
        addresses: { eth0: ['10.42.0.5/24'] },
        routes: ['default via 10.42.0.1'],
        listeners: [{ protocol: 'tcp', port: 8080 }],
      },
    },
    links: [
      ['peer:wt0', 'node:wt0'],
      ['client:eth0', 'node:eth0'],
      ['node:veth1', 'pod:eth0'],
    ],
    traced: 'node',
    // behind nft's tables: of chains with one priority, the kernel calls the younger one first
    setup: [
      [
        'node',
        `iptables-nft-restore <<'RULES'
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:KUBE-ROUTER-FORWARD - [0:0]
:KUBE-ROUTER-INPUT - [0:0]
:KUBE-NWPLCY-DEFAULT - [0:0]
:KUBE-NWPLCY-7RVFXHLVTCHBRYD2 - [0:0]
:KUBE-POD-FW-DYFGAQJNT3ERWH4A - [0:0]
-A INPUT -m comment --comment "kube-router netpol - 4IA2OSFRMVNDXBVV" -j KUBE-ROUTER-INPUT
-A FORWARD -m comment --comment "kube-router netpol - TEMCG2JMHZYE7H7T" -j KUBE-ROUTER-FORWARD
-A KUBE-ROUTER-INPUT -d 10.43.0.0/16 -m comment --comment "allow traffic to primary cluster IP range" -j RETURN
-A KUBE-ROUTER-INPUT -p tcp -m comment --comment "allow LOCAL TCP traffic to node ports" -m addrtype --dst-type LOCAL -m multiport --dports 30000:32767 -j RETURN
-A KUBE-ROUTER-FORWARD -d 10.42.0.5/32 -m comment --comment "rule to jump traffic destined to POD name:app namespace: default" -j KUBE-POD-FW-DYFGAQJNT3ERWH4A
-A KUBE-ROUTER-FORWARD -s 10.42.0.5/32 -m comment --comment "rule to jump traffic from POD name:app namespace: default" -j KUBE-POD-FW-DYFGAQJNT3ERWH4A
-A KUBE-ROUTER-FORWARD -m comment --comment "rule to explicitly ACCEPT traffic that comply to network policies" -m mark --mark 0x20000/0x20000 -j ACCEPT
-A KUBE-NWPLCY-DEFAULT -m comment --comment "rule to mark traffic matching a network policy" -j MARK --set-xmark 0x10000/0x10000
-A KUBE-NWPLCY-7RVFXHLVTCHBRYD2 -p tcp -m comment --comment "rule to ACCEPT traffic from all sources to dest pods selected by policy name app" -m tcp --dport 8080 -j MARK --set-xmark 0x10000/0x10000
-A KUBE-NWPLCY-7RVFXHLVTCHBRYD2 -m mark --mark 0x10000/0x10000 -j RETURN
-A KUBE-POD-FW-DYFGAQJNT3ERWH4A -m comment --comment "rule for stateful firewall for pod" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A KUBE-POD-FW-DYFGAQJNT3ERWH4A -m comment --comment "rule to drop invalid state for pod" -m conntrack --ctstate INVALID -j DROP
-A KUBE-POD-FW-DYFGAQJNT3ERWH4A -d 10.42.0.5/32 -m comment --comment "rule to permit the traffic traffic to pods when source is the pod's local node" -m addrtype --src-type LOCAL -j ACCEPT
-A KUBE-POD-FW-DYFGAQJNT3ERWH4A -s 10.42.0.5/32 -m comment --comment "run through default egress network policy chain" -j KUBE-NWPLCY-DEFAULT
-A KUBE-POD-FW-DYFGAQJNT3ERWH4A -d 10.42.0.5/32 -m comment --comment "run through nw policy app" -j KUBE-NWPLCY-7RVFXHLVTCHBRYD2
-A KUBE-POD-FW-DYFGAQJNT3ERWH4A -m comment --comment "rule to REJECT traffic destined for POD name:app namespace: default" -m mark ! --mark 0x10000/0x10000 -j REJECT --reject-with icmp-port-unreachable
-A KUBE-POD-FW-DYFGAQJNT3ERWH4A -j MARK --set-xmark 0x0/0x10000
-A KUBE-POD-FW-DYFGAQJNT3ERWH4A -m comment --comment "set mark to ACCEPT traffic that comply to network policies" -j MARK --set-xmark 0x20000/0x20000
COMMIT
RULES`,
      ],
    ],
    fails: { from: 'peer', what: 'tcp', to: '100.90.0.1', port: 30080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'peer', what: 'tcp', to: '100.90.0.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 30080 }, seen: 'answered' },
      { sending: { from: 'peer', what: 'tcp', to: '100.90.0.1', port: 25 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "NetBird's filter accepts the mark 0x1bd20 that it had set itself; bit 0x10000 of it is kube-router's own flag, which its chain of the pod clears and replaces by 0x20000, so the mark is another when NetBird asks for it.",
      causes: [
        { rule: '--set-xmark 0x0/0x10000', chain: 'filter KUBE-POD-FW-DYFGAQJNT3ERWH4A' },
        { rule: '--set-xmark 0x20000/0x20000', chain: 'filter KUBE-POD-FW-DYFGAQJNT3ERWH4A' },
        { rule: 'meta mark 0x0001bd20 accept', chain: 'ip netbird netbird-acl-forward-filter' },
      ],
      status: ['dropped'],
    },
    mend: [
      [
        'node',
        'nft insert rule ip netbird netbird-acl-forward-filter iifname wt0 meta mark 0x0002bd20 ct status dnat accept',
      ],
    ],
  },
  {
    name: 'hairpin-rule-takes-the-masquerade-mark-off-netbirds-packets',
    thread: {
      title: '[client] Fix fwmark bit 0x20 conflict with OVH OKS kube-proxy MASQUERADE rules',
      address: 'https://github.com/netbirdio/netbird/pull/6289',
    },
    backend: 'iptables-nft',
    hosts: {
      peer: { addresses: { wt0: ['100.90.0.7/16'] } },
      client: { addresses: { eth0: ['192.0.2.9/24'] } },
      node: {
        addresses: { wt0: ['100.90.0.1/16'], eth0: ['192.0.2.1/24'] },
        routes: ['10.2.2.0/24 via 192.0.2.2', 'default via 192.0.2.9'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          nft: netbird({ ports: [22, 30080], routes: ['10.2.0.0/16', '10.3.0.0/16'] }),
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-KUBELET-CANARY - [0:0]
:KUBE-PROXY-CANARY - [0:0]
-A POSTROUTING -m comment --comment "no masquerade for hairpin traffic" -m mark --mark 0x20/0x20 -j MARK --set-xmark 0x0/0x4000
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-EXT-V2UKHZ5BPZJ4TFQD - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-SEP-RBG6KJ2JQBE7QEQS - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-V2UKHZ5BPZJ4TFQD - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A POSTROUTING -s 10.2.0.0/16 ! -d 10.0.0.0/8 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
-A KUBE-EXT-V2UKHZ5BPZJ4TFQD -m comment --comment "masquerade traffic for default/app:http external destinations" -j KUBE-MARK-MASQ
-A KUBE-EXT-V2UKHZ5BPZJ4TFQD -j KUBE-SVC-V2UKHZ5BPZJ4TFQD
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-NODEPORTS -p tcp -m comment --comment "default/app:http" -m tcp --dport 30080 -j KUBE-EXT-V2UKHZ5BPZJ4TFQD
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
-A KUBE-SEP-RBG6KJ2JQBE7QEQS -s 10.2.2.5/32 -m comment --comment "default/app:http" -j KUBE-MARK-MASQ
-A KUBE-SEP-RBG6KJ2JQBE7QEQS -p tcp -m comment --comment "default/app:http" -m tcp -j DNAT --to-destination 10.2.2.5:8080
-A KUBE-SERVICES -d 10.3.7.9/32 -p tcp -m comment --comment "default/app:http cluster IP" -m tcp --dport 80 -j KUBE-SVC-V2UKHZ5BPZJ4TFQD
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-SVC-V2UKHZ5BPZJ4TFQD ! -s 10.2.0.0/16 -d 10.3.7.9/32 -p tcp -m comment --comment "default/app:http cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ
-A KUBE-SVC-V2UKHZ5BPZJ4TFQD -m comment --comment "default/app:http -> 10.2.2.5:8080" -j KUBE-SEP-RBG6KJ2JQBE7QEQS
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:KUBE-FORWARD - [0:0]
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
        },
      },
      other: {
        addresses: { eth0: ['192.0.2.2/24'], lo: ['10.2.2.5/32'] },
        routes: ['default via 192.0.2.9'],
        listeners: [{ protocol: 'tcp', port: 8080 }],
      },
      switch: { bridges: { sw0: ['p1', 'p2', 'p3'] }, sysctls: { 'net.bridge.bridge-nf-call-iptables': '0' } },
    },
    links: [
      ['peer:wt0', 'node:wt0'],
      ['client:eth0', 'switch:p1'],
      ['node:eth0', 'switch:p2'],
      ['other:eth0', 'switch:p3'],
    ],
    traced: 'node',
    fails: { from: 'peer', what: 'tcp', to: '100.90.0.1', port: 30080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'peer', what: 'tcp', to: '100.90.0.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 30080 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '10.2.2.5', port: 8080 }, seen: 'unreachable' },
    ],
    truth: {
      words:
        "A rule for hairpin traffic takes kube-proxy's masquerade mark from every packet whose mark has bit 0x20, and NetBird's mark 0x1bd20 has it: the packet is not masqueraded, and the pod on the other node replies to an address that its node cannot reach.",
      causes: [{ rule: '--mark 0x20/0x20', chain: 'mangle POSTROUTING' }],
      status: ['unanswered', 'reply-lost', 'lost'],
      alsoTrue: ['not-masqueraded'],
    },
    mend: [['node', 'iptables -t mangle -F POSTROUTING']],
  },
]
