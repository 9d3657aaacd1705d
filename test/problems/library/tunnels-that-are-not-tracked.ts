/** A node of Antrea, from threads: a tunnel that conntrack is not to see, behind an INPUT that knows states alone. */
import { FORWARDS } from '../machines.ts'
import type { Line, Problem } from '../problem.ts'

const tcp = (port: number) => ({ protocol: 'tcp', port }) as const
const NAT = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'

/** A node with a strict INPUT, and a tunnel that is left out of conntrack for the sake of speed. */
const ANTREA = `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:ANTREA-OUTPUT - [0:0]
:ANTREA-PREROUTING - [0:0]
-A PREROUTING -m comment --comment "Antrea: jump to Antrea prerouting rules" -j ANTREA-PREROUTING
-A OUTPUT -m comment --comment "Antrea: jump to Antrea output rules" -j ANTREA-OUTPUT
-A ANTREA-OUTPUT -p udp -m comment --comment "Antrea: do not track outgoing encapsulation packets" -m udp --dport 4789 -m addrtype --src-type LOCAL -j NOTRACK
-A ANTREA-PREROUTING -p udp -m comment --comment "Antrea: do not track incoming encapsulation packets" -m udp --dport 4789 -m addrtype --dst-type LOCAL -j NOTRACK
COMMIT
*nat
${NAT}:ANTREA-POSTROUTING - [0:0]
-A POSTROUTING -m comment --comment "Antrea: jump to Antrea postrouting rules" -j ANTREA-POSTROUTING
-A ANTREA-POSTROUTING -o antrea-gw0 -m comment --comment "Antrea: masquerade LOCAL traffic" -m addrtype ! --src-type LOCAL --limit-iface-out -m addrtype --src-type LOCAL -j MASQUERADE --random-fully
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:ANTREA-FORWARD - [0:0]
:ANTREA-INPUT - [0:0]
-A INPUT -m comment --comment "Antrea: jump to Antrea input rules" -j ANTREA-INPUT
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -p icmp -j ACCEPT
-A INPUT -p tcp -m conntrack --ctstate NEW -m multiport --dports 22,10250 -j ACCEPT
-A INPUT -s 172.18.0.0/16 -p tcp -m conntrack --ctstate NEW -m tcp --dport 10349:10351 -j ACCEPT
-A INPUT -s 172.18.0.0/16 -p udp -m conntrack --ctstate NEW -m udp --dport 4789 -j ACCEPT
-A FORWARD -m comment --comment "Antrea: jump to Antrea forwarding rules" -j ANTREA-FORWARD
-A ANTREA-FORWARD -i antrea-gw0 -m comment --comment "Antrea: accept packets from local Pods" -j ACCEPT
-A ANTREA-FORWARD -o antrea-gw0 -m comment --comment "Antrea: accept packets to local Pods" -j ACCEPT
-A ANTREA-INPUT -i antrea-gw0 -p icmp -j ACCEPT
COMMIT
`

const tun = (own: 2 | 3): Line => {
  const peer = own === 2 ? 3 : 2
  return [
    own === 2 ? 'node1' : 'node2',
    `ip link add antrea-tun0 address aa:bb:cc:dd:ee:0${own} type vxlan id 1 local 172.18.0.${own} dev eth0 dstport 4789 nolearning; ip addr add 10.10.${own}.0/32 dev antrea-tun0; ip link set antrea-tun0 up; ip neigh replace 10.10.${peer}.0 lladdr aa:bb:cc:dd:ee:0${peer} dev antrea-tun0 nud permanent; bridge fdb append aa:bb:cc:dd:ee:0${peer} dev antrea-tun0 dst 172.18.0.${peer}; ip route add 10.10.${peer}.0/24 via 10.10.${peer}.0 dev antrea-tun0 onlink`,
  ]
}

export const TUNNELS_THAT_ARE_NOT_TRACKED: Problem[] = [
  {
    name: 'antrea-untracks-its-tunnel-and-input-accepts-what-is-new-alone',
    thread: {
      title: 'Install IPtables rules to allow encapsulation traffic between Nodes unconditionally',
      address: 'https://github.com/antrea-io/antrea/issues/7823',
    },
    backend: 'iptables-nft',
    hosts: {
      pod1: { addresses: { eth0: ['10.10.2.5/24'] }, routes: ['default via 10.10.2.1'] },
      node1: {
        addresses: { 'antrea-gw0': ['10.10.2.1/24'], eth0: ['172.18.0.2/16'] },
        sysctls: FORWARDS,
        listeners: [tcp(22), tcp(10250)],
        rules: { v4: ANTREA },
      },
      node2: {
        addresses: { 'antrea-gw0': ['10.10.3.1/24'], eth0: ['172.18.0.3/16'] },
        sysctls: FORWARDS,
        listeners: [tcp(10250)],
      },
      pod2: { addresses: { eth0: ['10.10.3.5/24'] }, routes: ['default via 10.10.3.1'], listeners: [tcp(80)] },
    },
    links: [
      ['pod1:eth0', 'node1:antrea-gw0'],
      ['node1:eth0', 'node2:eth0'],
      ['node2:antrea-gw0', 'pod2:eth0'],
    ],
    traced: 'node1',
    setup: [tun(2), tun(3)],
    fails: { from: 'pod1', what: 'tcp', to: '10.10.3.5', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'node2', what: 'tcp', to: '172.18.0.2', port: 10250 }, seen: 'answered' },
      { sending: { from: 'node1', what: 'tcp', to: '172.18.0.3', port: 10250 }, seen: 'answered' },
      { sending: { from: 'node2', what: 'tcp', to: '172.18.0.2', port: 6443 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The packets of the tunnel are untracked. The rule of INPUT for them asks for the state NEW, which they have not, and the policy drops them.',
      causes: [
        { policy: 'filter INPUT' },
        { rule: '--ctstate NEW -m udp --dport 4789', chain: 'filter INPUT' },
        { code: 'untracked' },
      ],
      status: ['unanswered', 'lost', 'dropped', 'reply-lost'],
    },
    mend: [['node1', 'iptables -A INPUT -s 172.18.0.0/16 -p udp --dport 4789 -j ACCEPT']],
  },
]
