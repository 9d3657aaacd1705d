/**
 * What each step did to the packet, from what the steps behind it show: a line is printed before its rule's target
 * acts, a mark shows in the next line, a rewritten destination from the next hook on. nft's trace shows the packet behind
 * the first rule of a chain (`shownLater`).
 */
import type { Step } from '../model/journey.ts'
import type { Packet } from '../model/packet.ts'
import type { Rule } from '../model/ruleset.ts'
import { destinationGiven, natBehind, type Place } from './given-destination.ts'
import type { StepContext } from './step-context.ts'
import { MARK, unprintedWriters } from './unprinted.ts'

type Field = 'src' | 'dst' | 'sport' | 'dport' | 'mark' | 'ttl' | 'tos'

export function attributeChanges(
  steps: Step[],
  arrivals: readonly StepContext[],
  shownLater: readonly boolean[] | undefined,
  place: Pick<Place, 'family' | 'world'>,
): void {
  for (let i = 0; i + 1 < steps.length; i++) {
    const [before, after] = [arrivals[i]!.packet, arrivals[i + 1]!.packet]
    if (before === after) continue
    const sameHook = steps[i]!.hook === steps[i + 1]!.hook
    const writerOf = (field: Written) => lastWriter(arrivals, i, field, shownLater)
    for (const field of WRITTEN) {
      if (field !== 'mark' && shownLater?.[i + 1] && writes(arrivals[i + 1]!.rule, field)) {
        add(steps[i + 1]!, field, isForwardedTo(steps[i + 1]!, steps[i]!) ? oneLess(before) : before, after)
        continue
      }
      if (before[field] === after[field]) continue
      const own = writerOf(field)
      // it may be the work of a rule that has no line
      if (own === undefined && unprintedWriters(arrivals, i + 1, NAMES[field]).length > 0) continue
      const left = own !== undefined && isForwardedTo(steps[i + 1]!, steps[i]!) ? oneMore(after) : after
      if (field === 'mark' || own !== undefined || (sameHook && isOfHeader(field)))
        add(steps[own ?? i]!, field, before, left)
    }
    const rewriter = natStep(steps, arrivals, i)
    if (rewriter === undefined) continue
    // a rule behind nat may have written another destination
    if (writerOf('dst') === undefined) add(steps[rewriter]!, 'dst', before, after)
    add(steps[rewriter]!, 'dport', before, after)
  }
  addDestinationRewrite(steps, arrivals, place)
  addSourceRewrite(steps, arrivals)
}

function add(step: Step, field: Field, before: Packet, after: Packet): void {
  const [from, to] = [before[field], after[field]]
  if (from !== undefined && to !== undefined && from !== to) step.changes.push({ field, from, to })
}

/** A router takes one from it in front of FORWARD (ip_forward in net/ipv4/ip_forward.c). */
const isForwardedTo = ({ hook }: Step, before: Step): boolean =>
  before.hook === 'prerouting' && (hook === 'forward' || hook === 'postrouting')

const oneLess = (packet: Packet): Packet => (packet.ttl === undefined ? packet : { ...packet, ttl: packet.ttl - 1 })

const oneMore = (packet: Packet): Packet => (packet.ttl === undefined ? packet : { ...packet, ttl: packet.ttl + 1 })

/** Of the header, and no end of it: nat writes those. */
const isOfHeader = (field: Written): boolean => field === 'ttl' || field === 'tos'

type Written = (typeof WRITTEN)[number]
const WRITTEN = ['mark', 'ttl', 'tos', 'src', 'dst'] as const

/** What rules call them. */
const NAMES: Readonly<Record<Written, ReadonlySet<string>>> = {
  mark: MARK,
  ttl: new Set(['ip ttl', 'ip6 hoplimit']),
  tos: new Set(['ip dscp', 'ip ecn', 'ip tos', 'ip6 dscp', 'ip6 ecn', 'ip6 tos']),
  src: new Set(['ip saddr', 'ip6 saddr']),
  dst: new Set(['ip daddr', 'ip6 daddr']),
}

const writes = (rule: Rule | undefined, field: Written): boolean =>
  rule?.statements.some((statement) => statement.kind === 'set' && NAMES[field].has(statement.field)) ?? false

/**
 * The last rule that writes the field, of the lines that share a copy of the packet: nft prints one for each base chain, as its
 * first rule has left it. A mark is known line by line.
 */
function lastWriter(
  arrivals: readonly StepContext[],
  i: number,
  field: Written,
  shownLater: readonly boolean[] | undefined,
): number | undefined {
  if (!shownLater || field === 'mark') return writes(arrivals[i]!.rule, field) ? i : undefined
  for (let k = i; arrivals[k - 1]?.packet === arrivals[i]!.packet; k--) if (writes(arrivals[k]!.rule, field)) return k
  return undefined
}

/** The last step of a nat chain at or before `i`, at the same hook, that was not a plain accept. */
function natStep(steps: readonly Step[], arrivals: readonly StepContext[], i: number): number | undefined {
  for (let k = i; k >= 0; k--) {
    const step = steps[k]!
    if (step.hook !== steps[i]!.hook) return undefined
    if (nftRewrites(step, arrivals[k]!)) return k
    if (step.table !== 'nat') continue
    return step.verdict === undefined || ['dnat', 'redirect', 'netmap'].includes(step.verdict) ? k : undefined
  }
  return undefined
}

/** nft prints what nat rules say as `accept`. */
function nftRewrites({ verdict, kind, table, rule: text = '' }: Step, { rule }: StepContext): boolean {
  if (verdict !== 'accept' || kind !== 'rule') return false
  // words that are not known do not speak against it
  if (!rule && text === '') return table === 'nat'
  if (rule) return rule.statements.some((one) => 'kind' in one && ['dnat', 'redirect'].includes(one.kind))
  return / (?:dnat (?:ip6? )?to|redirect)\b|-j (?:DNAT|REDIRECT)\b/.test(` ${text.replace(/"[^"]*"/g, '')}`)
}

/** What nat writes behind the last line that is traced, where the rule leaves no choice. */
function addDestinationRewrite(
  steps: readonly Step[],
  arrivals: readonly StepContext[],
  place: Pick<Place, 'family' | 'world'>,
): void {
  const [last, arrival] = [steps.at(-1), arrivals.at(-1)]
  const nat = last?.kind === 'rule' && arrival ? natBehind(arrival, place.world) : undefined
  if (!last || !arrival || !nat) return
  const given = destinationGiven(nat, arrival, place)
  for (const field of ['dst', 'dport'] as const) add(last, field, arrival.packet, given ?? {})
}

/** SNAT acts behind the last line that is traced; what it writes is known where the rule leaves no choice. */
function addSourceRewrite(steps: Step[], arrivals: readonly StepContext[]): void {
  const last = steps.at(-1)
  if (last?.kind !== 'rule') return
  const { rule, packet } = arrivals.at(-1)!
  const rewrite = rule?.statements.find((statement) => statement.kind === 'snat')
  if (rewrite?.kind !== 'snat') return
  const { addresses: to, ports } = rewrite
  if (to && to[0] === to[1] && packet.src !== undefined && packet.src !== to[0])
    last.changes.push({ field: 'src', from: packet.src, to: to[0] })
  const { sport } = packet
  // a port within the range stays, unless another connection has it
  if (!ports || sport === undefined || (sport >= ports[0] && sport <= ports[1])) return
  const among = ports[0] === ports[1] ? {} : { among: ports }
  last.changes.push({ field: 'sport', from: sport, to: ports[0], ...among })
}
