/**
 * A program of this host asked from an address of another host (IP_TRANSPARENT), as proxies do that keep their client's
 * address: the reply has that address as destination, and only a local route keeps it on this host.
 */
import type { Proposal } from '../../../explain/changes/proposal.ts'
import { describeEnd, finding } from '../../../explain/context.ts'
import { leadByHand, leadHere } from '../../../explain/findings/proxy-missing.ts'
import { refOfStep } from '../../../explain/refs.ts'
import type { Finding, Journey } from '../../../model/journey.ts'
import type { World } from '../../../model/world.ts'
import { isLocal } from '../../../rules/fib.ts'
import { hex } from '../../../rules/iptables/values/numbers.ts'
import { leadsHere, lookupRoute, questionOf, routeDevices } from '../../../rules/route.ts'

const MARK_FIRST: Proposal = {
  description: `in PREROUTING, mark packets that belong to a socket of this host (-m socket --transparent), and ${leadByHand().description}`,
  unverified: 'which marks and table numbers are free is unknown here',
}

/** Of a reply to what this host itself has asked, which it forwarded or lost where it routes. */
export function toProxy({ journey, world }: { journey: Journey; world: World }): Finding | undefined {
  const { packet, steps } = journey
  const { src, sport, dst } = packet
  if (dst === undefined || isLocal(dst, world.host) !== false) return undefined
  const marked = steps.findLast(({ hook, changes }) => hook === 'prerouting' && changes.some(isMark))
  const mark = Number(marked?.changes.find(isMark)?.to ?? packet.mark ?? 0) >>> 0
  const question = questionOf({ ...packet, mark })
  const route = question && lookupRoute(question, world.host)
  // unknown, or not what is missing
  if (route === undefined || (route && leadsHere(route))) return undefined
  const lead = leadHere({ journey, world }, mark)
  const ref = marked && refOfStep(marked)
  const of = mark === 0 ? '' : ` for mark ${hex(mark)}`
  const asked = `a program of this host asked ${describeEnd(src, sport)} with the source ${dst}, which is not an address of this host`
  const leads = route
    ? `The route to ${dst}${of} leads out of ${routeDevices(route).join(' or ')}`
    : `There is no route to ${dst}${of}`
  return finding('proxy-missing', 'error', `No local route keeps the reply on this host: ${asked}. ${leads}.`, {
    rules: ref ? [ref] : [],
    fix: lead.length > 0 ? lead : [mark === 0 ? MARK_FIRST : leadByHand(hex(mark))],
  })
}

const isMark = ({ field }: { field: string }): boolean => field === 'mark'
