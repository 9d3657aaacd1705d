/** What a change does to others: connections that conntrack lists, and what the same sender asks of other hosts. */
import type { Played } from '../../journey/engine.ts'
import type { ConntrackEntry } from '../../model/host.ts'
import { memo } from '../../model/memo.ts'
import { isPassed } from '../../model/outcome-kinds.ts'
import type { Packet } from '../../model/packet.ts'
import type { World } from '../../model/world.ts'
import { isUnreplied } from '../../rules/conntrack/entries.ts'
import { isForNobody } from '../../rules/sockets.ts'
import { describeEnd } from '../context.ts'
import { otherWay } from '../host/other-way.ts'
import { astray } from '../host/routes.ts'
import { answerTo, openingBy, reaches } from '../reply/request-reply.ts'
import type { Reproduction } from './reproduce.ts'

/** Each costs some plays for every change that is tried. */
const MOST = 6
/** A dump may list millions, most of them alike. */
const MOST_LOOKED_AT = 2000

/** For documentation (RFC 5737, RFC 3849): nobody's, so the routes treat it as any stranger. */
const STRANGERS = { ip: '198.51.100.253', ip6: '2001:db8:fffe::fd' }

/** The connection that the change breaks; undefined: none that is known. */
export function harmOf(reproduction: Reproduction, after: World): string | undefined {
  const broken = working(reproduction).find((asked) => !isAnsweredIn(reproduction, after, asked))
  if (!broken) return undefined
  const over = broken.in !== undefined && broken.in === beside(reproduction)?.in ? ` over ${broken.in}` : ''
  return `${broken.protocol} from ${broken.src} to ${describeEnd(broken.dst, broken.dport)}${over} works now, and would fail after this change`
}

/** The same packet over the other interface by which its sender reaches this host; of that side's frames nothing is known. */
const beside = memo(({ packet, world }: Reproduction): Packet | undefined => {
  const other = otherWay(packet, world.host)
  const { srcMac: _, dstMac: __, ...asked } = packet
  return other === undefined ? undefined : { ...asked, in: other }
})

/** Does the change send elsewhere what the same sender asks of other hosts? */
export const leadsOthersAway = (reproduction: Reproduction, after: World): boolean =>
  reached(reproduction).some((dst) => !arrives(reproduction, after, dst))

// asked again for every change that is tried
const working = memo((reproduction: Reproduction): readonly Packet[] => {
  const { world, packet } = reproduction
  const isOwn = (asked: Packet) => asked.src === packet.src && asked.dst === packet.dst && asked.dport === packet.dport
  const others = connectionsOf(world).filter((asked) => !isOwn(asked))
  const same = beside(reproduction)
  return (same ? [...others, same] : others).filter((asked) => isAnsweredIn(reproduction, world, asked))
})

const reached = memo((reproduction: Reproduction): readonly string[] =>
  othersThan(reproduction.packet, reproduction.world).filter((dst) => arrives(reproduction, reproduction.world, dst)),
)

function isAnsweredIn({ engine, budget }: Reproduction, world: World, asked: Packet): boolean {
  const where = withoutEntries(world)
  const told = engine.play(where, asked, { budget })
  if (!isPassed(told.ended.outcome) || isRefused(told, where) || astray(told.packet, where.host, undefined, asked.dst))
    return false
  const back = answerTo(asked, told, where.host)
  const answer = back && engine.play(where, back, { budget, before: [asked] })
  return !answer || (reaches(asked, answer) !== false && !astray(answer.packet, where.host))
}

function arrives({ engine, packet, budget }: Reproduction, world: World, dst: string): boolean {
  const told = engine.play(withoutEntries(world), { ...packet, dst }, { budget })
  // a route that leads astray leads to nobody
  return isPassed(told.ended.outcome) && told.packet.dst === dst && !astray(told.packet, world.host)
}

/** A stranger, and neighbours on other links than the packet's. */
function othersThan({ src, dst, in: from }: Packet, { host }: World): string[] {
  const family = dst?.includes(':') ? 'ip6' : 'ip'
  const near = host.neighbours ?? []
  const others = near.filter((one) => one.family === family && one.device !== from && one.mac !== undefined)
  const found = new Set([STRANGERS[family], ...others.slice(0, MOST).map(({ address }) => address)])
  return [...found].filter((one) => one !== src && one !== dst)
}

const isRefused = ({ ended, packet }: Played, { host }: World): boolean =>
  ended.outcome === 'delivered' && /^(tcp|udp)$/.test(packet.protocol ?? '') && isForNobody(host, packet)

/** What asks is new: nat is asked again. */
const withoutEntries = (world: World): World =>
  world.host.conntrack ? { ...world, host: { ...world.host, conntrack: [] } } : world

/** Of different services, as they began; those that were answered. */
const connectionsOf = memo(({ host }: World): readonly Packet[] => {
  const found = new Map<string, Packet>()
  for (const entry of (host.conntrack ?? []).slice(0, MOST_LOOKED_AT)) {
    const asked = isAnswered(entry) ? openingBy(entry, host) : undefined
    const key = asked && [asked.protocol, asked.dst, asked.dport, asked.in].join(' ')
    if (key !== undefined && !found.has(key)) found.set(key, asked!)
    if (found.size >= MOST) break
  }
  return [...found.values()]
})

const isAnswered = (entry: ConntrackEntry): boolean =>
  /^(tcp|udp|icmp|icmpv6)$/.test(entry.protocol) && !isUnreplied(entry)
