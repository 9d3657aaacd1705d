/**
 * Where iptables-legacy has the rules, an nft table marks the packets, and both tell: of a packet that met a table of
 * iptables-legacy its own trace tells all. What the marks alone tell of came to none: routing dropped it before, perhaps.
 */
import type { Packet } from '../model/packet.ts'

/** Packets that are remembered: bounded, should the marks of some never be told. */
const MOST = 20_000

export class MarkerOnlyFilter {
  /** How often packets that look so were seen, and not yet by their marks. */
  private readonly met = new Map<string, number>()

  /** The rules' own trace tells of it: it has begun to, and may still be at it. */
  note(packet: Packet): void {
    const key = keyOf(packet)
    this.met.set(key, (this.met.get(key) ?? 0) + 1)
    if (this.met.size <= MOST) return
    const [oldest] = this.met.keys()
    this.met.delete(oldest!)
  }

  /** The marks tell of it: does nothing else? They may be done with it first, as trace ids are used again. */
  isMarkerOnly(packet: Packet): boolean {
    const key = keyOf(packet)
    const count = this.met.get(key) ?? 0
    if (count > 1) this.met.set(key, count - 1)
    else this.met.delete(key)
    return count === 0
  }
}

/** What NAT has not changed by the first table behind the marks: source and content. */
function keyOf({ protocol, src, sport, ipId, length, icmpSeq, fragOffset }: Packet): string {
  return [protocol, src, sport, ipId, length, icmpSeq, fragOffset ?? 0].join(' ')
}
