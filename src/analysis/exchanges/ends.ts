/** The two ends of an exchange, read back from the numbers that its packets are joined by. */
import { addressOfWords } from '../../model/address.ts'
import type { Journey } from '../../model/journey.ts'

type OfPacket = Pick<Journey, 'family' | 'packet'>

/** What is traced of a bridge or a device may be of either version: its family does not say which. */
export const isOfIpv6 = ({ family, packet: { src, dst } }: OfPacket): boolean =>
  family === 'ip6' || (src ?? dst)?.includes(':') === true

export function endsOf(tuple: Int32Array, of: OfPacket): { src: string; dst: string } {
  const isIp6 = isOfIpv6(of)
  return { src: addressOfWords(tuple, 0, isIp6), dst: addressOfWords(tuple, 4, isIp6) }
}
