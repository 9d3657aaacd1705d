/** Retransmissions: the same packet content in a later journey. Only TCP with something to say can be told so. */
import * as F from '../read/captures/header-fields.ts'

/** An earlier journey of the same content. */
export interface Repeat {
  id: string
  /** Seconds before this one; NaN where the capture has no time. */
  before: number
}

const COMPARED = [
  F.FAMILY,
  F.HOST,
  F.SPT,
  F.DPT,
  F.SEQ,
  F.LEN,
  F.SRC,
  F.SRC + 1,
  F.SRC + 2,
  F.SRC + 3,
  F.DST,
  F.DST + 1,
].concat([F.DST + 2, F.DST + 3])
/** Contents remembered; more, and the oldest are forgotten. */
const MOST = 65_536
/** A sender gives up after some minutes; later it is another connection. Microseconds. */
const LATEST = 180e6

interface Seen {
  content: number[]
  earlier: { id: string; clock: number }[]
}

export class Repeats {
  private readonly seen = new Map<number, Seen>()

  /** Notes the journey's first packet; gives the earlier ones with the same content, oldest first. */
  note(rows: Int32Array, base: number, id: string, clock: number): Repeat[] {
    if (!saysSomething(rows, base)) return []
    let hash = 0
    for (const column of COMPARED) hash = Math.imul((hash << 13) ^ (hash >>> 19) ^ rows[base + column]!, 0x9e3779b1)
    hash = (hash ^ (hash >>> 15)) & 0x3fffffff
    const known = this.seen.get(hash)
    if (known && COMPARED.every((column, i) => known.content[i] === rows[base + column])) {
      const earlier = known.earlier.filter((one) => !(clock - one.clock > LATEST))
      known.earlier = [...earlier.slice(-15), { id, clock }]
      return earlier.map((one) => ({ id: one.id, before: (clock - one.clock) / 1e6 }))
    }
    if (this.seen.size >= MOST) this.seen.delete(this.seen.keys().next().value!)
    this.seen.set(hash, { content: COMPARED.map((column) => rows[base + column]!), earlier: [{ id, clock }] })
    return []
  }
}

/** A SYN, a FIN or data; a bare ACK may well be sent twice. */
function saysSomething(rows: Int32Array, base: number): boolean {
  const present = rows[base + F.PRESENT]!
  if (rows[base + F.PROTO] !== F.TCP || !(present & (1 << F.SEQ)) || !(present & (1 << F.LEN))) return false
  if (rows[base + F.FLAGS]! & 3) return true
  const options = present & (1 << F.OPT) ? (rows[base + F.OPT]! & 0xfff) / 2 : 0
  const headers = (rows[base + F.FAMILY] === 6 ? 40 : 20) + 20 + options
  return rows[base + F.LEN]! > headers && (rows[base + F.FLAGS]! & 4) === 0
}
