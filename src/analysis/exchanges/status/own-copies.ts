/** What becomes of the copy that a host gets of its own packet to many says nothing of the packet. */
import { isStopped } from '../../../model/outcome-kinds.ts'
import { mayBeOwnCopy } from '../../../rules/fib.ts'
import { isAsking, type Part } from '../join/joined.ts'

/** Where the packet itself was seen as it was sent, and nothing stopped it: without its copies. */
export function withoutOwnCopies(parts: readonly Part[]): readonly Part[] {
  if (!parts.some(isSent)) return parts
  // that this host has sent it shows whose address its source is, where host state does not
  return parts.some(mayBeCopy) ? parts.filter((one) => !mayBeCopy(one)) : parts
}

const isSent = (one: Part): boolean =>
  isAsking(one) && one.told.journey.packet.in === undefined && !isStopped(one.told.journey.outcome)

const mayBeCopy = (one: Part): boolean => isAsking(one) && mayBeOwnCopy(one.told.journey.packet, one.told.world.host)
