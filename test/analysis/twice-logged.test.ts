/** imklog beside imjournal: each line of the kernel stands in the log twice. */
import { expect, it } from 'vitest'
import { type Journey, open } from '../../src/index.ts'
import { dmesg, trace } from '../journey/kernel-lines.ts'

const RULES = `*filter
:INPUT ACCEPT [0:0]
:A - [0:0]
-A INPUT -p tcp -j A
-A A -p tcp --dport 80 -j DROP
COMMIT
*raw
:PREROUTING ACCEPT [0:0]
-A PREROUTING -j TRACE
COMMIT
`
const PACKET = { in: 'lan', src: '10.0.0.2', dst: '10.0.0.1' }
const LINES = ['raw:PREROUTING:policy:2', 'filter:INPUT:rule:1', 'filter:A:rule:1'].map((point) => trace(point, PACKET))
const ONCE = dmesg(LINES)

async function read(log: string, rules = RULES) {
  const files = { 'trace.log': log, 'rules.v4': rules }
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  const journeys: Journey[] = []
  for await (const journey of analysis.journeys()) journeys.push(journey)
  return {
    journeys: journeys.map(({ outcome, steps, findings }) => [outcome, steps.length, findings.map(({ code }) => code)]),
    codes: analysis.warnings.map(({ code }) => code),
  }
}

const each = (text: string, change: (line: string) => string): string => text.replace(/^.*\n/gm, change)

it('counts each line once', async () => {
  const once = await read(ONCE)
  expect(once).toMatchObject({ journeys: [['dropped', 3, expect.anything()]], codes: [] })
  for (const log of [each(ONCE, (line) => line + line), ONCE + ONCE])
    expect(await read(log)).toEqual({ ...once, codes: ['line-repeated'] })
})

it('counts what is sent again, and what has no exact time', async () => {
  expect(await read(ONCE + dmesg(LINES, 2_000_000))).toMatchObject({
    journeys: [
      ['dropped', 3, {}],
      ['dropped', 3, {}],
    ],
  })
  const dated = (time: string) => each(ONCE, (line) => `Nov 28 ${time} gw kernel: ${line}`)
  expect((await read(dated('12:00:00') + dated('12:00:01'))).journeys).toHaveLength(1)
  // as long after two boots
  expect((await read(dated('12:00:00') + dated('13:00:00'))).journeys).toHaveLength(2)
  const second = each(ONCE, (line) => line.replace(/^\[.*?\]/, 'Nov 28 12:00:00 gw kernel:'))
  expect(await read(second + second)).toMatchObject({
    journeys: [
      ['dropped', 3, {}],
      ['dropped', 3, {}],
    ],
    codes: [],
  })
})

it('counts a rule that a packet comes to twice in one tick of a coarse clock', async () => {
  const twice = [
    'filter:INPUT:rule:1',
    'filter:A:rule:1',
    'filter:A:return:2',
    'filter:INPUT:rule:2',
    'filter:A:rule:1',
  ]
  const rules = RULES.replace('-A A -p tcp --dport 80 -j DROP', '-A INPUT -p tcp -j A\n-A A -p tcp')
  for (const time of ['   12.340000', '12.3']) {
    const log = [...twice, 'filter:A:return:2', 'filter:INPUT:policy:3'].map(
      (one) => `[${time}] ${trace(one, PACKET)}\n`,
    )
    expect(await read(log.join(''), rules)).toMatchObject({ journeys: [['delivered', 7, {}]], codes: [] })
  }
})
