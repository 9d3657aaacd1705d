/** What NAT makes of a packet's addresses and ports, as numbers of its tuple. */
import type { Host } from '../../../model/host.ts'
import type { Journey } from '../../../model/journey.ts'
import { isStopped, isThoughtVanished } from '../../../model/outcome-kinds.ts'
import type { Packet } from '../../../model/packet.ts'
import { leftBy } from '../../../model/way-out.ts'
import type { World } from '../../../model/world.ts'
import { asItLeft, hidesSource } from '../../as-it-left.ts'
import { TUPLE_WORDS } from '../../closed-journey.ts'
import type { Told } from './joined.ts'
import { tupleOf } from './tuple-of.ts'

const REWRITTEN = [
  ['src', 0, 4],
  ['dst', 4, 4],
  ['sport', 8, 1],
  ['dport', 9, 1],
] as const

/**
 * What NAT writes that the last line does not show yet, as its place in a tuple; undefined where it writes nothing. Of a
 * packet that was rejected the last line shows all: who is told so has what NAT had made of it by then. One that is only
 * thought to have vanished, as its next line is missing, or of which nothing more is known, may be answered all the same.
 */
export function rewritesOf(journey: Journey, { host }: World): Told['rewrites'] {
  if (!isRewritten(journey)) return undefined
  if (journey.outcome === 'rejected') return []
  if (isStopped(journey.outcome) && !isThoughtVanished(journey)) return undefined
  const left = withMasquerade(asItLeft(journey), journey, host)
  const numbers = new Int32Array(TUPLE_WORDS)
  if (!tupleOf({ ...journey.packet, ...left }, numbers)) return undefined
  const last = journey.steps.at(-1)
  return REWRITTEN.flatMap(([field, at, words]) =>
    left[field] === undefined || left[field] === journey.packet[field] || left[field] === last?.[field]
      ? []
      : [{ at, numbers: numbers.slice(at, at + words) }],
  )
}

/** Masquerading gives the address of the way out; where there are several, the lines do not tell which. */
function withMasquerade(left: Packet, { steps, packet }: Journey, { links = [] }: Host): Packet {
  const isHidden = left.src === undefined && packet.src !== undefined
  if (!isHidden || left.dst === undefined) return left
  const family = left.dst.includes(':') ? 'ip6' : 'ip'
  const own = links
    .find(({ name }) => name === leftBy(steps))
    ?.addresses?.filter((one) => one.family === family && (one.scope ?? 'global') === 'global')
  return own?.length === 1 ? { ...left, src: own[0]!.address } : left
}

const isRewritten = ({ steps, packet }: Journey): boolean =>
  steps.some(
    (one) =>
      hidesSource(one) ||
      one.changes.some(({ field }) => field === 'src' || field === 'dst' || field === 'sport' || field === 'dport') ||
      (one.src !== undefined && one.src !== packet.src) ||
      (one.dst !== undefined && one.dst !== packet.dst),
  )
