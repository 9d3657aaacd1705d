/** What is proposed where the source of a packet is one that its answer does not find back to. */

import type { RuleRef } from '../../model/journey.ts'
import { type Context, lastPacket } from '../context.ts'
import { changesOf, propose } from './change.ts'
import type { Changing, Proposal } from './proposal.ts'

/** `needed`: what has to be so for it to help. */
export function giveOwnSource({ journey }: Context, change: Changing | undefined, needed?: string): Proposal[] {
  // what this host sends itself has no client
  const isOwn = journey.packet.in === undefined
  const notes = [
    ...(needed === undefined ? [] : [`needed only if ${needed}`]),
    ...(isOwn ? [] : ["the far side then sees this host's address, not the client's"]),
  ]
  return propose(
    "give such packets this host's own address as source",
    change,
    notes.length > 0 ? notes.join('; ') : undefined,
  )
}

/**
 * A masquerading rule spares the packet's destination, whose owner may have no route to the packet's source. For this
 * source and destination alone, in front of that rule.
 */
export function masqueradeSpared(context: Context, ref: RuleRef): Proposal[] {
  const packet = lastPacket(context)
  const spot = { chain: ref.chain, before: ref }
  const change = changesOf(ref).add(ref, spot, { kind: 'source', packet, to: true }, { kind: 'masquerade' })
  return giveOwnSource(context, change, `${packet.dst} has no route to ${packet.src}`)
}
