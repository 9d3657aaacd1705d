/** A rule that sets a mark, and was not meant for the packet that lacks it. */
import { linkNamed } from '../../rules/links.ts'
import type { Context } from '../context.ts'
import { isForAnother, wantedBy } from './distance.ts'
import { type FailedCondition, fieldOf, isNegated } from './failed-condition.ts'
import { markAsked, type WhyUnmarked } from './marks.ts'

/** What sets the mark may be there for another host or service, and an exemption is meant so. */
export function isForOthers(context: Context, why: WhyUnmarked): boolean {
  const missed = why.kind === 'missed' ? why.missed[0] : undefined
  return (
    missed !== undefined &&
    (isNegated(missed.miss.condition) ||
      isForAnother(missed.miss, missed.passed.moment.packet) ||
      (isForAnotherLink(context, missed.miss) && isStoppedOnPurpose(context)))
  )
}

/** What comes by another link that is there, as far as the links are known. */
export function isForAnotherLink({ world: { host } }: Context, { condition }: FailedCondition): boolean {
  const isOfLink = /ifname$/.test(fieldOf(condition) ?? '')
  return isOfLink && (!host.links || wantedBy(condition).some((name) => linkNamed(host, `${name}`)))
}

/** By a rule that asks for such packets, and for no mark: what has the mark is let through before it, and it is for others. */
function isStoppedOnPurpose({ ended, evidence }: Context): boolean {
  const conditions = evidence.arrivals[ended.step]?.rule?.conditions ?? []
  return conditions.length > 0 && !conditions.some(markAsked)
}
