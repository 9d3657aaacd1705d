import { baseChainsAt } from '../../journey/base-chains.ts'
import type { Hook } from '../../model/hook.ts'
import type { RuleRef } from '../../model/journey.ts'
import { memo } from '../../model/memo.ts'
import { isPassed, isStoppedByRule } from '../../model/outcome-kinds.ts'
import type { Packet } from '../../model/packet.ts'
import type { Rule, Table } from '../../model/ruleset.ts'
import { zoneOf as listedZone } from '../../rules/conntrack/connection.ts'
import { entryAnswered } from '../../rules/conntrack/entries.ts'
import { mappedNumber } from '../../rules/nft/map.ts'
import { changesOf, propose } from '../changes/change.ts'
import type { Chosen, Doing } from '../changes/rule-changes.ts'
import { type Context, type Detector, describeEnd, finding, lastPacket, moment } from '../context.ts'
import { beforeTracking, TRACKING } from '../counterfactual/what-if.ts'
import { nftOnly } from '../nft-only/later.ts'
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
    const opening = context.evidence.answers ?? openingOf(journey.packet, world)
    if (!opening) return []
    const [asked, answered] = [zoneAsked(context, opening), zoneOf(context, journey.packet)]
    if (asked === undefined || answered === undefined || asked.zone === answered.zone) return []
    const put = ({ zone, given }: Zone, what: string) =>
      given
        ? `${nameRef(given.ref)} puts ${what} into zone ${zone}`
        : zone === 0
          ? `no rule assigns a zone to ${what}`
          : `conntrack has ${what} in zone ${zone}`
    const message = `The zones differ: ${put(asked, 'the request')}, but ${put(answered, 'the reply')}. So conntrack treats the reply as part of another connection${kept ?? ''}.`
    const refs = [asked, answered].flatMap(({ given }) => (given ? [given.ref] : []))
    const replies = answered.given
      ? []
      : alike(context, asked, journey.packet, 'replies', 'replies of other services need a rule of their own')
    const requests = asked.given
      ? []
      : alike(context, answered, opening, 'requests', 'requests for other services need a rule of their own')
    return [
      finding('other-zone', isStopped ? 'warning' : 'error', message, { rules: refs, fix: [...replies, ...requests] }),
    ]
  },
}

/** A rule that puts such packets into the zone of the other direction, where they meet connection tracking. */
function alike(context: Context, { zone, given }: Zone, packet: Packet, what: string, note: string) {
  if (!given) return []
  const { ref, rule } = given
  const hook = packet.in === undefined ? 'output' : 'prerouting'
  const chain = chainAt(context, ref, hook)
  const hints = { hook, ...(what === 'replies' ? { answer: true } : {}) } as const
  const such = { kind: 'such', packet, hints } as const
  const doing = { kind: 'like', rule } as const
  const change =
    chain === undefined ? inOwnChain(context, ref, hook, such, doing) : changesOf(ref).add(ref, { chain }, such, doing)
  return propose(`put such ${what} into zone ${zone} too`, change, note)
}

/** A table of nft's may have no chain at that hook that comes before connection tracking. */
function inOwnChain({ world }: Context, { table, family }: RuleRef, hook: Way, chosen: Chosen, doing: Doing) {
  const own = world.tables.find((one) => one.name === table && one.family === family)
  if (own?.kind !== 'nft') return undefined
  const base = { name: `zone_${hook}`, type: 'filter', hook, prio: RAW } as const
  return nftOnly.loaded.addInNewChain(world, own, base, chosen, doing)
}

type Way = 'output' | 'prerouting'
/** The priority `raw`. */
const RAW = -300

/** The rule's own, or that of its table at the hook which the packet comes to first. */
function chainAt({ world, journey }: Context, { table, chain, family }: RuleRef, hook: Hook): string | undefined {
  if (journey.family !== 'ip' && journey.family !== 'ip6') return undefined
  const own = world.tables.find((one) => one.name === table && one.family === family)?.chains.get(chain)
  if (own?.hook === undefined || own.hook === hook) return chain
  return baseChainsAt(world, journey.family, hook, false).find(
    (base) => base.table.name === table && base.table.family === family && base.priority < TRACKING,
  )?.chain.name
}

/** What the reply keeps that nat had to undo, where it went on; undefined where nothing had to be, or it was. */
function keptAddress(context: Context): string | undefined {
  const { journey, world } = context
  const entry = entryAnswered(journey.packet, world)
  if (!entry || !isPassed(journey.outcome)) return undefined
  const { original, reply } = entry
  const { src, sport, dst } = lastPacket(context)
  if (reply.dst !== original.src && dst === reply.dst)
    return ` and does not undo NAT: the reply stays addressed to ${reply.dst}, and does not reach ${original.src}`
  if (reply.src !== original.dst && src === reply.src)
    return ` and does not undo NAT: the reply keeps the source ${reply.src}, but the client contacted ${original.dst}`
  // REDIRECT of what was for this host changes the port alone
  if (reply.sport !== original.dport && src === reply.src && sport === reply.sport)
    return ` and does not undo NAT: the reply keeps the source ${describeEnd(reply.src, reply.sport)}, but the client contacted ${describeEnd(original.dst, original.dport)}`
  return undefined
}

interface Zone {
  zone: number
  /** Absent: no rule gives it one. */
  given?: { ref: RuleRef; rule: Rule }
}

/** Of the request, as its entry shows it: by which interface it came is only inferred, and another one's rule may have put it there. */
function zoneAsked(context: Context, opening: Packet): Zone | undefined {
  const { journey, world } = context
  const inferred = zoneOf(context, opening)
  const entry = entryAnswered(journey.packet, world)
  const listed = entry && listedZone(entry)
  if (!listed || listed.original === 0 || listed.original !== listed.reply || listed.original === inferred?.zone)
    return inferred
  const zone = listed.original
  const others = (world.host.links ?? []).map(({ name }) => zoneOf(context, { ...opening, in: name }))
  return others.find((one) => one?.zone === zone) ?? { zone }
}

/** Undefined: that is not known, or the zone is of one direction alone. */
function zoneOf(context: Context, packet: Packet): Zone | undefined {
  const { original, reply, given } = zonesOf(context, packet) ?? {}
  return original === undefined || original !== reply ? undefined : { zone: original, ...(given ? { given } : {}) }
}

const givesZones = memo(({ chains }: Table): boolean =>
  [...chains.values()].some(({ rules }) =>
    rules.some(({ statements }) => statements.some((one) => one.kind === 'set' && / zone$/.test(one.field))),
  ),
)

/** Of both directions. Undefined: not known. What a table without zones does with the packet is all the same here: it came on. */
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
    if (walked.ending === 'unknown' && givesZones(table)) return undefined
  }
  return found
}
