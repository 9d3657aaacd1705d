/** Journeys and tails in which any text field may hold anything at all. */

import fc from 'fast-check'
import type { Ending } from '../../src/analysis/ending.ts'
import { Command } from '../../src/model/command.ts'
import type { Edit } from '../../src/model/edit.ts'
import type { Journey, RuleRef, Step } from '../../src/model/journey.ts'
import type { Group } from '../../src/reports/index.ts'

/** What terminals, readers and markup may act on, and any UTF-16 code unit besides. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    '\x1b[31m',
    '\x1b]0;title\x07',
    '\x9b2J',
    '\r\n',
    '\x00',
    '\x7f',
    '\x85',
    '\u2028',
    '\u202e',
    '\u2066',
    '\u200b',
    '\ufeff',
    '\u00ad',
    '\ud800',
    '\u{e0041}',
    '```',
    '| a | b |',
    '<script>alert(1)</script>',
    '</details>',
    '-A INPUT -m comment --comment "a \\" b" -j DROP',
    "'quoted' it''s",
    'длинное слово',
    '漢字',
    '',
    ' ',
  ),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 }).map((units) => String.fromCharCode(...units)),
  fc.string({ maxLength: 300 }),
)

const some = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
const word = <T extends string>(...words: T[]) => fc.constantFrom(...words)
const count = fc.nat(70_000)

/** Absent where it is undefined, as the types ask. */
const record = <T>(fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<T> =>
  fc
    .record(fields)
    .map((one) => Object.fromEntries(Object.entries(one).filter(([, value]) => value !== undefined)) as T)

const ref = record<RuleRef>({
  family: word('ip', 'ip6', 'inet', 'bridge'),
  table: anyText,
  chain: anyText,
  ruleNumber: some(count),
  handle: some(count),
  rule: some(anyText),
  owner: some(anyText),
})

const step = record<Step>({
  n: fc.integer({ min: 1, max: 9 }),
  hook: some(word('prerouting', 'input', 'forward')),
  family: word('ip', 'inet'),
  table: some(anyText),
  chain: some(anyText),
  kind: word('rule', 'return', 'policy', 'log', 'unknown'),
  ruleNumber: some(count),
  handle: some(count),
  rule: some(anyText),
  verdict: some(fc.oneof(anyText, word('dnat', 'snat', 'drop'))),
  depth: some(fc.nat(100)),
  in: some(anyText),
  out: some(anyText),
  prefix: some(anyText),
  known: word('observed'),
  changes: fc.array(
    fc.record({
      field: fc.oneof(word('src', 'dst', 'dport', 'mark'), anyText),
      from: fc.oneof(anyText, count),
      to: fc.oneof(anyText, count),
    }),
    { maxLength: 2 },
  ),
})

const packet = record<Journey['packet']>({
  in: some(anyText),
  physIn: some(anyText),
  src: some(anyText),
  dst: some(anyText),
  protocol: some(fc.oneof(anyText, word('tcp', 'icmp', 'icmpv6'))),
  sport: some(count),
  dport: some(count),
  tcpFlags: some(fc.array(anyText, { maxLength: 2 })),
  icmpType: some(fc.nat(255)),
  icmpCode: some(fc.nat(255)),
  inner: some(record({ src: some(anyText), protocol: some(anyText) })),
  fragOffset: some(count),
})

const anyCommand = fc.array(anyText, { minLength: 1 }).map((words) => Command.of(words))

const anyEdits: fc.Arbitrary<Edit[]> = fc.array(
  fc.oneof(
    fc.record({ kind: word('sysctl'), name: anyText, value: anyText }),
    fc.record({ kind: word('ipset'), op: word('add', 'del'), set: anyText, element: anyText }),
  ),
  { minLength: 1, maxLength: 2 },
)

const finding = record<Journey['findings'][number]>({
  code: fc.oneof(anyText, word('no-ruleset', 'dropped-by-rule', 'not-netfilter', 'near-miss')),
  severity: word('error', 'warning', 'note'),
  message: anyText,
  steps: fc.constant([]),
  rules: fc.array(ref, { maxLength: 2 }),
  fix: fc.array(
    record({
      description: anyText,
      edits: some(anyEdits),
      undo: some(anyEdits),
      look: some(anyCommand),
      verified: some(word('model', 'kernel')),
      after: some(word('delivered')),
      unverified: some(anyText),
      note: some(anyText),
    }),
    { maxLength: 2 },
  ),
})

const times = record<Journey['time']>({ first: anyText, last: anyText })

export const anyJourney: fc.Arbitrary<Journey> = record({
  id: anyText,
  host: some(anyText),
  family: word('ip', 'ip6', 'bridge'),
  time: some(times),
  uptime: some(fc.record({ first: fc.double({ noNaN: true }), last: fc.double({ noNaN: true }) })),
  packet,
  steps: fc.array(step, { maxLength: 5 }),
  outcome: word('delivered', 'forwarded', 'dropped', 'rejected', 'vanished', 'undetermined', 'queued'),
  basis: word('observed', 'inferred', 'assumed'),
  culprit: some(fc.tuple(ref, fc.integer({ min: 1, max: 3 })).map(([rule, n]) => ({ ...rule, step: n }))),
  cause: fc.array(
    fc.record({
      step: fc.integer({ min: 1, max: 3 }),
      role: word('outcome', 'decided', 'jump'),
      rule: ref,
      text: anyText,
    }),
    { maxLength: 3 },
  ),
  findings: fc.array(finding, { maxLength: 3 }),
})

export const anyGroup: fc.Arbitrary<Group> = record({
  journey: anyJourney,
  count: fc.integer({ min: 1, max: 20_000 }),
  same: fc.record({ src: fc.boolean(), dst: fc.boolean(), sport: fc.boolean(), dport: fc.boolean() }),
  last: some(record({ time: some(times) })),
})

export const anyTail: fc.Arbitrary<Ending> = fc.record({
  inputs: fc.array(fc.record({ name: anyText, format: anyText, bytes: count }), { maxLength: 2 }),
  warnings: fc.array(record({ input: anyText, line: some(count), code: anyText, message: anyText }), { maxLength: 4 }),
  stats: fc.record({ bytes: count, events: count, journeys: count, skipped: count, lost: count }),
})
