/** A reply that got through after whoever asked had given up: the socket was gone. */
import type { Part } from '../join/joined.ts'

/**
 * Its asker answers it with a reset of the number that the reply acknowledges, and without ACK: no socket took the reply
 * (RFC 9293, 3.10.7.1). Who has taken it and ends the connection has sent something before.
 */
export function cameTooLate({ id, capture, role, told }: Part, parts: readonly Part[]): boolean {
  const { tcpAck } = told.journey.packet
  if (role !== 'replies' || told.says !== 'answers' || tcpAck === undefined) return false
  const later = parts.find(
    (one) => one.id > id && one.capture === capture && one.role === 'request' && one.told.says !== 'opens',
  )
  if (later?.told.says !== 'resets') return false
  const { tcpFlags = [], tcpSeq } = later.told.journey.packet
  return !tcpFlags.includes('ack') && tcpSeq === tcpAck
}
