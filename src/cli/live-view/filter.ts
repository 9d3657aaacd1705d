/** Which of the packets that came a filter is about; they are folded as those of the whole list are. */
import type { Condition } from '../../model/condition.ts'
import type { Journey } from '../../model/journey.ts'
import { memo } from '../../model/memo.ts'
import type { Packet } from '../../model/packet.ts'
import { emptyWorld } from '../../model/world.ts'
import type { Group } from '../../reports/form.ts'
import { evaluate } from '../../rules/evaluate.ts'
import type { Arrival } from './state.ts'

// a filter speaks of packets, never of sets, routes or sockets
const NOWHERE = emptyWorld()

const answers = memo((condition: Condition) => memo((arrival: Arrival) => holdsSomewhere(condition, arrival)))

/** Kept, as the same packets are asked for at each redraw. */
export const matches = (condition: Condition, arrival: Arrival): boolean => answers(condition)(arrival)

/** Interfaces and marks count wherever the journey shows them; all packets of a fate share those. */
function holdsSomewhere(condition: Condition, { packet, journey: { family, steps } }: Arrival): boolean {
  const holds = (one: Packet) => evaluate(condition, { packet: one, family, world: NOWHERE }) === true
  if (holds(packet)) return true
  const tried = new Set<string>()
  return steps.some(({ in: input, out, mark }) => {
    const key = JSON.stringify([input, out, mark])
    if (tried.has(key)) return false
    tried.add(key)
    return holds({
      ...packet,
      ...(input === undefined ? {} : { in: input }),
      ...(out === undefined ? {} : { out }),
      ...(mark === undefined ? {} : { mark }),
    })
  })
}

/** The part of each group that matches, by the group's first journey. */
export function foldMatching(condition: Condition, arrivals: readonly Arrival[]): Map<Journey, Group> {
  const found = new Map<Journey, Group>()
  for (const arrival of arrivals) {
    if (!matches(condition, arrival)) continue
    const { journey, packet } = arrival
    const group = found.get(journey)
    if (!group) {
      const same = { src: true, dst: true, sport: true, dport: true }
      found.set(journey, { journey: withPacket(journey, packet), count: 1, same })
      continue
    }
    group.count++
    for (const field of FIELDS) group.same[field] &&= packet[field] === group.journey.packet[field]
  }
  return found
}

const FIELDS = ['src', 'dst', 'sport', 'dport'] as const

/** As another packet of the same fate would show. What it was rewritten to is known only where it began as the first did. */
function withPacket(journey: Journey, packet: Packet): Journey {
  if (FIELDS.every((field) => packet[field] === journey.packet[field])) return journey
  const { time: _time, uptime: _uptime, ...rest } = journey
  const differs = new Set<string>(FIELDS.filter((field) => packet[field] !== journey.packet[field]))
  const steps = journey.steps.map((step) =>
    step.changes.some(({ field }) => differs.has(field))
      ? { ...step, changes: step.changes.filter(({ field }) => !differs.has(field)) }
      : step,
  )
  return { ...rest, packet, steps }
}
