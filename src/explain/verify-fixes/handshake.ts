/** Synproxy answers a SYN, and opens the connection once it gets the client's ACK: what rules do with that is played as well. */
import type { World } from '../../model/world.ts'
import type { Reproduction } from './reproduce.ts'

/** Why the connection would not be opened; undefined where a rule takes the ACK, too. */
export function unfinished({ engine, packet, budget }: Reproduction, world: World): string | undefined {
  const { tcpOptions: _, ...syn } = packet
  if (!syn.tcpFlags?.includes('syn') || syn.tcpFlags.includes('ack')) return undefined
  const ack = { ...syn, tcpFlags: ['ack'], tcpSeq: (syn.tcpSeq ?? 0) + 1, tcpAck: 1 }
  const { outcome } = engine.play(world, ack, { budget, before: [packet] }).ended
  return outcome === 'stolen' || outcome === 'undetermined'
    ? undefined
    : 'no rule with synproxy would match the ACK that ends the handshake'
}
