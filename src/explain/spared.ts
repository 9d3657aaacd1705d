/** A masquerading rule that spares the packet's destination, whose owner may have no route to the packet's source. */

import type { RuleRef } from '../model/journey.ts'
import { changesOf, propose } from './changes.ts'
import { type Context, lastPacket } from './context.ts'
import type { Proposal } from './proposal.ts'

/** For this source and destination alone, in front of that rule. */
export function masqueradeSpared(context: Context, ref: RuleRef): Proposal[] {
  const packet = lastPacket(context)
  return propose(
    "give such packets this host's own address as source",
    changesOf(ref).add(
      ref,
      { chain: ref.chain, before: ref },
      { kind: 'source', packet, to: true },
      { kind: 'masquerade' },
    ),
    `only if ${packet.dst} has no route to ${packet.src}: it then sees this host's address, not the client's`,
  )
}
