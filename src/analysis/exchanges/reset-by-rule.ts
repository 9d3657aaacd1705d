/** A reset that a rule of this host sends for a packet that it rejects, in the name of whom the packet was for. */
import type { Journey } from '../../model/journey.ts'
import { isAsking, type Part, type Told } from './joined.ts'
import { rejectsByError } from './of-journey.ts'

/** The rule sends it while it evaluates the packet; microseconds. */
const AT_ONCE = 1e5

/** Without those: nobody who was asked has sent them. */
export function withoutRuleResets(parts: readonly Part[]): readonly Part[] {
  if (!parts.some(({ told }) => isSentReset(told))) return parts
  const rejected = parts.filter(({ told: { journey } }) => mayReset(journey))
  if (rejected.length === 0) return parts
  return parts.filter((one) => !isSentReset(one.told) || !rejected.some((other) => isFor(one, other)))
}

/** This host has sent it. */
const isSentReset = ({ says, journey: { packet, outcome } }: Told): boolean =>
  says === 'resets' && packet.in === undefined && outcome === 'sent'

/** A rule rejects it, by a reset as far as is known. */
const mayReset = (journey: Journey): boolean => journey.outcome === 'rejected' && !rejectsByError(journey)

/** All that was seen before the packet is the reset that its rule has sent for it. */
export const isItsReset = (only: Told | undefined, journey: Journey): boolean =>
  only !== undefined && mayReset(journey) && isSentReset(only)

/** Its own way is complete, and may begin, before that of the packet. */
const isFor = (reset: Part, rejected: Part): boolean =>
  isAsking(reset) !== isAsking(rejected) &&
  reset.capture === rejected.capture &&
  reset.told.host === rejected.told.host &&
  !(Math.abs(reset.clock - rejected.clock) > AT_ONCE)
