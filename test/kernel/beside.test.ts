/**
 * Beside IP's chains: what works there is not called broken, and what does not is named. The kernel judges: each case is
 * built and sent as a problem is (test/problems).
 */
import { describe, expect, it } from 'vitest'
import { twoPods } from '../problems/library/beside.ts'
import { bridged, clientAndServer, homeRouter } from '../problems/machines.ts'
import { play } from '../problems/play.ts'
import type { Problem } from '../problems/problem.ts'
import { some } from '../share.ts'
import { whyNoLab } from './lab/available.ts'
import { holdLogs } from './lab/hold-logs.ts'
import { whyNot } from './namespaces.ts'

const reason =
  whyNot('nft', 'iptables-nft', 'iptables-legacy', 'ss', 'conntrack', 'dmesg', 'ping') ?? (await whyNoLab())
if (reason) console.warn(`nothing beside IP's chains is looked at: ${reason}`)

interface Case extends Omit<Problem, 'thread' | 'truth' | 'mend' | 'others' | 'backend'> {
  backend?: Problem['backend']
  /** Its status. */
  is: RegExp
  /** Errors and warnings, with what they say in brackets. Absent: there are none. */
  says?: readonly string[]
}

const ofPods = { fails: { from: 'c1', what: 'tcp', to: '10.96.0.80', port: 80 } } as const
const ofItself = { fails: { from: 'c2', what: 'tcp', to: '10.96.0.80', port: 80 } } as const
const toServer = { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 } as const
/** A program that listens on port 80 of IPv6: 26 is IPV6_V6ONLY of 41, IPPROTO_IPV6. */
const listensOnIpv6 = (only: 0 | 1) =>
  `python3 -c "import socket,time\ns=socket.socket(socket.AF_INET6); s.setsockopt(41,26,${only}); s.bind(('::',80)); s.listen(); time.sleep(60)" >/dev/null 2>&1 &
for turn in $(seq 300); do ss -ltn | grep -q :80 && exit; sleep 0.1; done; exit 1`

