/** Retransmissions: the same packet content in a later journey. Only TCP with something to say can be told so. */
import * as F from '../read/captures/header-fields.ts'

/** An earlier journey of the same content. */
export interface Repeat {
  id: string
  /** Seconds before this one; NaN where the capture has no time. */
  before: number
  /** Not sent again: the very same packet, which a bridge has let IP's chains see before. */
  isSamePacket?: true
  /** Not sent again: a router has sent the very same packet back here. */
  isRound?: true
}

const COMPARED = Int32Array.of(
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
  F.DST + 2,
  F.DST + 3,
)
/** The latest contents are remembered, one behind the other: memory that is written in a row costs least. */
const MOST = 131_072
/** Of contents that came more than once, each with the journeys that had it, so many are remembered. */
const MOST_AGAIN = 16_384
/** Room for so many at first: where much memory is asked for at the start, V8 begins its big collection of garbage early. */
const FIRST = 256
/** They are found in sets of WAYS: in each the oldest makes room. */
const WAYS = 4
/** A sender gives up after some minutes; later it is another connection. Microseconds. */
const LATEST = 180e6
// A content is 16 numbers, as many as a processor fetches at a time: those compared, host and family, the trace point it
// began at (what begins elsewhere is a piece of the same packet's way), and two for its clock.
const CONTENT = 16
const ORIGIN = COMPARED.length
const START = ORIGIN + 1
/** Counted in numbers of 64 bits. */
const CLOCK = (START + 1) / 2
// A set's tags stand together, for mostly it is enough to look at these: a hash for each way, then each one's number among
// all contents (from 1 on; 0: an empty place).
const TAGS = 2 * WAYS
/** Sets for each content that there is room for, at first: so few make room for others then. */
const SPARE = 8
const setsFor = (room: number): number => Math.min(MOST / WAYS, room * SPARE)

interface Earlier {
  id: string
  clock: number
  pass: number
  ttl: number
}
/** Less than anybody waits before sending again; microseconds. */
const AT_ONCE = 50_000

/** It came in by another interface: with the same identification, or, where it has none, at once. */
const isSamePacket = (earlier: Earlier, clock: number, pass: number): boolean =>
  (earlier.pass & 0xffff) !== (pass & 0xffff) &&
  earlier.pass >>> 16 === pass >>> 16 &&
  !(clock - earlier.clock > AT_ONCE) &&
  (pass >>> 16 !== 0 || !Number.isNaN(clock - earlier.clock))

/** Who sends again takes another identification, and the same TTL. */
const isRound = (earlier: Earlier, pass: number, ttl: number): boolean =>
  pass >>> 16 !== 0 && pass >>> 16 === earlier.pass >>> 16 && ttl > 0 && ttl < earlier.ttl

