/** Sets of addresses, from threads: a node that has gone, and a country that also sends replies. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const POSTGRES = { protocol: 'tcp', port: 5432 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const

/** Ports that csf has in TCP_IN and so on, each a rule of its own. */
const csfPorts = (chain: string, way: string, protocol: string, ports: readonly string[]) =>
  ports
    .map(
      (port) =>
        `-A ${chain} ${way} -p ${protocol} -m conntrack --ctstate NEW -m ${protocol} --dport ${port} -j ACCEPT\n`,
    )
    .join('')

export const THREADS_AF_NODES: Problem[] = [
  {
    name: 'cilium-set-keeps-the-address-of-a-node-that-is-gone',
    thread: {
      title: 'node ipset updates having inconsistent updates causing issues with masquerading',
      address: 'https://github.com/cilium/cilium/issues/31251',
    },
    backend: 'iptables-nft',
    hosts: {
      pod: { addresses: { eth0: ['10.0.1.20/24'] }, routes: ['default via 10.0.1.1'], listeners: WEB },
      node: {
        addresses: { eth0: ['192.168.137.43/24'], lxc1: ['10.0.1.1/24'] },
        routes: ['10.0.2.0/24 via 192.168.137.44'],
        sysctls: FORWARDS,
        rules: {
          ipset: `create cilium_node_set_v4 hash:ip family inet hashsize 1024 maxelem 65536
add cilium_node_set_v4 192.168.137.43
add cilium_node_set_v4 192.168.137.29
add cilium_node_set_v4 192.168.137.121
add cilium_node_set_v4 192.168.137.51
add cilium_node_set_v4 192.168.137.44
add cilium_node_set_v4 10.0.0.3
add cilium_node_set_v4 10.0.0.4
`,
          v4: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:CILIUM_OUTPUT_raw - [0:0]
:CILIUM_PRE_raw - [0:0]
-A PREROUTING -m comment --comment "cilium-feeder: CILIUM_PRE_raw" -j CILIUM_PRE_raw
-A OUTPUT -m comment --comment "cilium-feeder: CILIUM_OUTPUT_raw" -j CILIUM_OUTPUT_raw
-A CILIUM_OUTPUT_raw -o lxc+ -m mark --mark 0xa00/0xfffffeff -m comment --comment "cilium: NOTRACK for proxy return traffic" -j CT --notrack
-A CILIUM_OUTPUT_raw -o cilium_host -m mark --mark 0xa00/0xfffffeff -m comment --comment "cilium: NOTRACK for proxy return traffic" -j CT --notrack
-A CILIUM_OUTPUT_raw -o lxc+ -m mark --mark 0x800/0xe00 -m comment --comment "cilium: NOTRACK for L7 proxy upstream traffic" -j CT --notrack
-A CILIUM_PRE_raw -m mark --mark 0x200/0xf00 -m comment --comment "cilium: NOTRACK for proxy traffic" -j CT --notrack
COMMIT
*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:CILIUM_POST_mangle - [0:0]
:CILIUM_PRE_mangle - [0:0]
:KUBE-KUBELET-CANARY - [0:0]
:KUBE-PROXY-CANARY - [0:0]
-A PREROUTING -m comment --comment "cilium-feeder: CILIUM_PRE_mangle" -j CILIUM_PRE_mangle
-A POSTROUTING -m comment --comment "cilium-feeder: CILIUM_POST_mangle" -j CILIUM_POST_mangle
-A CILIUM_PRE_mangle ! -o lo -m socket --transparent -m mark ! --mark 0xe00/0xf00 -m mark ! --mark 0x800/0xf00 -m comment --comment "cilium: any->pod redirect proxied traffic to host proxy" -j MARK --set-xmark 0x200/0xffffffff
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:CILIUM_OUTPUT_nat - [0:0]
:CILIUM_POST_nat - [0:0]
:CILIUM_PRE_nat - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-SEP-LL3YBHU6QWEVQ5HM - [0:0]
:KUBE-SEP-WEJ3HUVJCTAU5AOM - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-NPX46M4PTMTKRN6Y - [0:0]
:KUBE-SVC-OLF2KKQJEIOQ4HAT - [0:0]
-A PREROUTING -m comment --comment "cilium-feeder: CILIUM_PRE_nat" -j CILIUM_PRE_nat
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "cilium-feeder: CILIUM_OUTPUT_nat" -j CILIUM_OUTPUT_nat
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "cilium-feeder: CILIUM_POST_nat" -j CILIUM_POST_nat
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A CILIUM_POST_nat -s 10.0.1.0/24 -m set --match-set cilium_node_set_v4 dst -m comment --comment "exclude traffic to cluster nodes from masquerade" -j ACCEPT
-A CILIUM_POST_nat -s 10.0.1.0/24 ! -d 10.0.0.0/8 ! -o cilium_+ -m comment --comment "cilium masquerade non-cluster" -j MASQUERADE
-A CILIUM_POST_nat -m mark --mark 0xa00/0xe00 -m comment --comment "exclude proxy return traffic from masquerade" -j ACCEPT
-A CILIUM_POST_nat ! -s 10.0.1.0/24 ! -d 10.0.1.0/24 -o cilium_host -m comment --comment "cilium host->cluster masquerade" -j SNAT --to-source 10.0.1.1
-A CILIUM_POST_nat -s 127.0.0.1/32 -o cilium_host -m comment --comment "cilium host->cluster from 127.0.0.1 masquerade" -j SNAT --to-source 10.0.1.1
-A CILIUM_POST_nat -o cilium_host -m mark --mark 0xf00/0xf00 -m conntrack --ctstate DNAT -m comment --comment "hairpin traffic that originated from a local pod" -j SNAT --to-source 10.0.1.1
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
-A KUBE-SEP-LL3YBHU6QWEVQ5HM -s 192.168.137.29/32 -m comment --comment "default/kubernetes:https" -j KUBE-MARK-MASQ
-A KUBE-SEP-LL3YBHU6QWEVQ5HM -p tcp -m comment --comment "default/kubernetes:https" -m tcp -j DNAT --to-destination 192.168.137.29:6443
-A KUBE-SEP-WEJ3HUVJCTAU5AOM -s 10.0.1.20/32 -m comment --comment "shop/web:http" -j KUBE-MARK-MASQ
-A KUBE-SEP-WEJ3HUVJCTAU5AOM -p tcp -m comment --comment "shop/web:http" -m tcp -j DNAT --to-destination 10.0.1.20:80
-A KUBE-SERVICES -d 10.96.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-SVC-NPX46M4PTMTKRN6Y
-A KUBE-SERVICES -d 10.96.14.7/32 -p tcp -m comment --comment "shop/web:http cluster IP" -m tcp --dport 80 -j KUBE-SVC-OLF2KKQJEIOQ4HAT
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-SVC-NPX46M4PTMTKRN6Y -m comment --comment "default/kubernetes:https -> 192.168.137.29:6443" -j KUBE-SEP-LL3YBHU6QWEVQ5HM
-A KUBE-SVC-OLF2KKQJEIOQ4HAT -m comment --comment "shop/web:http -> 10.0.1.20:80" -j KUBE-SEP-WEJ3HUVJCTAU5AOM
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:CILIUM_FORWARD - [0:0]
:CILIUM_INPUT - [0:0]
:CILIUM_OUTPUT - [0:0]
:KUBE-EXTERNAL-SERVICES - [0:0]
:KUBE-FIREWALL - [0:0]
:KUBE-FORWARD - [0:0]
:KUBE-SERVICES - [0:0]
-A INPUT -m comment --comment "cilium-feeder: CILIUM_INPUT" -j CILIUM_INPUT
-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A INPUT -j KUBE-FIREWALL
-A FORWARD -m comment --comment "cilium-feeder: CILIUM_FORWARD" -j CILIUM_FORWARD
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "cilium-feeder: CILIUM_OUTPUT" -j CILIUM_OUTPUT
-A OUTPUT -j KUBE-FIREWALL
-A CILIUM_FORWARD -o cilium_host -m comment --comment "cilium: any->cluster on cilium_host forward accept" -j ACCEPT
-A CILIUM_FORWARD -i cilium_host -m comment --comment "cilium: cluster->any on cilium_host forward accept (nodeport)" -j ACCEPT
-A CILIUM_FORWARD -i lxc+ -m comment --comment "cilium: cluster->any on lxc+ forward accept" -j ACCEPT
-A CILIUM_FORWARD -i cilium_net -m comment --comment "cilium: cluster->any on cilium_net forward accept (nodeport)" -j ACCEPT
-A CILIUM_INPUT -m mark --mark 0x200/0xf00 -m comment --comment "cilium: ACCEPT for proxy traffic" -j ACCEPT
-A CILIUM_OUTPUT -m mark --mark 0xa00/0xe00 -m comment --comment "cilium: ACCEPT for proxy traffic" -j ACCEPT
-A CILIUM_OUTPUT -m mark ! --mark 0xe00/0xf00 -m mark ! --mark 0xd00/0xf00 -m mark ! --mark 0xa00/0xe00 -m mark ! --mark 0x800/0xe00 -m mark ! --mark 0xf00/0xf00 -m comment --comment "cilium: host->any mark as from host" -j MARK --set-xmark 0xc00/0xf00
-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment "block incoming localnet connections" -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
        },
      },
      switch: { bridges: { br0: ['p0', 'p1', 'p2', 'p3'] } },
      db: { addresses: { eth0: ['192.168.137.51/24'] }, listeners: [POSTGRES] },
      nas: { addresses: { eth0: ['192.168.137.60/24'] }, listeners: [POSTGRES] },
      node2: {
        addresses: { eth0: ['192.168.137.44/24'], lo: ['10.0.2.1/32'] },
        routes: ['10.0.1.0/24 via 192.168.137.43'],
        listeners: [POSTGRES],
      },
    },
    links: [
      ['pod:eth0', 'node:lxc1'],
      ['node:eth0', 'switch:p0'],
      ['db:eth0', 'switch:p1'],
      ['nas:eth0', 'switch:p2'],
      ['node2:eth0', 'switch:p3'],
    ],
    traced: 'node',
    fails: { from: 'pod', what: 'tcp', to: '192.168.137.51', port: 5432 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pod', what: 'tcp', to: '192.168.137.60', port: 5432 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: '192.168.137.44', port: 5432 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '192.168.137.51', port: 5432 }, seen: 'answered' },
      { sending: { from: 'node2', what: 'tcp', to: '10.0.1.20', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The set of nodes still has an address that a database has now: what pods send there is not masqueraded, and the database has no way back to them.',
      causes: [
        { rule: '--match-set cilium_node_set_v4 dst', chain: 'nat CILIUM_POST_nat' },
        { code: 'not-masqueraded' },
      ],
      status: ['unanswered'],
    },
    mend: [['node', 'ipset del cilium_node_set_v4 192.168.137.51']],
  },
  {
    name: 'csf-denies-replies-from-a-country-that-it-asks',
    thread: {
      title:
        "🐛 Bug: CC_DENY drops reply-direction return traffic — breaks the server's own outbound to denied countries (CC_ALLOWF is unaffected)",
      address: 'https://github.com/Aetherinox/csf-firewall/issues/119',
    },
    backend: 'iptables-nft',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [HTTPS] },
      elsewhere: { addresses: { eth0: ['198.51.100.9/24'] }, listeners: [HTTPS] },
      server: {
        addresses: { eth0: ['203.0.113.1/24'], eth1: ['198.51.100.1/24'] },
        listeners: WEB,
        rules: {
          ipset: `create cc_de hash:net family inet hashsize 1024 maxelem 131072
add cc_de 203.0.113.0/25
add cc_de 192.0.2.0/24
create chain_DENY hash:ip family inet hashsize 1024 maxelem 65536
add chain_DENY 192.0.2.66
create chain_ALLOW hash:ip family inet hashsize 1024 maxelem 65536
add chain_ALLOW 198.51.100.9
`,
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
:ALLOWIN - [0:0]
:ALLOWOUT - [0:0]
:CC_DENY - [0:0]
:DENYIN - [0:0]
:DENYOUT - [0:0]
:INVALID - [0:0]
:INVDROP - [0:0]
:LOCALINPUT - [0:0]
:LOCALOUTPUT - [0:0]
:LOGDROPIN - [0:0]
:LOGDROPOUT - [0:0]
-A INPUT ! -i lo -j LOCALINPUT
-A INPUT -i lo -j ACCEPT
-A INPUT ! -i lo -p tcp -j INVALID
-A INPUT ! -i lo -p icmp -m icmp --icmp-type 8 -m limit --limit 1/sec -j ACCEPT
-A INPUT ! -i lo -p icmp -m icmp --icmp-type 8 -j LOGDROPIN
-A INPUT ! -i lo -p icmp -j ACCEPT
-A INPUT ! -i lo -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
${csfPorts('INPUT', '! -i lo', 'tcp', ['20', '21', '22', '25', '53', '80', '110', '143', '443', '465', '587', '993', '995', '2077', '2078', '2082', '2083'])}${csfPorts('INPUT', '! -i lo', 'udp', ['20', '21', '53', '443'])}-A INPUT ! -i lo -j LOGDROPIN
-A OUTPUT ! -o lo -j LOCALOUTPUT
-A OUTPUT ! -o lo -p tcp -m tcp --dport 53 -j ACCEPT
-A OUTPUT ! -o lo -p udp -m udp --dport 53 -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT ! -o lo -p tcp -j INVALID
-A OUTPUT ! -o lo -p icmp -j ACCEPT
-A OUTPUT ! -o lo -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
${csfPorts('OUTPUT', '! -o lo', 'tcp', ['20', '21', '22', '25', '37', '43', '53', '80', '110', '113', '443', '587', '873', '993', '995', '2086', '2087', '2089'])}${csfPorts('OUTPUT', '! -o lo', 'udp', ['20', '21', '53', '113', '123', '873', '6277', '24441'])}-A OUTPUT ! -o lo -j LOGDROPOUT
-A ALLOWIN ! -i lo -m set --match-set chain_ALLOW src -j ACCEPT
-A ALLOWOUT ! -o lo -m set --match-set chain_ALLOW dst -j ACCEPT
-A CC_DENY -m set --match-set cc_de src -j DROP
-A DENYIN ! -i lo -m set --match-set chain_DENY src -j DROP
-A DENYOUT ! -o lo -m set --match-set chain_DENY dst -j LOGDROPOUT
-A INVALID -m conntrack --ctstate INVALID -j INVDROP
-A INVALID -p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG NONE -j INVDROP
-A INVALID -p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG FIN,SYN,RST,PSH,ACK,URG -j INVDROP
-A INVALID -p tcp -m tcp --tcp-flags FIN,SYN FIN,SYN -j INVDROP
-A INVALID -p tcp -m tcp --tcp-flags SYN,RST SYN,RST -j INVDROP
-A INVALID -p tcp -m tcp --tcp-flags FIN,RST FIN,RST -j INVDROP
-A INVALID -p tcp -m tcp --tcp-flags FIN,ACK FIN -j INVDROP
-A INVALID -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -m conntrack --ctstate NEW -j INVDROP
-A INVDROP -j DROP
-A LOCALINPUT ! -i lo -j ALLOWIN
-A LOCALINPUT ! -i lo -j DENYIN
-A LOCALINPUT ! -i lo -j CC_DENY
-A LOCALOUTPUT ! -o lo -j ALLOWOUT
-A LOCALOUTPUT ! -o lo -j DENYOUT
-A LOGDROPIN -p tcp -m tcp --dport 23 -j DROP
-A LOGDROPIN -p udp -m udp --dport 67 -j DROP
-A LOGDROPIN -p udp -m udp --dport 68 -j DROP
-A LOGDROPIN -p tcp -m multiport --dports 135:139,445,500,513,520 -j DROP
-A LOGDROPIN -j DROP
-A LOGDROPOUT -j REJECT --reject-with icmp-port-unreachable
COMMIT
`,
        },
      },
    },
    links: [
      ['remote:eth0', 'server:eth0'],
      ['elsewhere:eth0', 'server:eth1'],
    ],
    traced: 'server',
    fails: { from: 'server', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'server', what: 'tcp', to: '198.51.100.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'elsewhere', what: 'tcp', to: '198.51.100.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 80 }, seen: 'nothing' },
      { sending: { from: 'remote', what: 'ping', to: '203.0.113.1' }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The chain against a country asks for no state and comes before the rule that accepts replies: it also drops what a server there replies to this host.',
      causes: [{ rule: '--match-set cc_de src -j DROP', chain: 'filter CC_DENY' }, { chain: 'filter CC_DENY' }],
      status: ['reply-lost'],
    },
    mend: [['server', 'iptables -I CC_DENY -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN']],
  },
]
