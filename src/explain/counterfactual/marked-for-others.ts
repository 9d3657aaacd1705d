/** A rule that sets a mark, and was not meant for the packet that lacks it. */
import type { Packet } from '../../model/packet.ts'
import { isLocal } from '../../rules/fib.ts'
import { linkNamed } from '../../rules/links.ts'
import { type Context, lastPacket } from '../context.ts'
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
      isForItself(context, missed.miss) ||
      isForThisHost(context, missed.miss, missed.passed.moment.packet) ||
      (isForAnotherLink(context, missed.miss) && isStoppedOnPurpose(context)))
  )
}

/** It names as the source whom nat sends the packet to: it is for what this host asks of itself by the address that nat rewrites. */
function isForItself(context: Context, { condition }: FailedCondition): boolean {
  const { dst } = lastPacket(context)
  return (
    dst !== context.journey.packet.dst &&
    / saddr$/.test(fieldOf(condition) ?? '') &&
    wantedBy(condition).every((one) => one === dst)
  )
}

/** It asks for what is for this host itself, and the packet was for another one already where it came to the rule. */
function isForThisHost({ world, evidence }: Context, { condition }: FailedCondition, { dst }: Packet): boolean {
  const isForwarded = () => evidence.arrivals.some(({ hook, packet }) => hook === 'forward' && packet.dst === dst)
  return (
    fieldOf(condition) === 'fib daddr type' &&
    wantedBy(condition).every((one) => one === 'local') &&
    (isLocal(dst, world.host) ?? !isForwarded()) === false
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
