/** ICMP errors of which a trace shows no more than their own header, as nft's does. */
import { isRefusal, isUnreached } from '../../../model/icmp-error.ts'
import type { Packet } from '../../../model/packet.ts'
import type { Told } from './joined.ts'

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
  /** Of one that this host has sent: a packet that is not complete yet may be rejected by it. */
  told?: Told
}

export const unquotedError = (
  packet: Packet,
  seen: Omit<UnquotedError, 'isOurs' | 'isUnreached' | 'told'>,
): UnquotedError => {
  const isOurs = packet.in === undefined
  return {
    ...seen,
    isOurs: isOurs && isRefusal(packet),
    ...(isOurs && isUnreached(packet) ? { isUnreached: true } : {}),
  }
}
