/** What a change does to others: connections that conntrack lists, and what the same sender asks of other hosts. */
import type { Played } from '../../journey/engine.ts'
import type { ConntrackEntry } from '../../model/host.ts'
import { memo } from '../../model/memo.ts'
import { isPassed } from '../../model/outcome-kinds.ts'
import type { Packet } from '../../model/packet.ts'
import type { World } from '../../model/world.ts'
import { describeEnd } from '../context.ts'
import { answerTo, openingBy, reaches } from '../request-reply.ts'
import { knowsSockets, listener } from '../sockets.ts'
import type { Reproduction } from './reproduce.ts'

/** Each costs some plays for every change that is tried. */
const MOST = 6
/** A dump may list millions, most of them alike. */
const MOST_LOOKED_AT = 2000

/** For documentation (RFC 5737, RFC 3849): nobody's, so the routes treat it as any stranger. */
const STRANGERS = { ip: '198.51.100.253', ip6: '2001:db8:fffe::fd' }

/** The connection that the change breaks; undefined: none that is known. */
export function harmOf({ engine, world, packet, budget }: Reproduction, after: World): string | undefined {
  const [one, other] = [withoutEntries(world), withoutEntries(after)]
  const answered = (where: World, asked: Packet): boolean => {
    const told = engine.play(where, asked, { budget })
    const back = answerTo(asked, told)
    return (
      isPassed(told.ended.outcome) &&
      !isForNobody(told, where) &&
      (!back || reaches(asked, engine.play(where, back, { budget, before: [asked] })) !== false)
    )
  }
  for (const asked of connectionsOf(world)) {
    if (asked.src === packet.src && asked.dst === packet.dst && asked.dport === packet.dport) continue
    if (answered(one, asked) && !answered(other, asked))
      return `${asked.protocol} from ${asked.src} to ${describeEnd(asked.dst, asked.dport)} would fail, which works now`
  }
  return undefined
}

/** Does the change send elsewhere what the same sender asks of other hosts? */
export function leadsOthersAway({ engine, world, packet, budget }: Reproduction, after: World): boolean {
  const [one, other] = [withoutEntries(world), withoutEntries(after)]
  return othersThan(packet, world).some((dst) => {
    const arrives = (where: World) => goesOn(engine.play(where, { ...packet, dst }, { budget }), dst)
    return arrives(one) && !arrives(other)
  })
}

/** A stranger, and neighbours on other links than the packet's. */
function othersThan({ src, dst, in: from }: Packet, { host }: World): string[] {
  const family = dst?.includes(':') ? 'ip6' : 'ip'
  const near = host.neighbours ?? []
  const others = near.filter((one) => one.family === family && one.device !== from && one.mac !== undefined)
  const found = new Set([STRANGERS[family], ...others.slice(0, MOST).map(({ address }) => address)])
  return [...found].filter((one) => one !== src && one !== dst)
}

const isForNobody = ({ ended, packet }: Played, { host }: World): boolean =>
  ended.outcome === 'delivered' &&
  /^(tcp|udp)$/.test(packet.protocol ?? '') &&
  knowsSockets(host, packet.protocol) &&
  listener(host, packet) === undefined

const goesOn = ({ ended, packet }: Played, dst: string): boolean => isPassed(ended.outcome) && packet.dst === dst

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

const isAnswered = ({ protocol, status }: ConntrackEntry): boolean =>
  /^(tcp|udp|icmp|icmpv6)$/.test(protocol) && !status.includes('unreplied')