export class Repeats {
  private contents = new Int32Array(FIRST * CONTENT)
  private clocks = new Float64Array(this.contents.buffer)
  /** Which journey had each. */
  private ids = new Int32Array(FIRST)
  /** The header's identification, and behind it the interface that each came in by. */
  private passes = new Int32Array(FIRST)
  private ttls = new Uint8Array(FIRST)
  private tags = new Int32Array(setsFor(FIRST) * TAGS)
  private mask = setsFor(FIRST) - 1
  /** The number of the latest. */
  private count = 0
  /** Of contents that came more than once, by their number. */
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
    if (((this.count + 1) & (MOST - 1)) >= this.ids.length) this.grow()
    const { tags } = this
    const origin = (rows[base + F.HOST]! << 4) ^ rows[base + F.FAMILY]!
    let hash = mix(mix(start, rows[base + F.FAMILY]!), rows[base + F.HOST]!)
    for (let i = 0; i < COMPARED.length; i++) hash = mix(hash, rows[base + COMPARED[i]!]!)
    hash ^= hash >>> 15
    const tag = (hash & this.mask) * TAGS
    const number = ++this.count
    let known = 0
    let way = 0
    for (let i = 0; i < WAYS; i++) {
      const other = tags[tag + WAYS + i]!
      if (other > 0 && other > number - MOST && tags[tag + i] === hash && this.same(other, start, origin, rows, base)) {
        known = other
        way = i
        break
      }
      if (other < tags[tag + WAYS + way]!) way = i
    }
    const pass = (rows[base + F.ID]! << 16) | (rows[base + F.IN]! & 0xffff)
    const repeats = known === 0 ? NONE : this.again(known, id, clock, pass, rows[base + F.TTL]!)
    if (this.more.size > 0) this.more.delete(number - MOST)
    tags[tag + way] = hash
    tags[tag + WAYS + way] = number
    const place = number & (MOST - 1)
    this.ids[place] = id
    this.passes[place] = pass
    this.ttls[place] = rows[base + F.TTL]!
    const content = place * CONTENT
    for (let i = 0; i < COMPARED.length; i++) this.contents[content + i] = rows[base + COMPARED[i]!]!
    this.contents[content + ORIGIN] = origin
    this.contents[content + START] = start
    this.clocks[content / 2 + CLOCK] = clock
    return repeats
  }

  /** The journeys that had the content `known`; the latest number has it now. */
  private again(known: number, id: number, clock: number, pass: number, ttl: number): readonly Repeat[] {
    const place = known & (MOST - 1)
    const first = {
      id: String(this.ids[place]),
      clock: this.clocks[(place * CONTENT) / 2 + CLOCK]!,
      pass: this.passes[place]!,
      ttl: this.ttls[place]!,
    }
    const earlier = (this.more.get(known) ?? [first]).filter((one) => !(clock - one.clock > LATEST))
    this.more.delete(known)
    if (this.more.size >= MOST_AGAIN) for (const [oldest] of this.more) if (this.more.delete(oldest)) break
    this.more.set(this.count, [...earlier.slice(-15), { id: String(id), clock, pass, ttl }])
    return earlier.map((one) => ({
      id: one.id,
      before: (clock - one.clock) / 1e6,
      ...(isSamePacket(one, clock, pass) ? { isSamePacket: true as const } : {}),
      ...(isRound(one, pass, ttl) ? { isRound: true as const } : {}),
    }))
  }

  private same(number: number, start: number, origin: number, rows: Int32Array, base: number): boolean {
    const { contents } = this
    const content = (number & (MOST - 1)) * CONTENT
    for (let i = 0; i < COMPARED.length; i++) if (contents[content + i] !== rows[base + COMPARED[i]!]) return false
    return contents[content + ORIGIN] === origin && contents[content + START] === start
  }

  private grow(): void {
    const room = Math.min(MOST, this.ids.length * 4)
    this.contents = copied(this.contents, new Int32Array(room * CONTENT))
    this.clocks = new Float64Array(this.contents.buffer)
    this.ids = copied(this.ids, new Int32Array(room))
    this.passes = copied(this.passes, new Int32Array(room))
    this.ttls = copied(this.ttls, new Uint8Array(room))
    this.spread(setsFor(room))
  }

  /** Into more sets: what was in one stays in its order, so none is too full. */
  private spread(sets: number): void {
    if (sets === this.mask + 1) return
    const before = this.tags
    this.tags = new Int32Array(sets * TAGS)
    this.mask = sets - 1
    for (let set = 0; set < before.length; set += TAGS)
      for (let i = set; i < set + WAYS; i++) {
        const [hash, number] = [before[i]!, before[i + WAYS]!]
        if (number === 0) continue
        const tag = (hash & this.mask) * TAGS
        let way = 0
        while (this.tags[tag + WAYS + way] !== 0) way++
        this.tags[tag + way] = hash
        this.tags[tag + WAYS + way] = number
      }
  }
}

function copied<Numbers extends Int32Array | Uint8Array>(from: Numbers, to: Numbers): Numbers {
  to.set(from)
  return to
}

const mix = (hash: number, number: number) => Math.imul(((hash << 13) | (hash >>> 19)) ^ number, 0x9e3779b1)

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
