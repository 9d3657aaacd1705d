/** A port forward for some sources in front of one for all, and who it leads to refuses. */
import { expect, test } from 'vitest'
import type { TestPacket } from '../journey/kernel-lines.ts'
import { BEHIND, type Line, OUTSIDE, opened } from './two-networks.ts'

const DNAT = '[7:420] -A PREROUTING -i wan -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.0.0.2:80'
const OTHERS = '[0:0] -A PREROUTING -i wan -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.0.0.3:80'
const EXCEPTION = DNAT.replace('-i wan', '-s 203.0.113.7/32 -i wan')
const BACK: TestPacket = { in: 'lan', out: 'wan', src: '10.0.0.2', dst: '203.0.113.7', sport: 80, dport: 40_000 }

test('a forward for one source alone leads to who refuses: the one behind it is told of', async () => {
  const messages = async (flags: string, ...nat: string[]) => {
    const lines: Line[] = [
      [10, 'nat:PREROUTING:rule:1', OUTSIDE],
      [10, 'filter:FORWARD:policy:1', BEHIND],
      [10, 'nat:POSTROUTING:policy:1', BEHIND],
      [10.1, 'filter:FORWARD:policy:1', { ...BACK, flags, seq: 0, window: 0 }],
    ]
    const [exchange] = (await (await opened(nat, lines)).exchanges()).exchanges
    const found = exchange?.findings.filter(({ code }) => code === 'dnat-skipped')
    // others may need the exception
    expect(found?.map(({ fix }) => fix[0]!.note)).toEqual(found?.map(() => 'affects only such packets'))
    return found?.map(({ message }) => message)
  }
  expect(await messages('ACK RST', EXCEPTION, OTHERS)).toEqual([
    'nat PREROUTING rule 1 rewrote its destination first (-s 203.0.113.7/32, -i wan, tcp dport 8080), so the packet never reached rule 2 (dnat), which matches it.',
  ])
  expect(await messages('ACK SYN', EXCEPTION, OTHERS)).toEqual([])
  expect(await messages('ACK RST', EXCEPTION, OTHERS.replace('8080', '9443'))).toEqual([])
})
