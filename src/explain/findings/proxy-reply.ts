import { entryAnswered } from '../../rules/conntrack/entries.ts'
import { isLocal } from '../../rules/fib.ts'
import { hex } from '../../rules/iptables/values/numbers.ts'
import { routeDevices } from '../../rules/route.ts'
import type { Proposal } from '../changes/proposal.ts'
import { type Context, type Detector, describeEnd, finding } from '../context.ts'
import { ALL_BITS, markingStep } from '../counterfactual/marked-way.ts'
import { leadByHand, leadHere } from './proxy-missing.ts'
import { forwardingOf, type Routed, toForward } from './routing.ts'

/**
 * A program of this host asked from an address of another host (IP_TRANSPARENT), as proxies do that keep their client's
 * address: the reply has that address as destination, and only a local route keeps it on this host.
 */
export const proxyReply: Detector = {
  code: 'proxy-missing',
  detect(context) {
    const routed = toForward(context)
    if (!routed || !isOfOwnSocket(context, routed)) return []
    const { dst, packet, route } = routed
    const asked = `A program of this host asked ${describeEnd(packet.src, packet.sport)} with the source ${dst}, which is not an address of this host`
    const mark = (packet.mark ?? 0) >>> 0
    const lead = leadHere(context, mark)
    const given = mark === 0 ? undefined : markingStep(context, context.ended.step, { value: mark, mask: ALL_BITS })
    const leads = `the route to ${dst}${mark === 0 ? '' : ` for mark ${hex(mark)}`} leads out of ${routeDevices(route).join(' or ')}`
    return [
      finding('proxy-missing', 'error', `${asked}. The reply needs a local route, but ${leads}.`, {
        steps: [context.ended.step + 1],
        rules: given ? [given.ref] : [],
        ...(given ? { culprit: given.step } : {}),
        fix: lead.length > 0 ? lead : mark === 0 ? [MARK_FIRST] : [leadByHand(hex(mark))],
        // it was not to be forwarded
        settles: 'vanished-forwarding-off',
      }),
    ]
  },
}

const MARK_FIRST: Proposal = {
  description: `in PREROUTING, mark packets that belong to a socket of this host (-m socket --transparent), and ${leadByHand().description}`,
  unverified: 'which marks and table numbers are free is unknown here',
}

/**
 * Conntrack has it as a reply, to what this host cannot have forwarded: so it was sent here. A connection on which both
 * sides went on (assured) may be from a time when it forwarded.
 */
function isOfOwnSocket({ world, journey }: Context, { packet, dst }: Routed): boolean {
  const { host } = world
  const entry = entryAnswered(packet, world)
  if (entry?.original.src !== dst || entry.reply?.dst !== dst || journey.packet.dst !== dst) return false
  if (entry.status.includes('assured')) return false
  const devices = host.links?.map(({ name }) => name) ?? [packet.in!]
  return isLocal(dst, host) === false && devices.every((name) => forwardingOf(host, journey.family, name) === '0')
}
