/** A neighbour that is not who asked gets the replies. */

import type { Finding } from '../../../model/journey.ts'
import type { Packet } from '../../../model/packet.ts'
import { entryOpened } from '../../../rules/conntrack/entries.ts'
import { isLongHalfOpen } from '../../../rules/conntrack/silence.ts'
import type { Part } from '../join/joined.ts'
import { otherNeighbour, otherRouter, pastSender } from './other-neighbour.ts'
import { goesOn } from './verdict.ts'

/** Nothing tells that who asked has gone on, and its link address is not the one that replies go to. */
export function sentElsewhere(parts: readonly Part[], asked: Packet): Finding | undefined {
  const { world } = parts[0]!.told
  const entry = world.host.conntrack && entryOpened(asked, world)
  if (!entry || goesOn(entry) || entry.status.includes('assured')) return undefined
  return otherNeighbour(parts) ?? (isLongHalfOpen(entry, world) ? (otherRouter(parts) ?? pastSender(parts)) : undefined)
}
