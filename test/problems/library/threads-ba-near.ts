/** Near those of threads-ba-legacy.ts: the same sign, and another cause or none. */
import { homeRouter } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { THREADS_BA_LEGACY } from './threads-ba-legacy.ts'

const tcp = (port: number) => ({ protocol: 'tcp', port }) as const

const [VPS, JACKETT, RANGE] = THREADS_BA_LEGACY as [Problem, Problem, Problem]

/** The replaced lines of a machine's IPv4 rules. */
const v4 = ({ hosts }: Problem, host: string, from: string, to: string) => ({
  v4: hosts[host]!.rules!.v4!.replaceAll(from, to),
})

export const THREADS_BA_NEAR: Problem[] = [
  {
    ...JACKETT,
    name: 'near-jackett-replies-by-a-gateway-that-forwards',
    hosts: {
      ...JACKETT.hosts,
      gateway: {
        ...JACKETT.hosts.gateway,
        rules: v4(JACKETT, 'gateway', '-A FORWARD -m conntrack --ctstate INVALID -j DROP\n', ''),
      },
    },
    seen: 'answered',
    truth: {
      words: 'Nothing is wrong: the gateway sends the reply back to the neighbour by the link that it came in by.',
      causes: [],
      status: ['answered'],
    },
    mend: [['jackett', 'true']],
  },
  {
    ...JACKETT,
    name: 'near-jackett-asks-its-neighbour-by-a-gateway-that-does-not-forward',
    hosts: {
      ...JACKETT.hosts,
      gateway: {
        addresses: { lan: ['192.168.1.1/24'], br0: ['172.20.0.1/16'] },
        bridges: { br0: ['p1', 'p2'] },
        listeners: [tcp(443)],
      },
      proxy: { ...JACKETT.hosts.proxy, listeners: [tcp(9117), tcp(8191)] },
      jackett: {
        ...JACKETT.hosts.jackett,
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o tun0 -j MASQUERADE
COMMIT
${JACKETT.hosts.jackett!.rules!.v4!.replace(
  '-A OUTPUT -o eth0 -p tcp -m tcp --sport 9117',
  '-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT\n-A OUTPUT -d 172.20.0.0/16 -o eth0 -p tcp -j ACCEPT\n-A OUTPUT -o eth0 -p tcp -m tcp --sport 9117',
)}`,
        },
      },
    },
    fails: { from: 'jackett', what: 'tcp', to: '172.20.0.3', port: 9117 },
    others: [
      { sending: { from: 'jackett', what: 'tcp', to: '172.20.0.3', port: 8191 }, seen: 'answered' },
      { sending: { from: 'jackett', what: 'tcp', to: '172.20.0.1', port: 443 }, seen: 'answered' },
      { sending: { from: 'proxy', what: 'tcp', to: '172.20.0.2', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'What is for this port is marked, and the table for that mark has a default route alone: the packet goes to the gateway, which does not forward it back to the same link.',
      causes: [{ rule: '--dport 9117 -j MARK', chain: 'mangle OUTPUT' }, { code: 'wrong-way-out' }],
      status: ['unanswered', 'lost'],
    },
  },
  {
    ...VPS,
    name: 'near-vps-forwards-all-ports-and-the-server-behind-is-down',
    hosts: {
      ...VPS.hosts,
      vps: { ...VPS.hosts.vps, listeners: [tcp(22)] },
      home: {
        ...VPS.hosts.home,
        listeners: [...VPS.hosts.home!.listeners!, tcp(9000)],
        rules: v4(VPS, 'home', '-A INPUT -i wg0 -j DROP\n', ''),
      },
    },
    fails: { from: 'player', what: 'tcp', to: '203.0.113.1', port: 25565 },
    seen: 'refused',
    others: [
      { sending: { from: 'player', what: 'udp', to: '203.0.113.1', port: 27015 }, seen: 'answered' },
      { sending: { from: 'player', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words: 'The rules forward it as they are meant to. On the server at home, nothing listens at that port.',
      causes: [{ code: 'refused-there' }],
      status: ['refused'],
    },
    // a program that listens elsewhere stands for one that is started
    mend: [['home', 'iptables -t nat -A PREROUTING -i wg0 -p tcp --dport 25565 -j REDIRECT --to-ports 9000']],
  },
  {
    ...RANGE,
    name: 'near-asus-forwards-a-range-to-one-program-that-is-down',
    ...homeRouter(RANGE.hosts.router!, { pc: { listeners: [tcp(8000), tcp(7120)] } }),
    truth: {
      words: 'All ports of the range go to one program, as they are meant to, and it is not running.',
      causes: [{ code: 'refused-there' }, { rule: '--dport 7100:7110 -j DNAT', chain: 'nat VSERVER' }],
      status: ['refused'],
    },
    mend: [['pc', 'iptables -t nat -A PREROUTING -p tcp --dport 7100 -j REDIRECT --to-ports 8000']],
  },
]
