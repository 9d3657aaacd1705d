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
/** Contents remembered, in sets of WAYS: in each the oldest makes room. */
const MOST = 131_072
const WAYS = 4
/** A sender gives up after some minutes; later it is another connection. Microseconds. */
const LATEST = 180e6

interface Earlier {
  id: string
  clock: number
}

export class Repeats {
  private readonly contents = new Int32Array(MOST * COMPARED.length)
  /** Of each content; mostly it is enough to look at these. */
  private readonly hashes = new Int32Array(MOST)
  /** The trace points they began at: what begins elsewhere is a piece of the same packet's way. */
  private readonly starts = new Int32Array(MOST)
  /** Journey ids; 0: an empty place. */
  private readonly ids = new Int32Array(MOST)
  private readonly clocks = new Float64Array(MOST)
  /** Of contents that came more than once. */
  private readonly more = new Map<number, Earlier[]>()

  /**
   * Notes the journey's first packet; gives the earlier ones with the same content and beginning, oldest first.
   * `unnumbered`: the capture shows no sequence numbers, so only a SYN can be told to be the same.
   */
  note(
    start: number,
    rows: Int32Array,
    base: number,
    id: number,
    clock: number,
    unnumbered = false,
  ): readonly Repeat[] {
    if (unnumbered ? !isSyn(rows, base) : !saysSomething(rows, base)) return NONE
    let hash = start
    for (let i = 0; i < COMPARED.length; i++)
      hash = Math.imul(((hash << 13) | (hash >>> 19)) ^ rows[base + COMPARED[i]!]!, 0x9e3779b1)
    hash ^= hash >>> 15
    const first = (hash & (MOST / WAYS - 1)) * WAYS
    let oldest = first
    for (let place = first; place < first + WAYS; place++) {
      if (
        this.ids[place] !== 0 &&
        this.hashes[place] === hash &&
        this.starts[place] === start &&
        this.same(place, rows, base)
      )
        return this.again(place, id, clock)
      if (this.ids[place]! < this.ids[oldest]!) oldest = place
    }
    this.more.delete(oldest)
    this.ids[oldest] = id
    this.hashes[oldest] = hash
    this.starts[oldest] = start
    this.clocks[oldest] = clock
    for (let i = 0; i < COMPARED.length; i++) this.contents[oldest * COMPARED.length + i] = rows[base + COMPARED[i]!]!
    return NONE
  }

  private again(place: number, id: number, clock: number): readonly Repeat[] {
    const before = this.more.get(place) ?? [{ id: String(this.ids[place]), clock: this.clocks[place]! }]
    const earlier = before.filter((one) => !(clock - one.clock > LATEST))
    this.more.set(place, [...earlier.slice(-15), { id: String(id), clock }])
    this.ids[place] = id
    return earlier.map((one) => ({ id: one.id, before: (clock - one.clock) / 1e6 }))
  }

  private same(place: number, rows: Int32Array, base: number): boolean {
    for (let i = 0; i < COMPARED.length; i++)
      if (this.contents[place * COMPARED.length + i] !== rows[base + COMPARED[i]!]) return false
    return true
  }
}

const NONE: readonly Repeat[] = []
/** Bytes. */
const MOST_OPTIONS = 40

const isSyn = (rows: Int32Array, base: number): boolean =>
  rows[base + F.PROTO] === F.TCP &&
  (rows[base + F.PRESENT]! & (1 << F.LEN)) !== 0 &&
  (rows[base + F.FLAGS]! & 0x17) === 2

/** A SYN, a FIN or data; a bare ACK may well be sent twice. */
function saysSomething(rows: Int32Array, base: number): boolean {
  const present = rows[base + F.PRESENT]!
  if (rows[base + F.PROTO] !== F.TCP || !(present & (1 << F.SEQ)) || !(present & (1 << F.LEN))) return false
  if (rows[base + F.FLAGS]! & 3) return true
  // where they are not known, there may be as many as there can be
  const most = rows[base + F.OPT] === F.OPT_UNKNOWN ? MOST_OPTIONS : 0
  const options = present & (1 << F.OPT) ? (rows[base + F.OPT]! & 0xfff) / 2 : most
  const headers = (rows[base + F.FAMILY] === 6 ? 40 : 20) + 20 + options
  return rows[base + F.LEN]! > headers && (rows[base + F.FLAGS]! & 4) === 0
}
