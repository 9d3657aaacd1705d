/** From a thread about Calico's Felix: what is known already returns to a chain whose policy drops it; and two nodes with the same sign. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTP = { protocol: 'tcp', port: 80 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const

const THREAD = {
  title: 'Felix conntrack rules in FORWARD chain RETURN instead of ACCEPTing, causing packet drops with default DENY',
  address: 'https://github.com/projectcalico/felix/issues/1056',
}

/** One profile for both: who has its tag may come in, and everyone may go out. */
const TAGGED = `create felix-v4-net1 hash:ip family inet hashsize 1024 maxelem 1048576
add felix-v4-net1 10.65.0.2
add felix-v4-net1 10.65.0.3
`

const endpoint = (name: string, mac: string) => `-A felix-from-${name} -j MARK --set-xmark 0x0/0x1000000
-A felix-from-${name} -m mac ! --mac-source ${mac} -m comment --comment "Incorrect source MAC" -j DROP
-A felix-from-${name} -j felix-p-net1-o
-A felix-from-${name} -m mark --mark 0x1000000/0x1000000 -m comment --comment "Profile accepted packet" -j RETURN
-A felix-from-${name} -m comment --comment "Packet did not match any profile (endpoint ${name})" -j DROP
-A felix-to-${name} -j MARK --set-xmark 0x0/0x1000000
-A felix-to-${name} -j felix-p-net1-i
-A felix-to-${name} -m mark --mark 0x1000000/0x1000000 -m comment --comment "Profile accepted packet" -j RETURN
-A felix-to-${name} -m comment --comment "Packet did not match any profile (endpoint ${name})" -j DROP
`

/** As Felix of 2016 writes them; `own`: what the administrator has behind Felix's chain. */
const felix = (policy: 'ACCEPT' | 'DROP', own = '') => `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:felix-FIP-DNAT - [0:0]
:felix-FIP-SNAT - [0:0]
:felix-POSTROUTING - [0:0]
:felix-PREROUTING - [0:0]
-A PREROUTING -j felix-PREROUTING
-A POSTROUTING -j felix-POSTROUTING
-A felix-POSTROUTING -j felix-FIP-SNAT
-A felix-PREROUTING -j felix-FIP-DNAT
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ${policy} [0:0]
:OUTPUT ACCEPT [0:0]
:felix-FORWARD - [0:0]
:felix-FROM-ENDPOINT - [0:0]
:felix-FROM-HOST-IF - [0:0]
:felix-INPUT - [0:0]
:felix-OUTPUT - [0:0]
:felix-TO-ENDPOINT - [0:0]
:felix-TO-HOST-IF - [0:0]
:felix-from-7c1 - [0:0]
:felix-from-9e4 - [0:0]
:felix-p-net1-i - [0:0]
:felix-p-net1-o - [0:0]
:felix-to-7c1 - [0:0]
:felix-to-9e4 - [0:0]
-A INPUT -j felix-INPUT
-A FORWARD -j felix-FORWARD
${own}-A OUTPUT -j felix-OUTPUT
-A felix-FORWARD -i cali+ -m conntrack --ctstate INVALID -j DROP
-A felix-FORWARD -o cali+ -m conntrack --ctstate INVALID -j DROP
-A felix-FORWARD -i cali+ -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN
-A felix-FORWARD -o cali+ -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN
-A felix-FORWARD -i cali+ -j felix-FROM-ENDPOINT
-A felix-FORWARD -o cali+ -j felix-TO-ENDPOINT
-A felix-FORWARD -i cali+ -j ACCEPT
-A felix-FORWARD -o cali+ -j ACCEPT
-A felix-FROM-ENDPOINT -i cali7c1 -g felix-from-7c1
-A felix-FROM-ENDPOINT -i cali9e4 -g felix-from-9e4
-A felix-FROM-ENDPOINT -m comment --comment "From unknown endpoint" -j DROP
-A felix-FROM-HOST-IF -m comment --comment "Unknown interface, return" -j RETURN
-A felix-INPUT -m conntrack --ctstate INVALID -j DROP
-A felix-INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A felix-INPUT ! -i cali+ -g felix-FROM-HOST-IF
-A felix-INPUT -p udp -m udp --sport 68 --dport 67 -j ACCEPT
-A felix-INPUT -p udp -m udp --dport 53 -j ACCEPT
-A felix-INPUT -m comment --comment "Drop all packets from endpoints to the host" -j DROP
-A felix-OUTPUT -m conntrack --ctstate INVALID -j DROP
-A felix-OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A felix-OUTPUT ! -o cali+ -g felix-TO-HOST-IF
-A felix-TO-ENDPOINT -o cali7c1 -g felix-to-7c1
-A felix-TO-ENDPOINT -o cali9e4 -g felix-to-9e4
-A felix-TO-ENDPOINT -m comment --comment "To unknown endpoint" -j DROP
-A felix-TO-HOST-IF -m comment --comment "Unknown interface, return" -j RETURN
${endpoint('7c1', '02:42:0a:41:00:02')}${endpoint('9e4', '02:42:0a:41:00:03')}-A felix-p-net1-i -m set --match-set felix-v4-net1 src -j MARK --set-xmark 0x1000000/0x1000000
-A felix-p-net1-i -m mark --mark 0x1000000/0x1000000 -j RETURN
-A felix-p-net1-o -j MARK --set-xmark 0x1000000/0x1000000
-A felix-p-net1-o -m mark --mark 0x1000000/0x1000000 -j RETURN
COMMIT
`

const BY_THE_NODE = ['169.254.1.1 dev eth0 scope link', 'default via 169.254.1.1 dev eth0']

