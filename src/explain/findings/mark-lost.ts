/** A rule took a mark away from the packet that another rule, or whoever sent it here, had given it. */
import type { RuleRef } from '../../model/journey.ts'
import type { Statement } from '../../model/statement.ts'
import { hex } from '../../rules/iptables/values/numbers.ts'
import { changesOf, propose } from '../changes/change.ts'
import type { Proposal } from '../changes/proposal.ts'
import type { Context } from '../context.ts'
import { type Mark, markBehind } from '../counterfactual/mark-behind.ts'
import { markAsked, type WhyUnmarked } from '../counterfactual/marks.ts'
import { nameRef, refAt } from '../refs.ts'
import { numberedRef, withoutRule } from './verdicts.ts'

export interface Described {
  words: string
  refs: RuleRef[]
  fix: Proposal[]
}

export function lost(context: Context, mark: Mark, { step, setter }: WhyUnmarked & { kind: 'lost' }): Described {
  const by = setter === undefined ? undefined : refAt(context, setter)
  const copies = restoresMark(context, step)
  const did = lostTo(context, mark, step)
  // such a copy takes whatever anybody has set
  const words = copies ? `${did} by copying the connmark` : by ? `${did} after ${nameRef(by)} had set it` : did
  const told = without(context, step, words)
  const [ref] = told.refs as [RuleRef]
  const fix = copies
    ? skipMarked(ref, mark)
    : [
        ...spare(context, mark, step, ref),
        ...narrow(context, mark, step, ref),
        ...(isOverwritten(context, mark, step) ? skipMarked(ref, mark) : []),
      ]
  return { ...told, refs: [ref, ...(by ? [by] : [])], fix: [...fix, ...told.fix] }
}

/** A rule for more packets gives a mark of its own to those that had one: all others need it. */
const isOverwritten = (context: Context, { mask, field }: Mark, step: number): boolean =>
  field !== 'ct mark' && ((markBehind(context, step) ?? 0) & mask) !== 0

/** In place of the mark there is none, or another one. */
function lostTo(context: Context, { mask, field }: Mark, step: number): string {
  const written = field === 'ct mark' ? writtenBy(context, step, field)?.value : markBehind(context, step)
  const now = (written ?? 0) >>> 0
  return (now & mask) === 0 ? 'cleared it' : `overwrote it with ${hex(now)}`
}

/** It writes the mark of the connection over the packet's: whoever has set other bits loses them. */
export const restoresMark = ({ evidence }: Context, step: number): boolean =>
  evidence.arrivals[step]!.rule?.statements.some(
    (one) =>
      one.kind === 'set' && one.field === 'meta mark' && typeof one.value === 'object' && one.value.field === 'ct mark',
  ) ?? false

function skipMarked(ref: RuleRef, { value, mask }: Mark): Proposal[] {
  const past = changesOf(ref).add(
    ref,
    { chain: ref.chain, before: ref },
    { kind: 'marked', mark: { value, mask } },
    { kind: 'return' },
  )
  return propose(`let packets with this mark skip ${numberedRef(ref)}`, past, 'they skip the rest of the chain')
}

const isWrite = (one: Statement, field: string) => one.kind === 'set' && one.field === field

/** What a rule with one such statement writes; undefined where it copies, or turns bits over. */
export function writtenBy(
  { evidence }: Context,
  step: number,
  field: string,
): Pick<Mark, 'value' | 'mask'> | undefined {
  const [one, ...more] = evidence.arrivals[step]!.rule?.statements.filter((each) => isWrite(each, field)) ?? []
  if (one?.kind !== 'set' || typeof one.value !== 'number' || more.length > 0) return undefined
  const [value, mask] = [one.value >>> 0, (one.mask ?? -1) >>> 0]
  return (value & ~mask) === 0 ? { value, mask } : undefined
}

/** The rule leaves these bits as they are: it wrote more of the mark than is its own. */
function spare(context: Context, { mask, field = 'meta mark' }: Mark, step: number, ref: RuleRef): Proposal[] {
  const written = writtenBy(context, step, field)
  if (!written) return []
  const [value, rest] = [(written.value & ~mask) >>> 0, (written.mask & ~mask) >>> 0]
  // it is there for these bits alone
  if (rest === 0) return []
  return propose(
    `make ${numberedRef(ref)} leave bits ${hex(mask)} of the mark as they are`,
    changesOf(ref).setMark(ref, { value, mask: rest }),
    'first check whether later rules count on these bits being cleared',
  )
}

/** The rule asks for one bit, which many marks have: it is to compare all of the mark that it does not write. */
function narrow(context: Context, { mask, field }: Mark, step: number, ref: RuleRef): Proposal[] {
  const { rule } = context.evidence.arrivals[step]!
  const before = field === 'ct mark' ? undefined : markBehind(context, step - 1)
  const asked = rule?.conditions.map(markAsked).filter((one) => one !== undefined) ?? []
  const [only] = asked
  if (before === undefined || asked.length !== 1 || !only || only.not || (only.mask & mask) !== 0) return []
  const rest = ~mask >>> 0
  if ((before & rest) >>> 0 === only.value >>> 0) return []
  return propose(
    `make ${numberedRef(ref)} match only mark ${hex(only.value)} without other bits`,
    changesOf(ref).askForMark(ref, { value: only.value >>> 0, mask: rest }),
    `the packet's mark ${hex(before)} has this bit among others`,
  )
}

export function without(context: Context, step: number, did: string): Described {
  const ref = refAt(context, step)!
  return { words: `${nameRef(ref)} ${did}`, refs: [ref], fix: withoutRule(context, step, ref) }
}
