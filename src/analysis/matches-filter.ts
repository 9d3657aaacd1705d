/** Is a filter about a journey's packet? */
import type { OpenJourney } from '../journey/open.ts'
import type { Condition } from '../model/condition.ts'
import type { Packet } from '../model/packet.ts'
import type { World } from '../model/world.ts'
import type { PacketStates } from '../read/captures/states.ts'
import { evaluate } from '../rules/evaluate.ts'

/** The packet as it first appeared. */
export function firstPacket(open: OpenJourney, states: PacketStates): Packet {
  let first = states.packet(open.states.at(0))
  // a trace that begins in the middle shows the packet only further on
  for (let i = 1; first.src === undefined && open.traceId >= 0 && i < open.states.length; i++)
    first = states.packet(open.states.at(i))
  return first
}

const ELSEWHERE = ['in', 'out', 'mark'] as const

/**
 * The packet as it first appeared, as a live trace filters it; but an output interface or a mark is not there yet then,
 * so those count wherever the journey shows them.
 */
export function matchesFilter(condition: Condition, open: OpenJourney, states: PacketStates, world: World): boolean {
  const first = firstPacket(open, states)
  const framed = open.family === 'bridge' || open.family === 'netdev'
  // a filter is about what a frame carries
  const family = framed && first.src !== undefined ? (first.src.includes(':') ? 'ip6' : 'ip') : open.family
  const matches = (packet: Packet) => evaluate(condition, { packet, family, world }) === true
  if (matches(first)) return true
  for (let i = 1; i < open.marks.length; i += 2) if (matches({ ...first, mark: open.marks.at(i) >>> 0 })) return true
  const tried = new Set([open.states.at(0)])
  for (const state of open.states) {
    if (tried.has(state)) continue
    tried.add(state)
    const later = states.packet(state)
    const packet: Packet = { ...first }
    for (const key of ELSEWHERE) if (later[key] !== undefined) Object.assign(packet, { [key]: later[key] })
    if (matches(packet)) return true
  }
  return false
}
