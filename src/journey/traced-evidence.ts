/** What an explanation reads of a journey with a trace id: its events in their hooks and depths, with the packet's mark. */
import type { Hook } from '../model/hook.ts'
import { memo } from '../model/memo.ts'
import type { Family, Packet } from '../model/packet.ts'
import type { Rule } from '../model/ruleset.ts'
import type { TracePoint } from '../read/captures/points.ts'
import { writesMark } from '../rules/assign.ts'
import type { OpenJourney } from './open.ts'
import { type Place, placeTraced } from './place-traced.ts'
import { takeRule } from './resolve-nft.ts'
import type { Resolved } from './resolved.ts'
import { MARK, type TracedLine, unprintedWriters } from './unprinted.ts'

/** Step by step; the lines that only show the packet are no steps. */
export interface TracedSteps {
  resolved: Resolved[]
  packets: Packet[]
  hooks: (Hook | undefined)[]
  depths: (number | undefined)[]
  callers: (number | undefined)[]
  /**
   * The packet is shown as a rule has left it that is printed no earlier than it: netfilter copies it when the first rule
   * of a base chain has been executed (nft_trace_notify).
   */
  shownLater?: readonly boolean[]
  /** Between its lines one that only shows the packet has no rule or policy behind it, which nft prints with it. */
  lacksRule?: true
  /** The same of the last line: no line tells what the chain did that the packet came to. */
  endsWithHeader?: true
  family: Family
  /** As it first appeared. */
  packet: Packet
}

export function tracedSteps(open: OpenJourney, events: readonly Resolved[], shown: readonly Packet[]): TracedSteps {
  const packets = withProtocol(shown, events)
  const places = placeTraced(events, packets)
  const laid: Resolved[] = []
  for (const i of events.keys()) laid.push(settled(i, events[i]!, laid, places))
  const marks = arrivalMarks(open, laid, placed(laid, places, packets))
  const numbers = new Map<number, number>()
  const steps: number[] = []
  for (const [i, { point }] of events.entries()) {
    if (point.type === 'begin') continue
    numbers.set(i, steps.length)
    steps.push(i)
  }
  return {
    resolved: steps.map((i) => laid[i]!),
    packets: withMarks(steps, packets, marks),
    hooks: steps.map((i) => places[i]!.hook),
    depths: steps.map((i) => places[i]!.depth),
    callers: steps.map((i) => callerOf(places[i]!, numbers)),
    shownLater: shownLater(laid).filter((_, i) => numbers.has(i)),
    ...(events.some(({ point }, i) => isAlone(point, events[i + 1]?.point)) ? { lacksRule: true } : {}),
    ...(steps.length > 0 && events.at(-1)?.point.type === 'begin' ? { endsWithHeader: true } : {}),
    family: familyOf(events, packets),
    packet: packets.find((one) => Object.keys(one).length > 0) ?? {},
  }
}

const isAlone = (header: TracePoint, next: TracePoint | undefined): boolean =>
  header.type === 'begin' &&
  header.chain !== undefined &&
  next !== undefined &&
  (next.table !== header.table || next.chain !== header.chain)

/** Of a chain's first rule, and of those behind one that writes: what they ask for may have been there, and be gone. */
function shownLater(laid: readonly Resolved[]): boolean[] {
  let isWritten = false
  return laid.map(({ point, rule }) => {
    if (point.type === 'begin') isWritten = false
    isWritten ||= rule !== undefined && writesHeader(rule)
    return isWritten
  })
}

const writesHeader = memo(({ statements }: Rule): boolean =>
  statements.some((one) =>
    one.kind === 'set' ? isOfHeader(one.field) : one.kind === 'unknown' && (one.fields?.some(isOfHeader) ?? true),
  ),
)

const isOfHeader = (field: string): boolean => !/^(?:meta|ct) /.test(field)

const callerOf = ({ caller }: Place, numbers: ReadonlyMap<number, number>): number | undefined =>
  caller === undefined ? undefined : numbers.get(caller)

/** xtables-monitor does not say the protocol; a rule that matched may. */
function withProtocol(packets: readonly Packet[], events: readonly Resolved[]): readonly Packet[] {
  if (packets.every(({ protocol, src }) => protocol !== undefined || src === undefined)) return packets
  const asked = events.map(({ point }) => /(?:^|[^!]) -p ([a-z][a-z0-9-]*) /.exec(` ${point.text ?? ''} `)?.[1])
  const protocol = asked.find((one) => one !== undefined && one !== 'all')
  if (protocol === undefined) return packets
  const told = protocol === 'ipv6-icmp' ? 'icmpv6' : protocol
  const made = new Map<Packet, Packet>()
  return packets.map((packet) => {
    if (packet.protocol !== undefined || packet.src === undefined) return packet
    const whole = made.get(packet) ?? { ...packet, protocol: told }
    made.set(packet, whole)
    return whole
  })
}

