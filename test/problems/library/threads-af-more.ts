/** A node that sees the replies of a connection alone, from a thread: it picks them up in the middle, as if they began something. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { asks, POKED } from './groups-asked.ts'

export const THREADS_AF_MORE: Problem[] = [
  {
    name: 'cilium-masquerades-replies-whose-request-it-has-not-seen',
    thread: {
      title: 'Connection RST on pod -> remote pod with host firewall and kube-proxy in native routing mode',
      address: 'https://github.com/cilium/cilium/issues/14859',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['192.168.33.12/24'] }, routes: ['10.11.0.20/32 via 192.168.33.13'] },
      switch: { bridges: { br0: ['p0', 'p1', 'p2'] } },
      other: {
        addresses: { eth0: ['192.168.33.13/24'], eth1: ['172.16.5.1/24'] },
        routes: ['10.11.0.20/32 via 172.16.5.2'],
        sysctls: FORWARDS,
      },
      node: {
        addresses: { enp0s8: ['192.168.33.11/24'], lxc1: ['10.11.0.1/24'] },
        sysctls: FORWARDS,
        rules: {
          v4: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:CILIUM_OUTPUT_raw - [0:0]
:CILIUM_PRE_raw - [0:0]
-A PREROUTING -m comment --comment "cilium-feeder: CILIUM_PRE_raw" -j CILIUM_PRE_raw
-A OUTPUT -m comment --comment "cilium-feeder: CILIUM_OUTPUT_raw" -j CILIUM_OUTPUT_raw
-A CILIUM_OUTPUT_raw -o lxc+ -m mark --mark 0xa00/0xfffffeff -m comment --comment "cilium: NOTRACK for proxy return traffic" -j CT --notrack
-A CILIUM_PRE_raw -m mark --mark 0x200/0xf00 -m comment --comment "cilium: NOTRACK for proxy traffic" -j CT --notrack
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
:KUBE-SEP-WEJ3HUVJCTAU5AOM - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-OLF2KKQJEIOQ4HAT - [0:0]
-A PREROUTING -m comment --comment "cilium-feeder: CILIUM_PRE_nat" -j CILIUM_PRE_nat
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "cilium-feeder: CILIUM_OUTPUT_nat" -j CILIUM_OUTPUT_nat
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "cilium-feeder: CILIUM_POST_nat" -j CILIUM_POST_nat
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A CILIUM_POST_nat -s 10.11.0.0/24 ! -d 10.11.0.0/16 ! -o cilium_+ -m comment --comment "cilium masquerade non-cluster" -j MASQUERADE
-A CILIUM_POST_nat -m mark --mark 0xa00/0xe00 -m comment --comment "exclude proxy return traffic from masquerade" -j ACCEPT
-A CILIUM_POST_nat ! -s 10.11.0.0/24 ! -d 10.11.0.0/24 -o cilium_host -m comment --comment "cilium host->cluster masquerade" -j SNAT --to-source 10.11.0.1
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
-A KUBE-SEP-WEJ3HUVJCTAU5AOM -s 10.11.0.20/32 -m comment --comment "shop/web:http" -j KUBE-MARK-MASQ
-A KUBE-SEP-WEJ3HUVJCTAU5AOM -p tcp -m comment --comment "shop/web:http" -m tcp -j DNAT --to-destination 10.11.0.20:80
-A KUBE-SERVICES -d 10.96.14.7/32 -p tcp -m comment --comment "shop/web:http cluster IP" -m tcp --dport 80 -j KUBE-SVC-OLF2KKQJEIOQ4HAT
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-SVC-OLF2KKQJEIOQ4HAT -m comment --comment "shop/web:http -> 10.11.0.20:80" -j KUBE-SEP-WEJ3HUVJCTAU5AOM
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:CILIUM_FORWARD - [0:0]
:CILIUM_INPUT - [0:0]
:CILIUM_OUTPUT - [0:0]
:KUBE-FIREWALL - [0:0]
-A INPUT -m comment --comment "cilium-feeder: CILIUM_INPUT" -j CILIUM_INPUT
-A INPUT -j KUBE-FIREWALL
-A FORWARD -m comment --comment "cilium-feeder: CILIUM_FORWARD" -j CILIUM_FORWARD
-A OUTPUT -m comment --comment "cilium-feeder: CILIUM_OUTPUT" -j CILIUM_OUTPUT
-A OUTPUT -j KUBE-FIREWALL
-A CILIUM_FORWARD -o cilium_host -m comment --comment "cilium: any->cluster on cilium_host forward accept" -j ACCEPT
-A CILIUM_FORWARD -i lxc+ -m comment --comment "cilium: cluster->any on lxc+ forward accept" -j ACCEPT
-A CILIUM_INPUT -m mark --mark 0x200/0xf00 -m comment --comment "cilium: ACCEPT for proxy traffic" -j ACCEPT
-A CILIUM_OUTPUT -m mark --mark 0xa00/0xfffffeff -m comment --comment "cilium: ACCEPT for proxy return traffic" -j ACCEPT
-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment "block incoming localnet connections" -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
COMMIT
`,
        },
      },
      pod: {
        addresses: { eth0: ['10.11.0.20/24'], eth1: ['172.16.5.2/24'] },
        routes: ['default via 10.11.0.1'],
        listeners: WEB,
      },
    },
    links: [
      ['client:eth0', 'switch:p0'],
      ['other:eth0', 'switch:p1'],
      ['node:enp0s8', 'switch:p2'],
      ['other:eth1', 'pod:eth1'],
      ['node:lxc1', 'pod:eth0'],
    ],
    traced: 'node',
    setup: [
      [
        'client',
        asks(
          'AF_INET',
          "t=socket.create_connection(('10.11.0.20',80),1); t.settimeout(1); s.sendto(t.recv(2000) or b'-',who)",
        ),
      ],
    ],
    fails: POKED,
    seen: 'nothing',
    looksAt: { protocol: 'tcp', dst: '10.11.0.20' },
    others: [
      { sending: { from: 'node', what: 'tcp', to: '10.11.0.20', port: 80 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'ping', to: '192.168.33.11' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The request came to the pod by the other node, so the SYN-ACK is invalid here and passes as it is; the data behind it is picked up as a new connection and masqueraded, and the client resets what comes from an address that it never contacted.',
      causes: [
        { rule: 'cilium masquerade non-cluster', chain: 'nat CILIUM_POST_nat' },
        { code: 'reply-from-other-address' },
      ],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [['node', 'iptables -t nat -I CILIUM_POST_nat -d 192.168.33.0/24 -j ACCEPT']],
  },
]
