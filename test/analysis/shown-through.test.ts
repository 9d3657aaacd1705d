/** Lines of a log get lost: text and JSON of a journey agree with what came of its exchange. */
import { expect, test } from 'vitest'
import { openInputs } from '../../src/analysis/inputs/open.ts'
import { bytesSource } from '../../src/analysis/inputs/source.ts'
import { makeSelection } from '../../src/analysis/select.ts'
import type { Form } from '../../src/reports/form.ts'
import { openReport } from '../../src/reports/journeys.ts'
import { json } from '../../src/reports/json.ts'
import { tellAll } from '../../src/reports/tell-all.ts'
import { text } from '../../src/reports/text/index.ts'
import { clocked, type Event, type TestPacket, trace } from '../journey/kernel-lines.ts'
import { NAT } from './nat-rules.ts'

const ASKED = { in: 'wan', out: 'lan', src: '192.0.2.7', dst: '10.0.0.2', sport: 40_000, dport: 80 }
const BACK = { in: 'lan', out: 'wan', src: '10.0.0.2', dst: '192.0.2.7', sport: 80, dport: 40_000 }

async function told(form: Form, events: readonly Event[], rules = NAT) {
  const files = { 'trace.log': clocked(events), 'rules.v4': rules }
  const inputs = await openInputs(
    Object.entries(files).map(([name, content]) => ({
      name,
      folders: [],
      again: true,
      open: () => bytesSource(new TextEncoder().encode(content)),
    })),
    [],
  )
  let printed = ''
  const out = {
    write: (piece: string | Uint8Array) => (printed += Buffer.from(piece as string).toString()),
    flush() {},
  }
  const report = openReport({
    form,
    terminal: { width: 80, colour: false, unicode: true, full: false },
    out,
    selection: makeSelection({}),
    live: false,
  })
  const problem = await tellAll(inputs, report, { warns: true })
  return { printed, problem }
}

const through = (clock: number, id: number, more = {}): Event[] => [
  [clock, trace('filter:FORWARD:policy:1', { ...ASKED, id, ...more })],
  [clock, trace('nat:POSTROUTING:policy:1', { ...ASKED, in: '', id, ...more })],
]

const outcomes = async (events: readonly Event[], rules = NAT) => {
  const { printed, problem } = await told(json, events, rules)
  const { journeys, exchanges } = JSON.parse(printed)
  return [
    journeys.map(({ id, outcome }: { id: string; outcome: string }) => `${id} ${outcome}`),
    exchanges.map(({ status }: { status: string }) => status),
    problem,
  ]
}

const CUT: readonly Event[] = [
  [10, trace('nat:PREROUTING:policy:2', { ...ASKED, out: '', id: 1, seq: 5 })],
  [10, trace('filter:FORWARD:policy:1', { ...ASKED, id: 1, seq: 5 })],
]
const REPLY: Event = [10.1, trace('filter:FORWARD:policy:1', { ...BACK, flags: 'ACK SYN', id: 9, seq: 70 })]

test('a request whose last lines are missing has not vanished where it was answered', async () => {
  const cut = [...CUT, ...through(12, 3, { src: '192.0.2.8' })]
  expect(await outcomes(cut)).toEqual([['1 vanished', '2 forwarded'], ['lost', 'undetermined'], true])
  const answered = [...CUT, REPLY, ...through(12, 3, { src: '192.0.2.8' })]
  const [journeys, statuses, problem] = await outcomes(answered)
  expect([journeys, statuses, problem]).toEqual([
    ['1 undetermined', '2 forwarded', '3 forwarded'],
    ['answered', 'undetermined'],
    false,
  ])
  const shown = await told(text, answered)
  expect(shown.printed).toContain('✓ ANSWERED')
  expect(shown.problem).toBe(false)
})

const RULES = '*raw\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n'
const raw = (clock: number, { out: _, ...packet }: TestPacket): Event => [
  clock,
  trace('raw:PREROUTING:policy:1', packet),
]
const whole = (clock: number, packet: TestPacket): Event[] => [
  raw(clock, packet),
  [clock, trace('filter:FORWARD:policy:1', packet)],
]

test('a reply of which a line is missing has arrived where whoever asked went on', async () => {
  const opened = [...whole(10, { ...ASKED, id: 1, seq: 5 }), raw(10.1, { ...BACK, flags: 'ACK SYN', id: 9, seq: 70 })]
  const alone = [...opened, ...whole(12, { ...ASKED, sport: 40_001, id: 2 })]
  expect((await outcomes(alone, RULES))[0]).toContain('2 vanished')
  const used = [...opened, ...whole(10.2, { ...ASKED, flags: 'ACK', seq: 6, id: 2 })]
  expect(await outcomes(used, RULES)).toEqual([['1 forwarded', '2 undetermined', '3 forwarded'], ['answered'], false])
  const { printed, problem } = await told(text, used, RULES)
  expect(printed).not.toMatch(/vanished/i)
  expect(problem).toBe(false)
})

test('a router without filter rules shows no more of a reply than that it came', async () => {
  const nat = NAT.replace(/\*filter[\s\S]*/, '*raw\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n')
  const asked = (clock: number, more: Partial<TestPacket>): Event[] => [raw(clock, { ...ASKED, id: 1, ...more })]
  const first: Event[] = [
    ...asked(10, { seq: 5 }),
    [10, trace('nat:POSTROUTING:policy:1', { ...ASKED, in: '', id: 1, seq: 5 })],
  ]
  const reply = raw(10.1, { ...BACK, flags: 'ACK SYN', id: 9, seq: 70 })
  const [, open] = await outcomes([...first, reply], nat)
  expect(open).toEqual(['undetermined'])
  const [, used] = await outcomes([...first, reply, ...asked(10.2, { flags: 'ACK', seq: 6, id: 2 })], nat)
  expect(used).toEqual(['answered'])
})
