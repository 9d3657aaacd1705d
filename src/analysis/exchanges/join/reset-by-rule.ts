/** A reset that a rule of this host sends for a packet that it rejects, in the name of whom the packet was for. */
import type { Journey } from '../../../model/journey.ts'
import { isAsking, type Part, type Told } from './joined.ts'
import { rejectsByError } from './of-journey.ts'

/** The rule sends it while it evaluates the packet; microseconds. */
const AT_ONCE = 1e5

/** Without those: nobody who was asked has sent them. */
export function withoutRuleResets(parts: readonly Part[]): readonly Part[] {
  if (!parts.some(({ told }) => isSentReset(told))) return parts
  const rejected = new Map<string, number[]>()
  for (const one of parts) {
    if (!mayReset(one.told.journey)) continue
    const clocks = rejected.get(sideOf(one))
    if (clocks) clocks.push(one.clock)
    else rejected.set(sideOf(one), [one.clock])
  }
  if (rejected.size === 0) return parts
  for (const clocks of rejected.values()) clocks.sort((a, b) => a - b)
  return parts.filter((one) => !isSentReset(one.told) || !isAtOnce(one.clock, rejected.get(sideOf(one, true))))
}

/** Which direction, seen by which capture, on which machine. */
const sideOf = (one: Part, isOther = false): string => `${isAsking(one) !== isOther} ${one.capture} ${one.told.host}`

/** Its own way is complete, and may begin, before that of the packet. `clocks`: ascending; NaN where there are none. */
function isAtOnce(clock: number, clocks: readonly number[] = []): boolean {
  let [low, high] = [0, clocks.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (clocks[middle]! < clock - AT_ONCE) low = middle + 1
    else high = middle
  }
  const next = clocks[low]
  return next !== undefined && !(next - clock > AT_ONCE)
}

/** This host has sent it, or was about to. */
export const isOwnReset = ({ says, journey: { packet } }: Told): boolean => says === 'resets' && packet.in === undefined

const isSentReset = (told: Told): boolean => isOwnReset(told) && told.journey.outcome === 'sent'

/** A rule rejects it, by a reset as far as is known. */
const mayReset = (journey: Journey): boolean => journey.outcome === 'rejected' && !rejectsByError(journey)

/** All that was seen before the packet is the reset that its rule has sent for it. */
export const isItsReset = (only: Told | undefined, journey: Journey): boolean =>
  only !== undefined && mayReset(journey) && isSentReset(only)
