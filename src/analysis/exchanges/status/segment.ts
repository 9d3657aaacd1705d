/** What a TCP segment carries, where the trace shows no payload. */
import type { Packet } from '../../../model/packet.ts'

/** Whatever options it has: two headers of 20 bytes, or of 40 and 20, and 40 bytes of options at most. */
export const carriesData = ({ protocol, length = 0, src = '' }: Packet): boolean =>
  protocol === 'tcp' && length > (src.includes(':') ? 100 : 80)

/** The last segment of what a program writes has PSH, however short it is. */
export const mayCarryData = (packet: Packet): boolean =>
  packet.tcpFlags?.includes('psh') === true || carriesData(packet)
