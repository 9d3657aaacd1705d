import { deviceSysctl } from '../../edits/words.ts'
import { parseAddress } from '../../model/address.ts'
import type { Fix, RuleRef } from '../../model/journey.ts'
import { LIMITED_BROADCAST } from '../../rules/fib.ts'
import { sysctlName } from '../../rules/interface-settings.ts'
import { droppedBy } from '../cause-words.ts'
import { setSysctl } from '../changes/change.ts'
import { NOT_TRIED, type Proposal } from '../changes/proposal.ts'
import { type Context, type Detected, type Detector, finding } from '../context.ts'
import { nameRef, refAt } from '../refs.ts'
import { atRouting, larger } from './routing.ts'

/** Addresses that cannot come from outside; asked before the route (net/ipv4/route.c, ip_route_input_slow). */
export const vanishedMartian: Detector = {
  code: 'vanished-martian',
  detect(context) {
    const routed = atRouting(context)
    if (!routed || context.journey.family !== 'ip' || routed.packet.src === undefined) return []
    const device = routed.packet.in!
    const [src, dst] = [parseAddress(routed.packet.src), parseAddress(routed.dst)]
    if (!src || !dst) return []
    if ((src[0]! >= 224 && src[0]! < 240) || routed.packet.src === LIMITED_BROADCAST)
      return martian(context, device, `${routed.packet.src} cannot be a source`)
    if ((src[0] !== 127 && dst[0] !== 127) || larger(context, device, 'route_localnet')) return []
    const loopback = src[0] === 127 ? routed.packet.src : routed.dst
    const setting = `net.ipv4.conf.${sysctlName(device)}.route_localnet is 0`
    // sent there by a rule of this host's own
    const meant = routed.dst !== context.journey.packet.dst
    const by = meant && dst[0] === 127 ? senderTo(context, routed.dst) : undefined
    // nobody sends with such an address: a rule here made it of another
    if (by)
      return asMartian(
        context,
        `${nameRef(by)} sent it to ${routed.dst}, but packets that come in on ${device} may not go to loopback (${setting})`,
        [allowLoopback(device)],
      )
    const why = `packets with ${loopback} may not come in from outside (${setting})`
    return martian(context, device, why, meant ? [allowLoopback(device)] : [])
  },
}

/** The rule that gave it this destination. */
function senderTo(context: Context, to: string): RuleRef | undefined {
  const step = context.journey.steps.findLastIndex(({ changes }) =>
    changes.some((change) => change.field === 'dst' && change.to === to),
  )
  return step < 0 ? undefined : refAt(context, step)
}

/** Who rewrites destinations to 127.0.0.1 needs it. */
function allowLoopback(device: string): Fix {
  return {
    description: `make ${device} accept packets for 127.0.0.0/8, to which nat sends them`,
    ...setSysctl(deviceSysctl('ipv4', device, 'route_localnet'), 1, 0),
    unverified: NOT_TRIED,
    note: 'neighbours can then reach programs on 127.0.0.1: drop such packets in INPUT unless nat rewrote them',
  }
}

/** With an address that nobody may send. */
export const martian = (context: Context, device: string, why: string, fix: Proposal[] = []): Detected[] =>
  asMartian(context, `it came in on ${device}, and ${why}`, [
    ...fix,
    {
      description: 'check who sends with that address; `sysctl -w net.ipv4.conf.all.log_martians=1` logs them',
      unverified: 'this is not a rule change',
    },
  ])

function asMartian(context: Context, why: string, fix: Proposal[]): Detected[] {
  const { sentence, ...words } = droppedBy('Routing', why, 'a martian')
  return [finding('vanished-martian', 'error', sentence, { ...words, steps: [context.ended.step + 1], fix })]
}
