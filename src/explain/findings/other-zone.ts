import type { RuleRef } from '../../model/journey.ts'
import { isPassed, isStoppedByRule } from '../../model/outcome-kinds.ts'
import type { Packet } from '../../model/packet.ts'
import type { Rule } from '../../model/ruleset.ts'
import { entryAnswered } from '../../rules/conntrack/entries.ts'
import { mappedNumber } from '../../rules/nft/map.ts'
import { changesOf, propose } from '../changes/change.ts'
import { type Context, type Detector, finding, lastPacket, moment } from '../context.ts'
import { beforeTracking } from '../counterfactual/what-if.ts'
import { nameRef, refOf } from '../refs.ts'
import { openingOf } from '../reply/request-reply.ts'

/** Connection tracking looks for the answer's connection in another zone than the one that the request was put into. */
export const otherZone: Detector = {
  code: 'other-zone',
  detect(context) {
    const { journey, world } = context
    const isStopped = isStoppedByRule(journey.outcome)
    const kept = isStopped ? undefined : keptAddress(context)
    if (!isStopped && kept === undefined) return []
    const opening = openingOf(journey.packet, world)
    if (!opening) return []
    const [asked, answered] = [zoneOf(context, opening), zoneOf(context, journey.packet)]
    if (asked === undefined || answered === undefined || asked.zone === answered.zone) return []
    const put = ({ zone, given }: Zone, what: string) =>
      given ? `${nameRef(given.ref)} puts ${what} into zone ${zone}` : `no rule assigns a zone to ${what}`
    const message = `The zones differ: ${put(asked, 'the request')}, but ${put(answered, 'the reply')}. So conntrack treats the reply as part of another connection${kept ?? ''}.`
    const refs = [asked, answered].flatMap(({ given }) => (given ? [given.ref] : []))
    const { ref, rule } = asked.given ?? {}
    const such = { kind: 'such', packet: journey.packet, hints: { hook: 'prerouting', answer: true } } as const
    const replies =
      ref && rule && !answered.given
        ? propose(
            `put such replies into zone ${asked.zone} too`,
            changesOf(ref).add(ref, { chain: ref.chain }, such, { kind: 'like', rule }),
            'replies of other services need a rule of their own',
          )
        : []
    const given = asked.given ? undefined : answered.given
    const requests =
      given && opening.in !== undefined
        ? propose(
            `put such requests into zone ${answered.zone} too`,
            changesOf(given.ref).add(
              given.ref,
              { chain: given.ref.chain },
              { kind: 'such', packet: opening, hints: { hook: 'prerouting' } },
              { kind: 'like', rule: given.rule },
            ),
            'requests for other services need a rule of their own',
          )
        : []
    return [
      finding('other-zone', isStopped ? 'warning' : 'error', message, { rules: refs, fix: [...replies, ...requests] }),
    ]
  },
}

/** What the reply keeps that nat had to undo, where it went on; undefined where nothing had to be, or it was. */
function keptAddress(context: Context): string | undefined {
  const { journey, world } = context
  const entry = entryAnswered(journey.packet, world)
  if (!entry || !isPassed(journey.outcome)) return undefined
  const { original, reply } = entry
  const { src, dst } = lastPacket(context)
  if (reply.dst !== original.src && dst === reply.dst)
    return ` and does not undo NAT: the reply stays addressed to ${reply.dst}, and does not reach ${original.src}`
  if (reply.src !== original.dst && src === reply.src)
    return ` and does not undo NAT: the reply keeps the source ${reply.src}, but the client contacted ${original.dst}`
  return undefined
}

interface Zone {
  zone: number
  /** Absent: no rule gives it one. */
  given?: { ref: RuleRef; rule: Rule }
}

/** Undefined: that is not known, or the zone is of one direction alone. */
function zoneOf(context: Context, packet: Packet): Zone | undefined {
  const { original, reply, given } = zonesOf(context, packet) ?? {}
  return original === undefined || original !== reply ? undefined : { zone: original, ...(given ? { given } : {}) }
}

/** Of both directions. Undefined: not known. */
export function zonesOf(
  context: Context,
  packet: Packet,
): { original: number; reply: number; given?: Zone['given'] } | undefined {
  let found: ReturnType<typeof zonesOf> = { original: 0, reply: 0 }
  const { hook } = context.evidence.arrivals[0] ?? {}
  for (const { table, walked } of beforeTracking(context, packet)) {
    for (const { chain, rule } of walked.matched)
      for (const one of rule.statements) {
        if (one.kind !== 'set') continue
        const [matched, of] = /^ct (original |reply )?zone$/.exec(one.field) ?? []
        if (!matched) continue
        const zone = one.map ? mappedNumber(one.map, moment(context, packet, hook)) : one.value
        if (typeof zone !== 'number') return undefined
        const [original, reply] = [of === 'reply ' ? 0 : zone, of === 'original ' ? 0 : zone]
        found = { original, reply, given: { ref: refOf(context, table.name, chain, rule), rule } }
      }
    if (walked.ending === 'unknown') return undefined
  }
  return found
}
