import { MANGLE } from '../../model/hook.ts'
import type { RuleRef } from '../../model/journey.ts'
import type { Packet } from '../../model/packet.ts'
import { changesOf, propose } from '../changes/change.ts'
import type { Proposal } from '../changes/proposal.ts'
import type { Chosen, Doing } from '../changes/rule-changes.ts'
import { type Context, type Detector, finding } from '../context.ts'
import { isNat, passes } from '../counterfactual/skipped-rules.ts'
import { nftOnly } from '../nft-only/later.ts'
import { nameRef, refAt } from '../refs.ts'
import { acceptsOpening, isAnswer } from '../reply/request-reply.ts'
import { toForward } from './routing.ts'
import { withoutRule } from './verdicts.ts'

/** It had to be forwarded, and its time to live is used up (net/ipv4/ip_forward.c). */
export const vanishedTtl: Detector = {
  code: 'vanished-ttl',
  detect(context) {
    const routed = toForward(context)
    if (!routed || routed.packet.ttl === undefined || routed.packet.ttl > 1) return []
    const lowered = ttlWriter(context)
    const ref = lowered === undefined ? undefined : refAt(context, lowered)
    if (lowered !== undefined && ref)
      return [
        finding(
          'vanished-ttl',
          'error',
          `${nameRef(ref)} set its TTL to ${routed.packet.ttl}, and it must be forwarded: the kernel drops it and replies "time exceeded".`,
          {
            steps: [lowered + 1, context.ended.step + 1],
            rules: [ref],
            fix: withoutRule(context, lowered, ref),
            culprit: lowered,
          },
        ),
      ]
    return [
      finding(
        'vanished-ttl',
        'error',
        `It arrived with TTL ${routed.packet.ttl} and must be forwarded: the kernel drops it and replies "time exceeded".`,
        {
          steps: [context.ended.step + 1],
          fix: [
            ...letThrough(context, routed.packet),
            {
              description:
                'look for a routing loop (traceroute), or for a sender or uplink that sets a small TTL; a rule in mangle PREROUTING can raise the TTL',
              unverified: 'this is not a rule change',
            },
          ],
        },
      ),
    ]
  },
}

/** Index of the step whose rule wrote the TTL last. */
export function ttlWriter({ evidence, journey }: Context): number | undefined {
  const at = evidence.arrivals.findLastIndex(
    ({ rule }, i) =>
      journey.steps[i]!.kind === 'rule' &&
      rule?.statements.some((one) => one.kind === 'set' && /^ip ttl$|^ip6 hoplimit$/.test(one.field)),
  )
  return at < 0 ? undefined : at
}

/** One hop more than this host takes: a packet that goes in a circle still comes to its end. */
const RAISED: Doing = { kind: 'ttl', value: 2 }
const PREROUTING = { name: 'prerouting', type: 'filter', hook: 'prerouting', prio: MANGLE } as const

/** Only of a reply: what asks with so few hops left may be a traceroute, or go in a circle. */
function letThrough(context: Context, { in: from, ...now }: Packet): Proposal[] {
  const { journey, world } = context
  const { family, packet } = journey
  if (family !== 'ip' && family !== 'ip6') return []
  if (from === undefined || (!isAnswer(packet, world) && !acceptsOpening(packet))) return []
  // as it comes in: nat has not given it back to whoever asked
  const chosen: Chosen = {
    ...{ kind: 'such', packet: { ...now, ...packet, in: from } },
    hints: { hook: 'prerouting', answer: true },
  }
  return propose(
    'raise the TTL of such replies, so that this host can forward them',
    raiseTtl(context, family, chosen),
    'whoever sends them may have meant them for this host alone',
  )
}

/** Of such packets, before they are routed. */
export function raiseTtl(context: Context, family: 'ip' | 'ip6', chosen: Chosen) {
  const place: RuleRef = { family, table: 'mangle', chain: 'PREROUTING' }
  const isNft = context.evidence.arrivals.find(({ table }) => table)?.table?.kind === 'nft'
  return isNft ? inNft(context, family, chosen) : changesOf(place).add(place, { chain: place.chain }, chosen, RAISED)
}

/** In the first chain that it met, or in one of its own. */
function inNft(context: Context, family: 'ip' | 'ip6', chosen: Chosen) {
  const met = passes(context).find((pass) => pass.hook === 'prerouting' && pass.table.kind === 'nft' && !isNat(pass))
  const first = met && refAt(context, met.steps[0]!)
  if (!first || first.rule === undefined)
    return nftOnly.loaded.addInNewChain(context.world, { family, name: 'mangle' }, PREROUTING, chosen, RAISED)
  return changesOf(first).add(first, { chain: first.chain, before: first }, chosen, RAISED)
}
