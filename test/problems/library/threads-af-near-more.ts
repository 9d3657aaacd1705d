/** Healthy machines of whose set-ups threads complain: replies alone come by, and a table whose default is a black hole. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const HEALTHY = { words: 'Nothing is wrong.', causes: [], status: ['answered'] } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const

export const THREADS_AF_NEAR_MORE: Problem[] = [
  {
    name: 'near-node-forwards-replies-whose-requests-went-elsewhere',
    thread: {
      title: 'only drop invalid cstate packets if non liberal',
      address: 'https://github.com/kubernetes/kubernetes/pull/120412',
    },
    backend: 'iptables-nft',
    hosts: {
      client: {
        addresses: { eth0: ['10.0.0.9/24'] },
        routes: ['10.244.1.2/32 via 10.0.0.2', '10.244.1.0/24 via 10.0.0.1'],
      },
      switch: { bridges: { br0: ['p0', 'p1', 'p2'] } },
      gw: {
        addresses: { eth0: ['10.0.0.2/24'], eth1: ['172.16.5.1/24'] },
        routes: ['10.244.1.2/32 via 172.16.5.2'],
        sysctls: FORWARDS,
      },
      node: {
        addresses: { eth0: ['10.0.0.1/24'], veth1: ['10.244.1.1/24'] },
        sysctls: { ...FORWARDS, 'net.netfilter.nf_conntrack_tcp_be_liberal': '1' },
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-IPTABLES-HINT - [0:0]
:KUBE-KUBELET-CANARY - [0:0]
:KUBE-PROXY-CANARY - [0:0]
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-SEP-6E7XQMQ4RAYOWTTM - [0:0]
:KUBE-SEP-IT2ZTR26TO4XFPTO - [0:0]
:KUBE-SEP-ZP3FB6NMPNCO4VBJ - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-ERIFXISQEP7F7OF4 - [0:0]
:KUBE-SVC-NPX46M4PTMTKRN6Y - [0:0]
:KUBE-SVC-TCOU7JCQXEZGVUNU - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
-A KUBE-SEP-6E7XQMQ4RAYOWTTM -s 10.244.0.3/32 -m comment --comment "kube-system/kube-dns:dns" -j KUBE-MARK-MASQ
-A KUBE-SEP-6E7XQMQ4RAYOWTTM -p udp -m comment --comment "kube-system/kube-dns:dns" -m udp -j DNAT --to-destination 10.244.0.3:53
-A KUBE-SEP-IT2ZTR26TO4XFPTO -s 10.244.0.2/32 -m comment --comment "kube-system/kube-dns:dns-tcp" -j KUBE-MARK-MASQ
-A KUBE-SEP-IT2ZTR26TO4XFPTO -p tcp -m comment --comment "kube-system/kube-dns:dns-tcp" -m tcp -j DNAT --to-destination 10.244.0.2:53
-A KUBE-SEP-ZP3FB6NMPNCO4VBJ -s 10.0.0.1/32 -m comment --comment "default/kubernetes:https" -j KUBE-MARK-MASQ
-A KUBE-SEP-ZP3FB6NMPNCO4VBJ -p tcp -m comment --comment "default/kubernetes:https" -m tcp -j DNAT --to-destination 10.0.0.1:6443
-A KUBE-SERVICES -d 10.96.0.10/32 -p tcp -m comment --comment "kube-system/kube-dns:dns-tcp cluster IP" -m tcp --dport 53 -j KUBE-SVC-ERIFXISQEP7F7OF4
-A KUBE-SERVICES -d 10.96.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-SVC-NPX46M4PTMTKRN6Y
-A KUBE-SERVICES -d 10.96.0.10/32 -p udp -m comment --comment "kube-system/kube-dns:dns cluster IP" -m udp --dport 53 -j KUBE-SVC-TCOU7JCQXEZGVUNU
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-SVC-ERIFXISQEP7F7OF4 ! -s 10.244.0.0/16 -d 10.96.0.10/32 -p tcp -m comment --comment "kube-system/kube-dns:dns-tcp cluster IP" -m tcp --dport 53 -j KUBE-MARK-MASQ
-A KUBE-SVC-ERIFXISQEP7F7OF4 -m comment --comment "kube-system/kube-dns:dns-tcp -> 10.244.0.2:53" -j KUBE-SEP-IT2ZTR26TO4XFPTO
-A KUBE-SVC-NPX46M4PTMTKRN6Y ! -s 10.244.0.0/16 -d 10.96.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-MARK-MASQ
-A KUBE-SVC-NPX46M4PTMTKRN6Y -m comment --comment "default/kubernetes:https -> 10.0.0.1:6443" -j KUBE-SEP-ZP3FB6NMPNCO4VBJ
-A KUBE-SVC-TCOU7JCQXEZGVUNU ! -s 10.244.0.0/16 -d 10.96.0.10/32 -p udp -m comment --comment "kube-system/kube-dns:dns cluster IP" -m udp --dport 53 -j KUBE-MARK-MASQ
-A KUBE-SVC-TCOU7JCQXEZGVUNU -m comment --comment "kube-system/kube-dns:dns -> 10.244.0.3:53" -j KUBE-SEP-6E7XQMQ4RAYOWTTM
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:FLANNEL-FWD - [0:0]
:KUBE-EXTERNAL-SERVICES - [0:0]
:KUBE-FIREWALL - [0:0]
:KUBE-FORWARD - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-PROXY-FIREWALL - [0:0]
:KUBE-SERVICES - [0:0]
-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A INPUT -m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS
-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A INPUT -j KUBE-FIREWALL
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -j KUBE-FIREWALL
-A FLANNEL-FWD -s 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
-A FLANNEL-FWD -d 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment "block incoming localnet connections" -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
        },
      },
      srv: {
        addresses: { eth0: ['10.244.1.2/24'], eth1: ['172.16.5.2/24'] },
        routes: ['default via 10.244.1.1'],
        listeners: WEB,
      },
    },
    links: [
      ['client:eth0', 'switch:p0'],
      ['gw:eth0', 'switch:p1'],
      ['node:eth0', 'switch:p2'],
      ['gw:eth1', 'srv:eth1'],
      ['node:veth1', 'srv:eth0'],
    ],
    traced: 'node',
    fails: { from: 'client', what: 'tcp', to: '10.244.1.2', port: 80 },
    seen: 'answered',
    looksAt: { protocol: 'tcp', dst: '10.0.0.9' },
    others: [
      { sending: { from: 'node', what: 'tcp', to: '10.244.1.2', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '10.244.1.1' }, seen: 'answered' },
    ],
    truth: HEALTHY,
    mend: [['node', 'true']],
  },
  {
    name: 'near-black-hole-behind-two-halves-of-a-default-route',
    thread: { title: 'Blackholes not replaced', address: 'https://github.com/peacey/split-vpn/pull/190' },
    backend: 'iptables-legacy',
    hosts: {
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
      phone: { addresses: { eth0: ['192.168.1.30/24'] }, routes: ['default via 192.168.1.1'] },
      udm: {
        addresses: { eth8: ['198.51.100.1/24'], br0: ['192.168.1.1/24'], tun0: ['10.8.8.2/24'] },
        bridges: { br0: ['switch0', 'switch1'] },
        routes: [
          'default via 198.51.100.254',
          'blackhole default table 101',
          '0.0.0.0/1 via 10.8.8.1 dev tun0 table 101',
          '128.0.0.0/1 via 10.8.8.1 dev tun0 table 101',
          '192.168.1.0/24 dev br0 table 101',
        ],
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:UBIOS_FORWARD_TCPMSS - [0:0]
:UBIOS_PREROUTING_JUMP - [0:0]
:UBIOS_PREROUTING_PBR - [0:0]
:VPN_PREROUTING - [0:0]
-A PREROUTING -j UBIOS_PREROUTING_JUMP
-A PREROUTING -j VPN_PREROUTING
-A FORWARD -j UBIOS_FORWARD_TCPMSS
-A UBIOS_FORWARD_TCPMSS -o eth8 -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
-A UBIOS_FORWARD_TCPMSS -o tun0 -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1350
-A UBIOS_PREROUTING_JUMP -j UBIOS_PREROUTING_PBR
-A UBIOS_PREROUTING_PBR -m mark ! --mark 0x0/0x7e0000 -j RETURN
-A UBIOS_PREROUTING_PBR -m conntrack --ctstate RELATED,ESTABLISHED -j CONNMARK --restore-mark --nfmask 0x7e0000 --ctmask 0x7e0000
-A VPN_PREROUTING -m comment --comment FORCED_SOURCE -s 192.168.1.10/32 -i br0 -j MARK --set-xmark 0x169/0xffffffff
-A VPN_PREROUTING -m comment --comment FORCED_SOURCE -i br6 -j MARK --set-xmark 0x169/0xffffffff
-A VPN_PREROUTING -m comment --comment EXEMPT_DEST -d 192.168.0.0/16 -j MARK --set-xmark 0x0/0xffffffff
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:UBIOS_POSTROUTING_JUMP - [0:0]
:UBIOS_POSTROUTING_USER_HOOK - [0:0]
:UBIOS_PREROUTING_JUMP - [0:0]
:VPN_POSTROUTING - [0:0]
:VPN_PREROUTING - [0:0]
-A PREROUTING -j UBIOS_PREROUTING_JUMP
-A PREROUTING -j VPN_PREROUTING
-A POSTROUTING -j UBIOS_POSTROUTING_JUMP
-A POSTROUTING -j VPN_POSTROUTING
-A UBIOS_POSTROUTING_JUMP -j UBIOS_POSTROUTING_USER_HOOK
-A UBIOS_POSTROUTING_USER_HOOK -o eth8 -m comment --comment 00000001095216663481 -j MASQUERADE
-A VPN_POSTROUTING -o tun0 -j MASQUERADE
-A VPN_PREROUTING -i br0 -p udp -m mark --mark 0x169 -m udp --dport 53 -j DNAT --to-destination 10.8.8.1
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:ALIEN - [0:0]
:TOR - [0:0]
:UBIOS_FORWARD_IN_USER - [0:0]
:UBIOS_FORWARD_JUMP - [0:0]
:UBIOS_FORWARD_OUT_USER - [0:0]
:UBIOS_FORWARD_USER_HOOK - [0:0]
:UBIOS_INPUT_JUMP - [0:0]
:UBIOS_INPUT_USER_HOOK - [0:0]
:UBIOS_LAN_IN_USER - [0:0]
:UBIOS_LAN_LOCAL_USER - [0:0]
:UBIOS_LAN_OUT_USER - [0:0]
:UBIOS_OUTPUT_JUMP - [0:0]
:UBIOS_WAN_IN_USER - [0:0]
:UBIOS_WAN_LOCAL_USER - [0:0]
:UBIOS_WAN_OUT_USER - [0:0]
:VPN_FORWARD - [0:0]
-A INPUT -j UBIOS_INPUT_JUMP
-A FORWARD -j VPN_FORWARD
-A FORWARD -j UBIOS_FORWARD_JUMP
-A OUTPUT -j UBIOS_OUTPUT_JUMP
-A ALIEN -j RETURN
-A TOR -j RETURN
-A UBIOS_FORWARD_IN_USER -i eth8 -m comment --comment 00000001095216660481 -j UBIOS_WAN_IN_USER
-A UBIOS_FORWARD_IN_USER -i br0 -m comment --comment 00000001095216660482 -j UBIOS_LAN_IN_USER
-A UBIOS_FORWARD_JUMP -j UBIOS_FORWARD_USER_HOOK
-A UBIOS_FORWARD_OUT_USER -o eth8 -m comment --comment 00000001095216660481 -j UBIOS_WAN_OUT_USER
-A UBIOS_FORWARD_OUT_USER -o br0 -m comment --comment 00000001095216660482 -j UBIOS_LAN_OUT_USER
-A UBIOS_FORWARD_USER_HOOK -j ALIEN
-A UBIOS_FORWARD_USER_HOOK -j TOR
-A UBIOS_FORWARD_USER_HOOK -j UBIOS_FORWARD_IN_USER
-A UBIOS_FORWARD_USER_HOOK -j UBIOS_FORWARD_OUT_USER
-A UBIOS_INPUT_JUMP -j UBIOS_INPUT_USER_HOOK
-A UBIOS_INPUT_USER_HOOK -i eth8 -m comment --comment 00000001095216660481 -j UBIOS_WAN_LOCAL_USER
-A UBIOS_INPUT_USER_HOOK -i br0 -m comment --comment 00000001095216660482 -j UBIOS_LAN_LOCAL_USER
-A UBIOS_LAN_IN_USER -m comment --comment 00000001095216661481 -j RETURN
-A UBIOS_LAN_LOCAL_USER -m comment --comment 00000001095216661482 -j RETURN
-A UBIOS_LAN_OUT_USER -m comment --comment 00000001095216661483 -j RETURN
-A UBIOS_WAN_IN_USER -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment 00000000004294970296 -j RETURN
-A UBIOS_WAN_IN_USER -m conntrack --ctstate INVALID -m comment --comment 00000000004294970297 -j DROP
-A UBIOS_WAN_IN_USER -m comment --comment 00000001097364144127 -j DROP
-A UBIOS_WAN_LOCAL_USER -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment 00000000004294970296 -j RETURN
-A UBIOS_WAN_LOCAL_USER -m conntrack --ctstate INVALID -m comment --comment 00000000004294970297 -j DROP
-A UBIOS_WAN_LOCAL_USER -m comment --comment 00000001097364144127 -j DROP
-A UBIOS_WAN_OUT_USER -m comment --comment 00000001095216661481 -j RETURN
-A VPN_FORWARD -o eth8 -m mark --mark 0x169 -m comment --comment KILLSWITCH -j REJECT --reject-with icmp-port-unreachable
-A VPN_FORWARD -i tun0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A VPN_FORWARD -i tun0 -m comment --comment "block incoming" -j DROP
COMMIT
`,
        },
      },
      isp: { addresses: { eth0: ['198.51.100.254/24'], eth1: ['203.0.113.2/24'] }, sysctls: FORWARDS },
      vpn: { addresses: { eth0: ['10.8.8.1/24'], eth1: ['203.0.113.1/24'] }, sysctls: FORWARDS },
      remote: {
        addresses: { eth0: ['203.0.113.9/24'] },
        routes: ['10.8.8.0/24 via 203.0.113.1', '198.51.100.0/24 via 203.0.113.2'],
        listeners: [HTTPS],
      },
      switch: { bridges: { sw0: ['p0', 'p1', 'p2'] } },
    },
    links: [
      ['pc:eth0', 'udm:switch0'],
      ['phone:eth0', 'udm:switch1'],
      ['udm:eth8', 'isp:eth0'],
      ['udm:tun0', 'vpn:eth0'],
      ['isp:eth1', 'switch:p0'],
      ['vpn:eth1', 'switch:p1'],
      ['remote:eth0', 'switch:p2'],
    ],
    traced: 'udm',
    setup: [['udm', 'ip rule add pref 100 fwmark 0x169 lookup 101']],
    fails: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'answered',
    others: [
      { sending: { from: 'phone', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'ping', to: '203.0.113.9' }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '198.51.100.1', port: 22 }, seen: 'nothing' },
    ],
    truth: HEALTHY,
    mend: [['udm', 'true']],
  },
]
