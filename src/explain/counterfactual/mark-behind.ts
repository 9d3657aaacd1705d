/** The mark that a packet has on its way. */
import { memo } from '../../model/memo.ts'
import type { Packet } from '../../model/packet.ts'
import { afterAll, writesMark } from '../../rules/assign.ts'
import type { EvalContext } from '../../rules/eval-context.ts'
import { hex } from '../../rules/iptables/values/numbers.ts'
import type { Context } from '../context.ts'

export type MarkField = 'meta mark' | 'ct mark'

export interface Mark {
  value: number
  mask: number
  /** Absent: the packet's own. */
  field?: MarkField
}

export function carries(packet: Packet | undefined, { value, mask, field }: Mark): boolean {
  const mark = field === 'ct mark' ? packet?.ctMark : packet?.mark
  return mark !== undefined && (mark & mask) >>> 0 === value >>> 0
}

/**
 * The packet's mark behind step `i` (-1: in front of the first): as the next step shows it, or as the rules that matched have written it; undefined
 * where that is not known. nft's trace shows no mark in the lines of rules.
 */
export function markBehind({ journey, evidence, world }: Context, i: number): number | undefined {
  const { arrivals } = evidence
  const shown = arrivals[i + 1]?.packet.mark
  if (shown !== undefined) return shown >>> 0
  let from = Math.max(i, 0)
  while (from > 0 && arrivals[from]!.packet.mark === undefined) from--
  // what comes in has none
  let mark = arrivals[from]!.packet.mark ?? (journey.packet.in === undefined ? undefined : 0)
  for (let at = from; at <= i; at++) {
    const { rule, packet, hook } = arrivals[at]!
    if (journey.steps[at]!.kind !== 'rule' || !rule || !writesMark(rule)) continue
    const before: EvalContext = {
      packet: { ...packet, ...(mark === undefined ? {} : { mark }) },
      ...{ family: journey.family, world },
      ...(hook === undefined ? {} : { hook }),
    }
    mark = afterAll(rule.statements, before).packet.mark
  }
  return mark === undefined ? undefined : mark >>> 0
}

/** The connection's mark in front of each rule that matched and behind it; undefined where that is not known. */
export const connectionMarks = memo((context: Context) => {
  const { journey, evidence, world } = context
  const { family } = journey
  const marks: { step: number; before: number | undefined; behind: number | undefined }[] = []
  let before = firstConnectionMark(context)
  for (const [step, { kind }] of journey.steps.entries()) {
    const { rule, packet } = evidence.arrivals[step]!
    if (kind !== 'rule' || !rule) continue
    const own = markBehind(context, step - 1)
    const { ctMark: _, ...shown } = packet
    const moment: EvalContext = {
      packet: {
        ...shown,
        ...(own === undefined ? {} : { mark: own }),
        ...(before === undefined ? {} : { ctMark: before }),
      },
      ...{ family, world },
    }
    const written = rule.statements.filter((one) => one.kind === 'set' && /^(meta|ct) mark$/.test(one.field))
    const behind = afterAll(written, moment).packet.ctMark
    marks.push({ step, before, behind })
    before = behind
  }
  return marks
})

/** Before its first packet a connection has none. */
const firstConnectionMark = ({ evidence }: Context): number | undefined => (evidence.nat === 'passed' ? 0 : undefined)

/** As `markBehind`, of the connection's. */
export function connectionMarkBehind(context: Context, i: number): number | undefined {
  const last = connectionMarks(context).findLast(({ step }) => step <= i)
  return last ? last.behind : firstConnectionMark(context)
}

/** May the rule of step `i` change these bits, whatever the packet's mark and its connection's are? Known of rules alone. */
export function mayWriteBits({ evidence, journey, world }: Context, i: number, mask: number): boolean {
  const { rule, packet, hook } = evidence.arrivals[i]!
  if (!rule || !writesMark(rule)) return false
  return [0, ALL].some((mark) => {
    const start = { ...packet, mark, ctMark: ALL - mark }
    const moment: EvalContext = {
      packet: start,
      family: journey.family,
      world,
      ...(hook === undefined ? {} : { hook }),
    }
    const behind = afterAll(rule.statements, moment).packet.mark
    return behind === undefined || ((behind ^ mark) & mask) !== 0
  })
}

const ALL = 0xffffffff

/** With the marks that the packet and its connection had there, where its line does not show them. */
export function markedThere<T extends { step: number; moment: EvalContext }>(context: Context, passed: T): T {
  const { packet } = passed.moment
  const mark = packet.mark ?? markBehind(context, passed.step - 1)
  const ctMark = packet.ctMark ?? connectionMarkBehind(context, passed.step - 1)
  if (mark === packet.mark && ctMark === packet.ctMark) return passed
  const marks = { ...(mark === undefined ? {} : { mark }), ...(ctMark === undefined ? {} : { ctMark }) }
  return { ...passed, moment: { ...passed.moment, packet: { ...packet, ...marks } } }
}

/** `0x1`, `0x1/0xff`. */
export const markText = ({ value, mask }: Mark): string =>
  mask >>> 0 === 0xffffffff ? hex(value) : `${hex(value)}/${hex(mask)}`