/** One object for all steps that share a packet and its mark. */
function withMarks(
  steps: readonly number[],
  packets: readonly Packet[],
  marks: readonly (number | undefined)[],
): Packet[] {
  let latest: Packet | undefined
  let from: Packet | undefined
  return steps.map((i) => {
    const packet = packets[i]!
    const mark = marks[i] ?? packet.mark
    if (mark === packet.mark) return packet
    if (from !== packet || latest?.mark !== mark) latest = { ...packet, mark: mark! }
    from = packet
    return latest!
  })
}

const placed = (laid: readonly Resolved[], places: readonly Place[], packets: readonly Packet[]): TracedLine[] =>
  laid.map(({ inTable, inChain, rule, ending, point }, i) => {
    const { hook, caller } = places[i]!
    // a line that only shows the packet stands in front of the chain
    const chain = point.type === 'begin' ? undefined : inChain
    return { packet: packets[i]!, hook, table: inTable, chain, rule, ending, caller }
  })

/**
 * The mark with which the packet comes to each event: what is shown is the mark behind an event. A rule that is not
 * printed may have written it in between.
 */
function arrivalMarks(
  open: OpenJourney,
  events: readonly Resolved[],
  lines: readonly TracedLine[],
): (number | undefined)[] {
  if (open.marks.length === 0) return events.map(() => undefined)
  const behind = new Map<number, number>()
  for (let i = 0; i < open.marks.length; i += 2) behind.set(open.marks.at(i), open.marks.at(i + 1) >>> 0)
  const arrivals: (number | undefined)[] = events.map(() => undefined)
  // forwards from what is known, and backwards over events that leave the mark alone
  let now: number | undefined
  const isWritten = lines.map((_, i) => unprintedWriters(lines, i, MARK).length > 0)
  for (const [i, event] of events.entries()) {
    if (isWritten[i]) now = undefined
    arrivals[i] = now
    now = behind.get(i) ?? (mayMark(event) ? undefined : now)
  }
  for (let i = events.length - 1; i >= 0; i--) {
    const after = behind.get(i) ?? (i + 1 < events.length && !isWritten[i + 1] ? arrivals[i + 1] : undefined)
    if (arrivals[i] === undefined && after !== undefined && !mayMark(events[i]!)) arrivals[i] = after
  }
  return arrivals
}

function mayMark({ point, rule }: Resolved): boolean {
  if (point.type !== 'rule') return false
  if (rule) return writesMark(rule) || rule.statements.some(({ kind }) => kind === 'unknown')
  const { text } = point
  return text === undefined || text === '' || /\bmark set\b|-j (?:MARK|CONNMARK|SET|HMARK)\b/i.test(text)
}

/** Of rules that read alike the first one behind the one before has matched: unless it may also not have. */
function settled(i: number, one: Resolved, before: readonly Resolved[], places: readonly Place[]): Resolved {
  if (one.alike.length === 0) return one
  let number = 0
  for (let k = i - 1; k >= 0; k--) {
    const other = before[k]!
    if (other.chainNumber !== one.chainNumber) continue
    // the chain may have been walked before, from another jump
    if (other.point.type === 'rule' && places[k]!.caller === places[i]!.caller && places[k]!.hook === places[i]!.hook)
      number = other.ruleNumber ?? 0
    break
  }
  const possible = one.alike.filter((rule) => rule.ruleNumber > number)
  const first = possible[0]
  if (!first || (possible.length > 1 && hangsOnChance(first))) return one
  const taken = { ...one, alike: [] }
  takeRule(taken, first)
  return taken
}

const hangsOnChance = ({ conditions }: Rule): boolean => conditions.some(({ kind }) => kind === 'unknown')

/** The packet's own family, not its tables'. */
function familyOf(events: readonly Resolved[], packets: readonly Packet[]): Family {
  const families = new Set(events.map(({ tableFamily }) => tableFamily))
  if (!families.has('inet') && !families.has('ip') && !families.has('ip6'))
    for (const family of ['bridge', 'arp'] as const) if (families.has(family)) return family
  const addressed = packets.find(({ src }) => src !== undefined)
  if (addressed) return addressed.src!.includes(':') ? 'ip6' : 'ip'
  if (families.has('ip6')) return 'ip6'
  return families.has('inet') || families.has('ip') ? 'ip' : 'netdev'
}