const CASES: Case[] = [
  {
    name: 'a bridge hands its packets to iptables, so conntrack sees the reply',
    ...twoPods('1'),
    ...ofPods,
    ...{ seen: 'answered', is: /answered|undetermined/ },
  },
  {
    name: 'the same, as nft traces it',
    backend: 'iptables-nft',
    ...twoPods('1'),
    ...ofPods,
    ...{ seen: 'answered', is: /answered|undetermined/ },
  },
  {
    name: 'one bridge does so by itself',
    ...twoPods('0'),
    ...ofPods,
    setup: [['host', 'ip link set dev cni0 type bridge nf_call_iptables 1']],
    ...{ seen: 'answered', is: /answered|undetermined/ },
  },
  ...(['iptables-legacy', 'iptables-nft'] as const).map((backend) => ({
    name: `a pod's own service, behind a port without hairpin mode, ${backend}`,
    backend,
    ...twoPods('1'),
    ...ofItself,
    ...({ seen: 'nothing', is: /lost/ } as const),
    says: ['error vanished-at-port'],
  })),
  {
    name: 'the same behind one in hairpin mode',
    ...twoPods('1'),
    ...ofItself,
    setup: [['host', 'bridge link set dev veth2 hairpin on']],
    ...{ seen: 'answered', is: /answered|undetermined/ },
  },
  {
    name: 'the same where the bridge does not call iptables',
    ...twoPods('0'),
    ...ofItself,
    ...{ seen: 'answered', is: /answered|undetermined/ },
  },
  {
    name: 'a datagram for a program that listens on another address',
    ...clientAndServer({
      addresses: { lo: ['192.0.2.77/32'] },
      listeners: [{ protocol: 'udp', address: '192.0.2.77', port: 53 }],
    }),
    fails: { from: 'client', what: 'udp', to: '192.0.2.1', port: 53 },
    ...{ seen: 'refused', is: /refused/ },
    says: ['warning refused-here (node listens on 192.0.2.77:53)'],
  },
  {
    name: 'a program takes IPv6 only',
    ...clientAndServer({}),
    setup: [['server', listensOnIpv6(1)]],
    fails: toServer,
    ...{ seen: 'refused', is: /refused/ },
    says: ['error closed-port (python3 listens on [::]:80 (IPv6 only))'],
  },
  {
    name: 'a program of IPv6 takes IPv4 as well',
    ...clientAndServer({}),
    setup: [['server', listensOnIpv6(0)]],
    fails: toServer,
    ...{ seen: 'answered', is: /answered/ },
  },
  {
    name: 'what this host sends is held by a policy of IPsec',
    ...clientAndServer({}),
    traced: 'server',
    setup: [
      [
        'server',
        'ip xfrm policy add src 192.0.2.1/32 dst 192.0.2.2/32 dir out tmpl src 192.0.2.1 dst 192.0.2.2 proto esp mode transport reqid 1',
      ],
    ],
    fails: { from: 'server', what: 'udp', to: '192.0.2.2', port: 5000 },
    ...{ seen: 'nothing', is: /lost/ },
    says: ['error ipsec-no-state (dir out)'],
  },
  {
    name: 'what comes in the clear is dropped behind INPUT',
    ...clientAndServer({ listeners: [{ protocol: 'tcp', port: 80 }] }),
    setup: [
      [
        'server',
        'ip xfrm policy add src 192.0.2.2/32 dst 192.0.2.1/32 dir in tmpl src 192.0.2.2 dst 192.0.2.1 proto esp mode transport reqid 1',
      ],
    ],
    fails: toServer,
    ...{ seen: 'nothing', is: /lost/ },
    says: ['error ipsec-no-state (dir in)'],
  },
  {
    name: 'a policy for others',
    ...clientAndServer({ listeners: [{ protocol: 'tcp', port: 80 }] }),
    setup: [
      [
        'server',
        'ip xfrm policy add src 192.0.2.0/24 dst 192.0.2.1/32 proto udp dir in tmpl src 192.0.2.2 dst 192.0.2.1 proto esp mode transport reqid 1; ip xfrm policy add src 192.0.2.1/32 dst 192.0.2.9/32 dir out action block',
      ],
    ],
    fails: toServer,
    ...{ seen: 'answered', is: /answered/ },
  },
  {
    name: 'a chain at egress drops what all of IP let pass',
    backend: 'nft',
    ...homeRouter(
      {
        rules: {
          nft: `table inet fw {
  chain forward { type filter hook forward priority filter; policy accept; }
}
table netdev out {
  chain wan { type filter hook egress device "wan" priority 0; policy accept; udp dport 5000 drop; tcp dport 80 accept; }
}
`,
        },
      },
      { remote: { routes: ['192.168.1.0/24 via 203.0.113.1'], listeners: [{ protocol: 'tcp', port: 80 }] } },
    ),
    fails: { from: 'pc', what: 'udp', to: '203.0.113.9', port: 5000 },
    ...{ seen: 'nothing', is: /lost|dropped/ },
    says: ['error dropped-by-rule (udp dport 5000)'],
  },
  {
    name: 'a chain at egress lets others pass',
    backend: 'iptables-legacy',
    ...homeRouter(
      {
        rules: { v4: '*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -j ACCEPT\nCOMMIT\n' },
      },
      { remote: { routes: ['192.168.1.0/24 via 203.0.113.1'], listeners: [{ protocol: 'tcp', port: 80 }] } },
    ),
    setup: [
      [
        'router',
        'nft -f - <<E\ntable netdev out {\n chain wan { type filter hook egress device "wan" priority 0; policy accept; udp dport 5000 drop; }\n}\nE',
      ],
    ],
    fails: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 },
    ...{ seen: 'answered', is: /answered/ },
  },
  {
    name: 'a table of bridges drops what this host sends to a port',
    backend: 'iptables-legacy',
    ...bridged('br0', '10.5.0.1/24', {
      rules: { v4: '*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -j ACCEPT\nCOMMIT\n' },
    }),
    setup: [
      [
        'host',
        'nft -f - <<E\ntable bridge b {\n chain o { type filter hook output priority 0; policy accept; ip daddr 10.5.0.2 udp dport 5000 drop; }\n}\nE',
      ],
    ],
    fails: { from: 'client', what: 'udp', to: '10.5.0.2', port: 5000 },
    ...{ seen: 'nothing', is: /lost/ },
    says: ['error dropped-beside'],
  },
  {
    name: 'IPv6 has an echo setting of its own',
    backend: 'nft',
    ...clientAndServer({ sysctls: { 'net.ipv6.icmp.echo_ignore_all': '1' } }),
    fails: { from: 'client', what: 'ping', to: '2001:db8:1::1' },
    ...{ seen: 'nothing', is: /unanswered/ },
    says: ['error echo-ignored'],
  },
  {
    name: 'a ping of IPv4 is answered then',
    backend: 'nft',
    ...clientAndServer({ sysctls: { 'net.ipv6.icmp.echo_ignore_all': '1' } }),
    fails: { from: 'client', what: 'ping', to: '192.0.2.1' },
    ...{ seen: 'answered', is: /^answered/ },
  },
]

describe.skipIf(reason)("beside IP's chains", () => {
  holdLogs()

  it.each(some(CASES))('$name', async ({ is, says = [], ...rest }) => {
    const thread = { title: '', address: '' }
    const truth = { words: '', causes: [], status: [] }
    const { exchange, differences } = await play({
      backend: 'iptables-legacy',
      ...rest,
      thread,
      truth,
      mend: [],
      others: [],
    })
    expect(differences, 'the kernel').toEqual([])
    // what is not known is no untruth
    const told = exchange?.findings.filter(({ severity, code }) => severity !== 'note' && code !== 'undetermined')
    const who = (message: string) => / \(.*\)/.exec(message)?.[0] ?? ''
    expect(told?.map(({ severity, code, message }) => `${severity} ${code}${who(message)}`).sort()).toEqual([...says])
    expect(exchange?.status).toMatch(is)
  })
})
