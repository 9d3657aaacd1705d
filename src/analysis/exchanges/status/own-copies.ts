/** What becomes of the copy that a host gets of its own packet to many says nothing of the packet. */
import { isStopped } from '../../../model/outcome-kinds.ts'
import { isAsking, type Part } from '../join/joined.ts'

/** Where the packet itself was seen as it was sent, and nothing stopped it: without its copies. */
export function withoutOwnCopies(parts: readonly Part[]): readonly Part[] {
  if (!parts.some(isSent)) return parts
  // that this host has sent it shows whose address its source is, where host state does not
  return parts.some(mayBeCopy) ? parts.filter((one) => !mayBeCopy(one)) : parts
}

const isSent = (one: Part): boolean =>
  isAsking(one) && cameFrom(one) === undefined && !isStopped(one.told.journey.outcome)

/** A frame from the wire has link addresses (dev_loopback_xmit, net/core/dev.c). */
const mayBeCopy = (one: Part): boolean =>
  isAsking(one) &&
  one.told.isForMany &&
  one.told.journey.packet.srcMac === undefined &&
  !['lo', undefined].includes(cameFrom(one))

const cameFrom = ({ told }: Part): string | undefined => told.journey.packet.in
