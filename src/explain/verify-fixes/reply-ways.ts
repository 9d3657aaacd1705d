/** What is to be known of a change that does good: how the reply leaves, and on what it depends whether it gets back. */
import type { Played } from '../../journey/engine.ts'
import type { Host } from '../../model/host.ts'
import { isRefusal } from '../../model/icmp-error.ts'
import { isPassed } from '../../model/outcome-kinds.ts'
import type { World } from '../../model/world.ts'
import { routedDevice } from '../../rules/bridge-calls.ts'
import { isLocalCondition } from '../../rules/fib.ts'
import { linkNamed } from '../../rules/links.ts'
import { listener } from '../../rules/sockets.ts'
import { isNotListed } from '../../rules/unshown.ts'
import { leavesElsewhere } from '../reply/back-out.ts'
import { reaches, refusesOpening } from '../reply/request-reply.ts'
import type { Reproduced, Reproduction } from './reproduce.ts'

export type Arrived = Reproduced & { told: Played }

export interface Way extends Arrived {
  /** What was assumed of conditions that nobody can know. */
  assumed: ReadonlyMap<string, Assumed>
}

export interface Assumed {
  holds: boolean
  reason: string
}

/** At most so many conditions are left to chance, each either way. */
export const MOST_OPEN = 4

/** What is not shown may hold in one rule and not in another, which are more ways than two. */
export const isTriable = (condition: string, reason: string, assumed: ReadonlyMap<string, unknown>): boolean =>
  assumed.size < MOST_OPEN && !assumed.has(condition) && !isNotListed({ unknown: reason })

export function asideOf(way: Way, { play }: Pick<Reproduction, 'play'>, world: World): string | undefined {
  const { told, asked, answer } = way
  if (refusesOpening(told.packet) || isRefusal(told.packet)) return 'its reply refuses the request'
  if (!asked || !answer) return undefined
  const { outcome, open } = answer.ended
  if (outcome !== 'undetermined' || !open) return asideOfOne(way, world.host)
  const ways = replyWays(way, play, world)
  const back = ways?.map((one) => isPassed(one.answer!.ended.outcome) && reaches(one.asked!, one.answer!) !== false)
  if (!ways || !back!.every((one) => one === back![0]))
    return `whether its reply gets back depends on ${isLocalCondition(open.condition) ? 'its route' : open.condition}: ${open.reason}`
  if (!back![0]) return 'its reply would not get back'
  // what is true of one way alone is no news of all
  const [first, ...others] = ways.map((one) => asideOfOne(one, world.host))
  return others.every((one) => one === first) ? first : undefined
}

/** Whatever comes of conditions of the reply's that nobody can know; undefined where that cannot be told. */
function replyWays(way: Way, play: Reproduction['play'], world: World): Way[] | undefined {
  if (!way.asked || !way.answer) return undefined
  const { outcome, open } = way.answer.ended
  if (outcome !== 'undetermined') return [way]
  if (!open || open.endless || !isTriable(open.condition, open.reason, way.assumed)) return undefined
  const all: Way[] = []
  for (const holds of [true, false]) {
    const assumed = new Map([...way.assumed, [open.condition, { holds, reason: open.reason }] as const])
    const reproduced = play(world, new Map([...assumed].map(([condition, one]) => [condition, one.holds])))
    const { told } = reproduced
    if (!told || told.ended.outcome !== way.told.ended.outcome) return undefined
    const ways = replyWays({ ...reproduced, told, assumed }, play, world)
    if (!ways) return undefined
    all.push(...ways)
  }
  return all
}

function asideOfOne({ told, asked, answer }: Arrived, host: Host): string | undefined {
  const ways = waysOf({ ...(asked ? { asked } : {}), ...(answer ? { answer } : {}) }, host)
  if (!ways) return undefined
  return (
    elsewhereOf(ways) ??
    (mayReplyFromOther(told, ways.out, host)
      ? 'a program whose socket is bound to no address may reply from another address'
      : undefined)
  )
}

/** The interfaces by which the request came in, and the played reply leaves. */
export function waysOf({ asked, answer }: Partial<Arrived>, host: Host): { came: string; out: string } | undefined {
  if (!asked || !answer || !isPassed(answer.ended.outcome)) return undefined
  const [came, out] = [routedDevice(host, asked.in), routedDevice(host, answer.packet.out)]
  return came === undefined || out === undefined ? undefined : { came, out }
}

export const elsewhereOf = (ways: { came: string; out: string } | undefined): string | undefined =>
  ways && ways.out !== ways.came ? leavesElsewhere(ways.out, ways.came) : undefined

/** A program of UDP that listens on all addresses replies from the one that the way back has, unless it sees to that. */
function mayReplyFromOther({ packet, ended }: Played, out: string, host: Host): boolean {
  if (ended.outcome !== 'delivered' || packet.protocol !== 'udp') return false
  const socket = listener(host, packet)
  const link = linkNamed(host, out)
  return (
    socket !== undefined &&
    socket.address === undefined &&
    link?.addresses !== undefined &&
    !link.addresses.some(({ address }) => address === packet.dst)
  )
}
