/** `-j TCPMSS` gives a SYN the option that it had not: the packet is longer behind it, as Linux 6.18 printed it. */
import { expect, it } from 'vitest'
import { type Journey, open } from '../../src/index.ts'
import { dmesg, log, trace } from '../journey/kernel-lines.ts'

const RULES = `*mangle
:FORWARD ACCEPT [0:0]
-A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
COMMIT
*filter
:FORWARD DROP [0:0]
COMMIT
`
const PACKET = { in: 'lan', out: 'wan', src: '10.0.0.2', dst: '192.0.2.1', length: 40 }
const without = (line: string): string => line.replace(' OPT (020405B4)', '')

async function journeys(rules: string, ...lines: string[]) {
  const files = { 'trace.log': dmesg(lines), 'rules.v4': rules }
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  const all: Journey[] = []
  for await (const journey of analysis.journeys()) all.push(journey)
  return all.map(({ outcome, steps }) => [outcome, steps.length])
}

it('is one packet', async () => {
  const clamped = without(trace('mangle:FORWARD:rule:1', PACKET))
  const dropped = trace('filter:FORWARD:policy:1', { ...PACKET, length: 44 })
  expect(await journeys(RULES, clamped, trace('mangle:FORWARD:policy:2', { ...PACKET, length: 44 }), dropped)).toEqual([
    ['dropped', 3],
  ])
})

it('is another packet where it is none that asks, or longer by more', async () => {
  for (const [flags, length] of [
    ['ACK', 44],
    ['SYN', 48],
  ] as const) {
    const first = without(trace('mangle:FORWARD:policy:2', { ...PACKET, flags }))
    expect(await journeys(RULES, first, trace('filter:FORWARD:policy:1', { ...PACKET, flags, length }))).toHaveLength(2)
  }
})

it('is another packet where no sequence number shows that it is the same, and the port is another one', async () => {
  const pair = (dport: number) => [
    log('pre ', { in: 'lan', src: '10.0.0.2', dst: '192.0.2.1', length: 40 }),
    log('fwd ', { ...PACKET, length: 44, dport }),
  ]
  const logs = `*mangle
:PREROUTING ACCEPT [0:0]
-A PREROUTING -j LOG --log-prefix "pre "
COMMIT
*filter
:FORWARD ACCEPT [0:0]
-A FORWARD -j LOG --log-prefix "fwd "
COMMIT
`
  expect(await journeys(logs, ...pair(80))).toHaveLength(1)
  expect(await journeys(logs, ...pair(81))).toHaveLength(2)
})
