/** A reply that leaves by another interface than the one whose address was asked, led back out of that one. */
import { applyEdits } from '../../edits/apply.ts'
import type { OneCause } from '../../model/for-reports.ts'
import type { Host, RoutingRule } from '../../model/host.ts'
import type { Fix, Journey } from '../../model/journey.ts'
import { isPassed } from '../../model/outcome-kinds.ts'
import type { World } from '../../model/world.ts'
import { hasAddress } from '../../rules/fib.ts'
import { leadsOutOf, lookupRoute, questionOf, wayBackOf } from '../../rules/route.ts'
import type { Proposal } from '../changes/proposal.ts'
import { markUplink, replyByOwnLink, restoreMark, uplinkWithoutMark } from '../findings/later.ts'
import { backByMain } from '../host/back-by-main.ts'
import { addWayBack } from '../host/routes.ts'
import type { Reproduced } from '../verify-fixes/reproduce.ts'

/** The address that was asked is one of the interface by which the request came, and none of the one by which its reply leaves. */
export const isOtherUplink = (host: Host, asked: string, came: string, left: string): boolean =>
  left !== came && left !== 'lo' && hasAddress(host, came, asked) && !hasAddress(host, left, asked)

/** Of a request whose reply is played. */
export const leavesElsewhere = (left: string, came: string): string =>
  `its reply would leave by ${left}, not by ${came}`

/** As one of several causes. */
export function leavingCause(left: string, came: string): OneCause {
  return { clause: leavesElsewhere(left, came), item: `its reply's route (by ${left}, not by ${came})` }
}

export interface OtherUplink {
  why: string
  cause: OneCause
  /** What leads the reply back. */
  fix: Proposal[]
}

/**
 * A router behind another uplink takes the reply for forged, or for a reply to nothing: it has an address of the uplink by
 * which the request came. Whom the other link reaches without a router gets it.
 */
export function byOtherUplink({ told, asked, answer }: Required<Reproduced>, host: Host): OtherUplink | undefined {
  const { packet, ended } = answer
  const [came, left, dst] = [asked.in, packet.out, asked.dst]
  if (came === undefined || left === undefined || dst === undefined || !isPassed(ended.outcome)) return undefined
  if (told.ended.outcome !== 'delivered' || packet.src !== dst || !isOtherUplink(host, dst, came, left))
    return undefined
  const question = questionOf(packet)
  const route = question && lookupRoute(question, host)
  if (route?.type !== 'unicast' || (route.gateway === undefined && !route.nexthops)) return undefined
  return { why: leavesElsewhere(left, came), cause: leavingCause(left, came), fix: replyByOwnLink(asked, dst, host) }
}

/**
 * By the table that is there for that interface, or by a route for this sender alone; as far as routes tell. `mark`: the
 * reply's, which rules have given it.
 */
export function backOut(journey: Journey, world: World, dst: string, came: string, mark = 0): Fix[] {
  const { packet, outcome, steps } = journey
  const { host } = world
  if (packet.src === undefined) return []
  const isForwarded = outcome === 'forwarded'
  const last = steps.at(-1)
  // a reply that this host forwards is routed with the source and the port that it comes in with, before nat undoes itself
  const behind = isForwarded ? steps.findLast((one) => one.dst !== undefined) : undefined
  const reply = {
    ...wayBackOf(
      { ...packet, ...(behind?.dport === undefined ? {} : { dport: behind.dport }) },
      behind?.dst ?? dst,
      mark,
    ),
    ...(isForwarded && last?.out !== undefined ? { in: last.out } : {}),
  }
  const meant = uplinkWithoutMark(journey, world, came)?.fix ?? []
  const restored = restoreMark(journey, world, dst, came)
  const spared = isForwarded ? backByMain(reply, came, host) : []
  const isMeant = [...meant, ...restored, ...spared].length > 0
  const marked = isMeant ? undefined : markUplink(journey, world, dst, came)
  const checked = (fixes: readonly Proposal[], by = mark) =>
    fixes.filter(({ edits = [] }) => {
      const after = applyEdits(world, edits)
      return !('error' in after) && leadsOutOf(lookupRoute({ ...reply, mark: by }, after.world.host), came)
    })
  const elsewhere = `everything sent to ${packet.src} then leaves by ${came}, replies to what came in elsewhere too`
  const routed = [
    ...checked(outcome === 'delivered' ? replyByOwnLink({ ...packet, in: came }, dst, host) : []),
    ...checked(spared),
    ...(marked ? checked(marked.fix, (mark | marked.mark) >>> 0) : []),
    ...checked(addWayBack(packet, host, elsewhere)),
  ].map((fix) => ({ ...fix, unverified: `only the reply's route was checked: it would then leave by ${came}` }))
  // what was meant to lead replies back goes before a route for this client alone
  return [...meant, ...restored, ...routed]
}

/**
 * A routing rule for the address that was asked whose table leads back out of that interface, and that is for some of such
 * replies alone, or for none of those that are forwarded: nat gives them that source behind routing.
 */
export function ruleOfOthers(
  { packet, outcome }: Journey,
  { host }: World,
  dst: string,
  came: string,
): RoutingRule | undefined {
  const reply = wayBackOf(packet, dst, 0)
  return host.routingRules?.find((rule) => {
    const { family, priority, from, to, action, not } = rule
    const isOfSome = (rule.uid ?? rule.protocol ?? rule.sport ?? rule.dport ?? rule.tos) !== undefined
    if (from === undefined || not || !(isOfSome || outcome === 'forwarded')) return false
    const whole: RoutingRule = { family, priority, from, action, ...(to === undefined ? {} : { to }) }
    return leadsOutOf(lookupRoute(reply, { ...host, routingRules: [whole] }), came)
  })
}
