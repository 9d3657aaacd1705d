/** What is said of a rule or policy that ended the journey; shared by the findings that name one. */
import type { Fix, RuleRef } from '../../model/journey.ts'
import type { WalkedBack } from '../cause.ts'
import { walkBack } from '../cause.ts'
import { acceptBefore, deleteRule } from '../commands.ts'
import type { Context } from '../context.ts'
import { ownerAt, refAt } from '../refs.ts'

export interface Blame {
  walked: WalkedBack
  /** The rule that ended it. */
  end: RuleRef
  /** The rule to look at. */
  culprit: RuleRef
  /** All rules of the cause, the most telling first. */
  rules: RuleRef[]
  steps: number[]
}

/** Undefined where the last step has no rule (a LOG line). */
export function blame(context: Context): Blame | undefined {
  const walked = walkBack(context)
  const [end, culprit] = [refAt(context, context.ended.step), refAt(context, walked.culprit)]
  if (!end || !culprit) return undefined
  const rules = [...walked.cause].reverse().map((one) => one.rule)
  return { walked, end, culprit, rules, steps: walked.cause.map((one) => one.step) }
}

/** Delete or get past the culprit; first what its owner's users should do instead. */
export function fixes(context: Context, { culprit, end, walked }: Blame): Fix[] {
  const found: Fix[] = []
  const owner = ownerAt(context, walked.culprit)
  if (owner)
    found.push({ description: owner.instead, unverified: 'it is done outside of netfilter', note: writtenBack(owner) })
  const note = owner ? { note: writtenBack(owner) } : {}
  const forNow = owner ? 'for now, ' : ''
  const unverified = { unverified: 'not tried' }
  const packet = context.evidence.arrivals[context.ended.step]!.packet
  const accept = acceptBefore(end, packet)
  const through = walked.markSetter !== undefined || walked.culprit !== context.ended.step
  const drop = deleteRule(culprit)
  const remove = drop && {
    description: `${forNow}delete rule ${culprit.ruleNumber} of ${culprit.chain}`,
    ...drop,
    ...unverified,
  }
  if (remove && through)
    found.push({ ...remove, note: note.note ?? 'every packet that the rule chose goes another way then' })
  if (accept)
    found.push({
      description: `${forNow}accept such packets before ${end.ruleNumber === undefined ? `the policy of ${end.chain}` : `rule ${end.ruleNumber} of ${end.chain}`}`,
      ...accept,
      ...unverified,
      note: note.note ?? 'it opens no more than this source, destination and service',
    })
  if (remove && !through) found.push({ ...remove, note: note.note ?? 'it opens all that the rule closed' })
  return found
}

const writtenBack = (owner: { name: string; rewrites: boolean; when: string }): string =>
  `${owner.name} writes its rules back ${owner.when}`