/** Two containers of a node, someone before it, and a database behind it that is none of Calico's. */
const node = (
  v4: string,
  second: Record<string, string> = {},
): Pick<Problem, 'hosts' | 'links' | 'traced' | 'setup'> => ({
  hosts: {
    remote: {
      addresses: { eth0: ['203.0.113.9/24'] },
      routes: ['10.65.0.0/24 via 203.0.113.1', '192.168.50.0/24 via 203.0.113.1'],
      listeners: [HTTPS],
    },
    node: {
      addresses: { eth0: ['203.0.113.1/24'], eth1: ['192.168.50.1/24'] },
      routes: ['default via 203.0.113.9'],
      sysctls: FORWARDS,
      listeners: [SSH],
      rules: { v4, ipset: TAGGED },
    },
    first: { addresses: { eth0: ['10.65.0.2/32'] }, routes: BY_THE_NODE, listeners: [HTTP] },
    second: { addresses: { eth0: ['10.65.0.3/32'] }, routes: BY_THE_NODE, sysctls: second, listeners: [HTTP] },
    database: { addresses: { eth0: ['192.168.50.10/24'] }, routes: ['default via 192.168.50.1'] },
  },
  links: [
    ['remote:eth0', 'node:eth0'],
    ['node:eth1', 'database:eth0'],
    ['node:cali7c1', 'first:eth0'],
    ['node:cali9e4', 'second:eth0'],
  ],
  traced: 'node',
  setup: [
    ['first', 'ip link set eth0 address 02:42:0a:41:00:02'],
    ['second', 'ip link set eth0 address 02:42:0a:41:00:03'],
    [
      'node',
      'for i in cali7c1 cali9e4; do ip link set $i up; sysctl -qw net.ipv4.conf.$i.proxy_arp=1 net.ipv4.neigh.$i.proxy_delay=0; done; ip route add 10.65.0.2/32 dev cali7c1; ip route add 10.65.0.3/32 dev cali9e4',
    ],
  ],
})

const LOST = node(felix('ACCEPT'))

export const CALICO_RETURNS: Problem[] = [
  {
    name: 'felix-returns-what-is-established-to-a-policy-of-drop',
    thread: THREAD,
    backend: 'iptables-legacy',
    ...node(felix('DROP')),
    fails: { from: 'first', what: 'ping', to: '10.65.0.3' },
    seen: 'nothing',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'ping', to: '192.168.50.10' }, seen: 'nothing' },
      { sending: { from: 'remote', what: 'tcp', to: '10.65.0.3', port: 80 }, seen: 'nothing' },
      { sending: { from: 'first', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'nothing' },
      { sending: { from: 'second', what: 'ping', to: '10.65.0.2' }, seen: 'nothing', either: true },
      { sending: { from: 'first', what: 'tcp', to: '10.65.0.3', port: 80 }, seen: 'nothing', either: true },
      { sending: { from: 'first', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        "The request is new: Felix's chains check it and accept it. The reply is established, and for such the chain says RETURN instead of ACCEPT: nothing else in FORWARD accepts it, and the policy drops it.",
      causes: [{ rule: '--ctstate RELATED,ESTABLISHED -j RETURN', chain: 'filter felix-FORWARD' }],
      status: ['reply-lost', 'dropped'],
      alsoTrue: ['dropped-by-policy', 'reply-dropped', 'reply-lost', 'missing-rule'],
    },
    mend: [
      ['node', 'iptables -R felix-FORWARD 3 -i cali+ -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'],
      ['node', 'iptables -R felix-FORWARD 4 -o cali+ -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'],
    ],
  },
  {
    name: 'felix-node-has-lost-the-route-to-the-container-that-asks',
    thread: THREAD,
    backend: 'iptables-nft',
    ...LOST,
    setup: [...LOST.setup!, ['node', 'ip route del 10.65.0.2/32 dev cali7c1']],
    fails: { from: 'first', what: 'ping', to: '10.65.0.3' },
    seen: 'nothing',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'ping', to: '192.168.50.10' }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '10.65.0.3', port: 80 }, seen: 'nothing' },
      { sending: { from: 'second', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'second', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'nothing' },
      { sending: { from: 'first', what: 'tcp', to: '10.65.0.3', port: 80 }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        'The RETURN is harmless here, for the policy accepts. The route to the container that asks is gone, so the reply leaves by the default route, through the uplink.',
      causes: ['wrong-way-out', 'reply-by-other-uplink'].map((code) => ({ code, words: ['10.65.0.2', 'route'] })),
      status: ['reply-lost', 'undetermined'],
    },
    mend: [['node', 'ip route add 10.65.0.2/32 dev cali7c1']],
  },
  {
    name: 'healthy-felix-node-whose-container-ignores-echo-requests',
    thread: THREAD,
    backend: 'iptables-legacy',
    ...node(
      // what the thread suggests until Felix is mended
      felix(
        'DROP',
        `-A FORWARD -i cali+ -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o cali+ -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
`,
      ),
      { 'net.ipv4.icmp_echo_ignore_all': '1' },
    ),
    fails: { from: 'first', what: 'ping', to: '10.65.0.3' },
    seen: 'nothing',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'ping', to: '192.168.50.10' }, seen: 'nothing' },
      { sending: { from: 'remote', what: 'tcp', to: '10.65.0.3', port: 80 }, seen: 'nothing' },
      { sending: { from: 'second', what: 'ping', to: '10.65.0.2' }, seen: 'answered' },
      { sending: { from: 'first', what: 'tcp', to: '10.65.0.3', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The rules of this node are not at fault: what Felix returns is accepted behind its chain. The container itself ignores echo requests.',
      causes: [],
      status: ['unanswered'],
    },
    mend: [['second', 'sysctl -w net.ipv4.icmp_echo_ignore_all=0']],
  },
]
