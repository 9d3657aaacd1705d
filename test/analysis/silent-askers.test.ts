/** Whoever asked, or the router to it, has not replied to neighbour discovery: whether it got the reply is not known. */
import { expect, test } from 'vitest'
import { open } from '../../src/index.ts'
import { clocked, type Event, type TestPacket, trace } from '../journey/kernel-lines.ts'

const RULES = `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
`
const [CLIENT, HOST] = ['192.0.2.7', '192.0.2.1']
const ADDRESSES =
  '2: eth0    inet 192.0.2.1/24 brd 192.0.2.255 scope global eth0\\       valid_lft forever preferred_lft forever\n'
const ROUTES =
  'local 192.0.2.1 dev eth0 table local proto kernel scope host src 192.0.2.1\n192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.1\n'

const exchange = (request: Partial<TestPacket>, reply: Partial<TestPacket>): Event[] => [
  [10, trace('filter:INPUT:policy:1', { in: 'eth0', src: CLIENT, dst: HOST, sport: 40_000, dport: 80, ...request })],
  [10.1, trace('filter:OUTPUT:policy:1', { out: 'eth0', src: HOST, dst: CLIENT, sport: 80, dport: 40_000, ...reply })],
]

async function status(events: readonly Event[], neigh: string): Promise<string> {
  const analysis = await open([
    { name: 'rules.v4', text: RULES },
    { name: 'ip-addr.txt', text: ADDRESSES },
    { name: 'ip-route4.txt', text: ROUTES },
    { name: 'ip-neigh.txt', text: neigh },
    { name: 'dmesg.log', text: clocked(events) },
  ])
  const { exchanges } = await analysis.exchanges()
  return exchanges[0]!.status
}

test.each([
  ['a reset', exchange({}, { flags: 'ACK RST', seq: 0, window: 0 }), 'refused'],
  ['a datagram', exchange({ protocol: 'udp', dport: 53 }, { protocol: 'udp', sport: 53 }), 'answered'],
])('%s', async (_name, events, seen) => {
  expect(await status(events, `${CLIENT} dev eth0 lladdr 52:54:00:00:00:07 REACHABLE\n`)).toBe(seen)
  for (const state of ['FAILED', 'INCOMPLETE'])
    expect(await status(events, `${CLIENT} dev eth0 ${state}\n`)).toBe('undetermined')
})
