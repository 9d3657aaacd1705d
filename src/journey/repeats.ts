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

interface Earlier {
  id: string
  clock: number
}

export class Repeats {
  /** Hash of the content → its place in the ring. */
  private readonly places = new Map<number, number>()
  // one place for each content, used again when the ring comes round
  private readonly contents = new Int32Array(MOST * COMPARED.length)
  private readonly hashes = new Int32Array(MOST)
  private readonly ids = new Int32Array(MOST)
  private readonly clocks = new Float64Array(MOST)
  private next = 0
  private used = 0
  /** Of contents that came more than once. */
  private readonly more = new Map<number, Earlier[]>()

  /** Notes the journey's first packet; gives the earlier ones with the same content, oldest first. */
  note(rows: Int32Array, base: number, id: number, clock: number): readonly Repeat[] {
    if (!saysSomething(rows, base)) return NONE
    let hash = 0
    for (let i = 0; i < COMPARED.length; i++)
      hash = Math.imul(((hash << 13) | (hash >>> 19)) ^ rows[base + COMPARED[i]!]!, 0x9e3779b1)
    hash = (hash ^ (hash >>> 15)) & 0x3fffffff
    const place = this.places.get(hash)
    if (place === undefined || !this.same(place, rows, base)) {
      this.remember(hash, rows, base, id, clock)
      return NONE
    }
    const before = this.more.get(place) ?? [{ id: String(this.ids[place]), clock: this.clocks[place]! }]
    const earlier = before.filter((one) => !(clock - one.clock > LATEST))
    this.more.set(place, [...earlier.slice(-15), { id: String(id), clock }])
    return earlier.map((one) => ({ id: one.id, before: (clock - one.clock) / 1e6 }))
  }

  private same(place: number, rows: Int32Array, base: number): boolean {
    for (let i = 0; i < COMPARED.length; i++)
      if (this.contents[place * COMPARED.length + i] !== rows[base + COMPARED[i]!]) return false
    return true
  }

  private remember(hash: number, rows: Int32Array, base: number, id: number, clock: number): void {
    const place = this.next
    this.next = (this.next + 1) % MOST
    if (this.used === MOST) {
      if (this.places.get(this.hashes[place]!) === place) this.places.delete(this.hashes[place]!)
      this.more.delete(place)
    } else this.used++
    this.places.set(hash, place)
    this.hashes[place] = hash
    this.ids[place] = id
    this.clocks[place] = clock
    for (let i = 0; i < COMPARED.length; i++) this.contents[place * COMPARED.length + i] = rows[base + COMPARED[i]!]!
  }
}

const NONE: readonly Repeat[] = []

/** A SYN, a FIN or data; a bare ACK may well be sent twice. */
function saysSomething(rows: Int32Array, base: number): boolean {
  const present = rows[base + F.PRESENT]!
  if (rows[base + F.PROTO] !== F.TCP || !(present & (1 << F.SEQ)) || !(present & (1 << F.LEN))) return false
  if (rows[base + F.FLAGS]! & 3) return true
  const options = present & (1 << F.OPT) ? (rows[base + F.OPT]! & 0xfff) / 2 : 0
  const headers = (rows[base + F.FAMILY] === 6 ? 40 : 20) + 20 + options
  return rows[base + F.LEN]! > headers && (rows[base + F.FLAGS]! & 4) === 0
}
