/**
 * Journeys put in and got out again: packets walk random rulesets, are printed as TRACE prints them, in any tool's
 * wrapping, their lines mixed and the bytes cut anywhere.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Journey } from '../../src/model/journey.ts'
import { share } from '../share.ts'
import { explainLog, stepText, worldOf } from './journeys.ts'
import { type TestPacket, trace, uptime } from './kernel-lines.ts'

type Target = 'ACCEPT' | 'DROP' | 'RETURN' | 'MARK' | 'none' | { jump: string } | { goto: string }

interface TestRule {
  /** Matches packets to this port; undefined: all. */
  dport: number | undefined
  target: Target
}

type Chains = Record<string, TestRule[]>
interface Ruleset {
  tables: Record<string, { chains: Chains; policies: Record<string, 'ACCEPT' | 'DROP'> }>
}

/** In the order in which a packet meets them; nat is left out, as only a flow's first packet passes it. */
const WAYS = {
  in: [
    ['raw', 'PREROUTING'],
    ['mangle', 'PREROUTING'],
    ['mangle', 'INPUT'],
    ['filter', 'INPUT'],
  ],
  through: [
    ['raw', 'PREROUTING'],
    ['mangle', 'PREROUTING'],
    ['mangle', 'FORWARD'],
    ['filter', 'FORWARD'],
    ['mangle', 'POSTROUTING'],
  ],
  out: [
    ['raw', 'OUTPUT'],
    ['mangle', 'OUTPUT'],
    ['filter', 'OUTPUT'],
    ['mangle', 'POSTROUTING'],
  ],
} as const
type Way = keyof typeof WAYS
const BASES: Record<string, string[]> = {
  raw: ['PREROUTING', 'OUTPUT'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
}
const PORTS = [80, 443, 8080]

/** User chains lead only to later ones, so that no packet goes round. */
const USER = ['a', 'b-c', 'KUBE-SEP-X']

const target = (later: string[]): fc.Arbitrary<Target> => {
  const simple = fc.constantFrom<Target>('ACCEPT', 'DROP', 'RETURN', 'MARK', 'MARK', 'none', 'none')
  const led = later.map((chain) => fc.constantFrom<Target>({ jump: chain }, { jump: chain }, { goto: chain }))
  return led.length > 0 ? fc.oneof(simple, ...led) : simple
}

const rules = (later: string[]): fc.Arbitrary<TestRule[]> =>
  fc.array(fc.record({ dport: fc.constantFrom(undefined, undefined, ...PORTS), target: target(later) }), {
    maxLength: 4,
  })

const table = (name: string) =>
  fc.record({
    chains: fc
      .tuple(
        fc.record(Object.fromEntries(BASES[name]!.map((chain) => [chain, rules(USER)]))),
        fc.record(Object.fromEntries(USER.map((chain, i) => [chain, rules(USER.slice(i + 1))]))),
      )
      .map(([bases, users]): Chains => ({ ...bases, ...users })),
    policies: fc.record(
      Object.fromEntries(BASES[name]!.map((chain) => [chain, fc.constantFrom('ACCEPT', 'ACCEPT', 'ACCEPT', 'DROP')])),
    ) as fc.Arbitrary<Record<string, 'ACCEPT' | 'DROP'>>,
  })
const rulesets: fc.Arbitrary<Ruleset> = fc
  .record({ raw: table('raw'), mangle: table('mangle'), filter: table('filter') })
  .map((tables) => ({ tables }))

function saved({ tables }: Ruleset): string {
  return Object.entries(tables)
    .map(([name, { chains, policies }]) => {
      const heads = Object.keys(chains).map((chain) => `:${chain} ${policies[chain] ?? '-'} [0:0]\n`)
      const lines = Object.entries(chains).flatMap(([chain, list]) =>
        list.map((rule) => `-A ${chain}${ruleText(rule)}\n`),
      )
      return `*${name}\n${heads.join('')}${lines.join('')}COMMIT\n`
    })
    .join('')
}

function ruleText({ dport, target }: TestRule): string {
  const match = dport === undefined ? '' : ` -p tcp -m tcp --dport ${dport}`
  if (typeof target === 'object') return match + ('jump' in target ? ` -j ${target.jump}` : ` -g ${target.goto}`)
  // a rule without a match is printed as one only with a target that goes on
  if (target === 'MARK') return `${match} -j MARK --set-xmark 0x10/0x10`
  return target === 'none' ? match : `${match} -j ${target}`
}

interface Walked {
  /** `TRACE:`'s names, and the packet at that moment. */
  steps: { point: string; packet: TestPacket }[]
  outcome: 'dropped' | 'delivered' | 'forwarded' | 'sent'
}

/** What the kernel does (ip_tables.c): prints on arrival, an unconditional verdict in the words of a policy or a return. */
function walk({ tables }: Ruleset, way: Way, given: TestPacket): Walked {
  const steps: Walked['steps'] = []
  let mark = 0
  for (const [name, base] of WAYS[way]) {
    const { chains, policies } = tables[name]!
    const packet = placed(given, way, base)
    const print = (point: string) =>
      steps.push({ point: `${name}:${point}`, packet: mark ? { ...packet, mark } : packet })
    const verdict = walkChain(base, [])
    if (verdict === 'DROP') return { steps, outcome: 'dropped' }

    function walkChain(first: string, from: { chain: string; next: number }[]): 'ACCEPT' | 'DROP' {
      let chain = first
      let at = 0
      for (;;) {
        const rule = chains[chain]![at]
        const atBase = chain === base
        if (!rule) {
          print(`${chain}:${atBase ? 'policy' : 'return'}:${at + 1}`)
          const back = from.pop()
          if (atBase || !back) {
            if (atBase) return policies[base]!
            // gone to from the base chain: its policy comes at once
            print(`${base}:policy:${chains[base]!.length + 1}`)
            return policies[base]!
          }
          chain = back.chain
          at = back.next
          continue
        }
        at++
        if (rule.dport !== undefined && rule.dport !== given.dport) continue
        const { target } = rule
        const plain = rule.dport === undefined && (target === 'ACCEPT' || target === 'DROP' || target === 'RETURN')
        print(`${chain}:${plain ? (atBase ? 'policy' : 'return') : 'rule'}:${at}`)
        if (target === 'ACCEPT' || target === 'DROP') return target
        if (target === 'MARK') mark |= 0x10
        else if (target === 'RETURN') {
          const back = from.pop()
          if (!back) {
            print(`${base}:policy:${chains[base]!.length + 1}`)
            return policies[base]!
          }
          chain = back.chain
          at = back.next
        } else if (typeof target === 'object') {
          if ('jump' in target) from.push({ chain, next: at })
          chain = 'jump' in target ? target.jump : target.goto
          at = 0
        }
      }
    }
  }
  return { steps, outcome: way === 'in' ? 'delivered' : way === 'through' ? 'forwarded' : 'sent' }
}

function placed(packet: TestPacket, way: Way, base: string): TestPacket {
  switch (base) {
    case 'PREROUTING':
    case 'INPUT':
      return { ...packet, in: 'eth0' }
    case 'OUTPUT':
      return { ...packet, out: 'eth1', uid: 0 }
    default:
      return way === 'out' ? { ...packet, out: 'eth1', uid: 0 } : { ...packet, in: 'eth0', out: 'eth1', ttl: 63 }
  }
}

const WRAPPINGS: Record<string, (line: string, micros: number) => string> = {
  dmesg: (line, micros) => `[${uptime(micros)}] ${line}`,
  'dmesg -T': (line) => `[Thu Jan  1 21:23:16 2026] ${line}`,
  nothing: (line) => line,
  rsyslog: (line, micros) => `Jan  1 21:23:16 gate kernel: [${uptime(micros)}] ${line}`,
  'rsyslog, ISO': (line, micros) =>
    `2026-01-01T21:23:16.${String(micros % 1e6).padStart(6, '0')}+01:00 gate kernel: ${line}`,
  journalctl: (line) => `Jan 01 21:23:16 gate kernel: ${line}`,
  'journalctl -o json': (line, micros) =>
    JSON.stringify({ _HOSTNAME: 'gate', __REALTIME_TIMESTAMP: String(1767302596000000 + micros), MESSAGE: line }),
  kmsg: (line, micros) => `4,${micros},${micros},-;${line}`,
  'RFC 5424': (line) => `<4>1 2026-01-01T21:23:16Z gate kernel - - [a b="c"] ${line}`,
  logread: (line, micros) => `Thu Jan  1 21:23:16 2026 kern.warn kernel: [${uptime(micros)}] ${line}`,
  'no blank at the end': (line, micros) => `[${uptime(micros)}] ${line.trimEnd()}`,
  CRLF: (line, micros) => `[${uptime(micros)}] ${line}\r`,
}

const packets = fc
  .array(
    fc.record({
      way: fc.constantFrom<Way>('in', 'through', 'out'),
      v6: fc.boolean(),
      zeroId: fc.boolean(),
      dport: fc.constantFrom(...PORTS, 22),
      // the very same packet comes again, behind its first walk
      times: fc.constantFrom(1, 1, 1, 2),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((list) =>
    list.map(({ way, v6, zeroId, dport, times }, i) => ({
      way,
      times,
      packet: {
        src: v6 ? '2001:db8::1' : '10.0.0.1',
        dst: v6 ? '2001:db8::2' : '192.0.2.1',
        dport,
        sport: 40000 + (i % 2),
        seq: 1000 + i,
        id: zeroId ? 0 : 100 + i,
      } satisfies TestPacket,
    })),
  )

/** One of the many orders in which CPUs may print these lines: `order` says whose line is next. */
function mixed<T>(lists: readonly (readonly T[])[], order: readonly number[]): T[] {
  const rest = lists.map((list) => [...list])
  const lines: T[] = []
  for (let i = 0; rest.some((list) => list.length > 0); i++) {
    const open = rest.filter((list) => list.length > 0)
    lines.push(open[(order[i % order.length] ?? 0) % open.length]!.shift()!)
  }
  return lines
}

const summary = (journey: Journey) => ({
  steps: journey.steps.map((step) => `${stepText(step)} mark ${step.mark} in ${step.in ?? ''} out ${step.out ?? ''}`),
  sequence: journey.packet.tcpSeq,
})

describe('journeys put in come out', () => {
  const inputs = fc.record({
    ruleset: rulesets,
    packets,
    order: fc.array(fc.nat(5), { minLength: 1, maxLength: 40 }),
    wrapping: fc.constantFrom(...Object.keys(WRAPPINGS)),
    cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 }),
    known: fc.boolean(),
  })

  it('from any rulesets, wrappings, orders and pieces', () => {
    fc.assert(
      fc.property(inputs, ({ ruleset, packets, order, wrapping, cuts, known }) => {
        const walks = packets.flatMap(({ way, packet, times }) =>
          Array(times).fill({ ...walk(ruleset, way, packet), sequence: packet.seq }),
        ) as (Walked & { sequence: number })[]
        const linesOf = ({ seq }: TestPacket) =>
          walks
            .filter(({ sequence }) => sequence === seq)
            .flatMap(({ steps }) => steps.map(({ point, packet }) => trace(point, packet)))
        const lines = mixed(
          packets.map(({ packet }) => linesOf(packet)),
          order,
        )
        const text = lines.map((line, i) => `${WRAPPINGS[wrapping]!(line, 5_000_000 + i)}\n`).join('')
        const bytes = new TextEncoder().encode(text)
        const at = cuts.map((cut) => Math.floor(cut * bytes.length)).sort((a, b) => a - b)
        const rules = saved(ruleset)
        const world = known ? worldOf(rules, rules.replace('*raw', '# Generated by ip6tables-save\n*raw')) : undefined
        const { journeys, told } = explainLog(bytes, world, at)
        expect(told).toEqual([])
        const expected = walks.map(({ steps, sequence }) => ({
          steps: steps.map(
            ({ point, packet: { mark = 0, in: from = '', out = '' } }) => `${point} mark ${mark} in ${from} out ${out}`,
          ),
          sequence,
        }))
        const bySequence = (a: { sequence?: number | undefined }, b: { sequence?: number | undefined }) =>
          a.sequence! - b.sequence!
        expect(journeys.map(summary).sort(bySequence)).toEqual(expected)
        if (!known) return
        const outcomes = journeys.map(({ outcome, packet }) => ({ outcome, sequence: packet.tcpSeq })).sort(bySequence)
        const v4 = (sequence: number | undefined) =>
          walks.find((one) => one.sequence === sequence)!.steps[0]!.packet.src.includes('.')
        expect(outcomes.filter(({ sequence }) => v4(sequence))).toEqual(
          walks.filter(({ sequence }) => v4(sequence)).map(({ outcome, sequence }) => ({ outcome, sequence })),
        )
      }),
      { numRuns: share(600) },
    )
  })
})
