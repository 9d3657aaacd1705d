/** What is said of a rule or policy that ended the journey; shared by the findings that name one. */
import type { RuleRef } from '../../model/journey.ts'
import type { Packet } from '../../model/packet.ts'
import type { WalkedBack } from '../cause.ts'
import { walkBack } from '../cause.ts'
import { acceptBefore, deleteRule } from '../changes.ts'
import type { Context } from '../context.ts'
import type { MatchHints } from '../match-hints.ts'
import type { Changing, Proposal } from '../proposal.ts'
import { isNft, ownerAt, refAt } from '../refs.ts'
import { openingOf } from '../request-reply.ts'
import type { Chosen } from '../rule-changes.ts'
import { withoutEndpoints } from '../without-endpoints.ts'

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

/** In front of what stopped it. */
export const acceptSuch = (context: Context, end: RuleRef): Changing | undefined =>
  acceptBefore(end, context.evidence.arrivals[context.ended.step]!.packet, toldOf(context))

/** The packet, as it was there, and its like. */
export const suchPackets = (context: Context, packet: Packet): Chosen => ({
  kind: 'such',
  packet,
  hints: toldOf(context),
})

function toldOf({ journey, world, evidence, ended }: Context): MatchHints {
  const { hook, table } = evidence.arrivals[ended.step]!
  const answer = openingOf(journey.packet, world) !== undefined
  // before nat has done its work nobody can ask for it
  const behind = hook !== 'prerouting' && !(hook === 'output' && table?.name !== 'filter')
  const rewritten = journey.steps.some(({ changes }) => changes.some(({ field }) => /^d(st|port)$/.test(field)))
  return { hook, answer, rewritten: behind && rewritten }
}

/** Take away the rule of step `i`; first what its owner's users should do instead. */
export function withoutRule(context: Context, i: number, ref: RuleRef): Proposal[] {
  const owner = ownerAt(context, i)
  const remove = deleteRule(ref)
  const found: Proposal[] = []
  if (owner)
    found.push({ description: owner.instead, unverified: 'it is done outside of netfilter', note: writtenBack(owner) })
  if (remove)
    found.push({
      description: `${owner ? 'for now, ' : ''}delete ${numberedRef(ref)}`,
      ...remove,
      unverified: 'not tried',
      note: owner ? writtenBack(owner) : 'every packet that the rule chose goes another way then',
    })
  return found
}

/** Delete or get past the culprit; first what its owner's users should do instead. */
export function fixes(context: Context, { culprit, end, walked }: Blame): Proposal[] {
  // nobody is behind it: letting such packets pass would lead them nowhere
  if (withoutEndpoints(context)) return []
  const found: Proposal[] = []
  const owner = ownerAt(context, walked.culprit)
  if (owner)
    found.push({ description: owner.instead, unverified: 'it is done outside of netfilter', note: writtenBack(owner) })
  const note = owner ? { note: writtenBack(owner) } : {}
  const forNow = owner ? 'for now, ' : ''
  const unverified = { unverified: 'not tried' }
  const accept = acceptSuch(context, end)
  // a mark, or a chain, may be for many; who set it for this service is the one to go
  const through = walked.markSetter !== undefined
  const drop = deleteRule(culprit)
  const remove = drop && {
    description: `${forNow}delete ${numberedRef(culprit)}`,
    ...drop,
    ...unverified,
  }
  if (remove && through)
    found.push({ ...remove, note: note.note ?? 'every packet that the rule chose goes another way then' })
  if (accept)
    found.push({
      description: `${forNow}accept such packets before ${end.ruleNumber === undefined ? `the policy of ${end.chain}` : numberedRef(end)}`,
      ...accept,
      ...unverified,
      note: note.note ?? 'it opens no more than this source, destination and service',
    })
  // without the rule that takes whatever is left, everything is open
  const { rule } = context.evidence.arrivals[walked.culprit]!
  if (remove && !through && rule?.conditions.length !== 0)
    found.push({ ...remove, note: note.note ?? 'it opens all that the rule closed' })
  return found
}

/** nft names its rules by handle. */
const numberedRef = (ref: RuleRef): string =>
  isNft(ref) && ref.handle !== undefined
    ? `handle ${ref.handle} of ${ref.chain}`
    : `rule ${ref.ruleNumber} of ${ref.chain}`

const writtenBack = (owner: { name: string; rewrites: boolean; when: string }): string =>
  `${owner.name} writes its rules back ${owner.when}`
