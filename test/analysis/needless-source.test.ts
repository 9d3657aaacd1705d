/** A reset came back through this host: that nat kept the source did not keep it away. */
import { expect, test } from 'vitest'
import { open, printReport } from '../../src/index.ts'
import { saved } from '../explain/findings/played.ts'
import { clocked, type Event, trace } from '../journey/kernel-lines.ts'

const RULES = saved({
  nat: [
    '-A PREROUTING -d 192.0.2.1/32 -p tcp -m tcp --dport 2222 -j DNAT --to-destination 192.0.2.12:22',
    '-A POSTROUTING -s 192.0.2.128/25 ! -d 192.0.2.128/25 -j MASQUERADE',
  ],
})
const HOST = {
  'ip-addr.txt':
    '2: lan    inet 192.0.2.1/24 brd 192.0.2.255 scope global lan\\       valid_lft forever preferred_lft forever\n',
  'ip-route4.txt': 'default via 192.0.2.2 dev lan \n192.0.2.0/24 dev lan proto kernel scope link src 192.0.2.1 \n',
}
const SYN = { src: '203.0.113.7', sport: 40_000, flags: 'SYN', seq: 1 }
/** The second line as kernels before 5.7 print it, without the interface that the packet came in by. */
const REQUEST: Event[] = [
  [1, trace('nat:PREROUTING:rule:1', { ...SYN, in: 'lan', dst: '192.0.2.1', dport: 2222 })],
  [1, trace('nat:POSTROUTING:policy:2', { ...SYN, out: 'lan', dst: '192.0.2.12', dport: 22 })],
]
const RESET = { in: 'lan', src: '192.0.2.12', dst: '203.0.113.7', sport: 22, dport: 40_000, flags: 'ACK RST', id: 2 }

const told = async (events: Event[]) => {
  const files = { 'rules.v4': RULES, ...HOST, 'trace.log': clocked(events) }
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  const { groups, ending } = await analysis.groups()
  return printReport('text', groups, ending, {}).replace(/\s+/g, ' ')
}

test('what a reset says is told, and not the rule that would have given another source', async () => {
  const text = await told([...REQUEST, [2, trace('raw:PREROUTING:policy:1', RESET)]])
  expect(text).toMatch(/^✗ REFUSED: by a reset/)
  expect(text).toContain('cause A reset came back from 192.0.2.12:22: #2. nat PREROUTING rule 1 sent the packet there.')
  expect(text).not.toContain('would have rewritten its source')
})

test('without a reply, that rule is told', async () => {
  expect(await told(REQUEST)).toContain('would have rewritten its source, but only matches -s 192.0.2.128/25')
})
