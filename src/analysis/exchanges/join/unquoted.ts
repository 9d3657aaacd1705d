/** ICMP errors of which a trace shows no more than their own header, as nft's does. */
import { isRefusal, isUnreached } from '../../../model/icmp-error.ts'
import { ERROR_AFTER, type Part, type Told } from './joined.ts'

/** It passed, and is about one of several exchanges. */
export interface UnquotedError {
  /** Of its journey. */
  id: number
  /** The address that it went to, as four words; absent: any. */
  to?: Int32Array
  /** Microseconds, by its capture's clock; NaN where it has no time. */
  clock: number
  capture: number
  /** This host says that a port is unreachable. */
  isOurs: boolean
  /** This host says that it did not reach whom it sent the packet to. */
  isUnreached?: true
  /** Journeys of who waits there that it is not about: it quotes another packet. */
  others?: ReadonlySet<number>
  /** Of one that this host has sent: a packet that is not complete yet may be rejected by it. */
  told?: Told
}

export function unquotedError(told: Told, seen: Omit<UnquotedError, 'isOurs' | 'isUnreached' | 'told'>): UnquotedError {
  const { packet } = told.journey
  if (packet.in !== undefined) return { ...seen, isOurs: false }
  return { ...seen, isOurs: isRefusal(packet), ...(isUnreached(packet) ? { isUnreached: true } : {}), told }
}

/** May it be about this request, whose tuple begins with its source? */
export const mayBeAbout = (
  { id, to, clock, capture, isOurs, others }: UnquotedError,
  request: Part,
  tuple: Int32Array,
): boolean =>
  capture === request.capture &&
  id > request.id &&
  !others?.has(request.id) &&
  // a rule that rejects sends it, too: but not to whom it lets in
  !(isOurs && request.told.journey.outcome !== 'delivered') &&
  // without clocks it may be long before
  !(clock - request.clock > ERROR_AFTER) &&
  (to === undefined || to.every((word, i) => word === tuple[i]))
