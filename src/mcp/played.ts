/** Packets played on a machine's rules, as tools give them. */

import * as z from 'zod'
import type { Group } from '../analysis/groups.ts'
import { readPacket } from '../analysis/packets.ts'
import { PlayedGroups } from '../analysis/play-groups.ts'
import { playPackets, type SimulateOptions } from '../analysis/simulate.ts'
import { collectInto, type Diagnostic } from '../model/diagnostic.ts'
import type { Journey } from '../model/journey.ts'
import type { Packet } from '../model/packet.ts'
import type { World } from '../model/world.ts'
import { words } from './schemas.ts'

export const PACKET = z
  .union([words, z.record(z.string(), z.unknown())])
  .describe(
    "As tcpdump words it: 'in eth0 tcp 10.0.0.2:40000 > 10.0.0.1:80 syn' (without 'in': this host sends it); or as JSON, as exchange gives it.",
  )

/** Throws UserError that points at what is wrong. */
export const packetOf = (given: z.infer<typeof PACKET>, warnings: Diagnostic[]): Packet =>
  readPacket(typeof given === 'string' ? given : JSON.stringify(given), collectInto(warnings, 'packet'))

export interface PlayedOne {
  group: Group
  reply: { journey: Journey; played: true } | undefined
}

/** In order, sharing one connection table. */
export function play(
  world: World,
  packets: readonly Packet[],
  warnings: Diagnostic[],
  options: SimulateOptions = {},
): PlayedOne[] {
  const played = new PlayedGroups()
  for (const one of playPackets(world, packets, warnings, options)) played.take(one)
  played.tellExchanges()
  return played.groups.map((group) => {
    const journey = played.replyOf(group)
    return { group, reply: journey && { journey, played: true } }
  })
}
