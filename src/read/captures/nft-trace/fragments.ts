/**
 * nft prints no fragment offset, and the payload of a later IPv4 fragment as if a header stood there. Fragments of one
 * datagram have its IP id: which is the first one is told by what it came with, and that the others are later ones by what
 * no header of the same datagram would have there.
 */
import * as F from '../header-fields.ts'

/** Distinct packets that are remembered; those of a datagram come one behind the other. */
const LATELY = 16
/** Source, destination, protocol and id; what stands for its header; its IP payload; its offset, and where the next one begins. */
const WORDS = 8
const [KEY_WORDS, HEADER, PAYLOAD, OFFSET, NEXT] = [4, 4, 5, 6, 7]
const HEADER4 = 20

/** Flags that a TCP header has in practice, without those of ECN (CWR, ECE, AE) and PSH and URG. */
const TCP_FLAGS: readonly number[] = [0x02, 0x12, 0x10, 0x11, 0x04, 0x14]
const FREE_FLAGS = 0x1e8

/** What a transport header alone has. */
const OF_HEADER = [F.SPT, F.DPT, F.SEQ, F.ACK, F.WINDOW, F.FLAGS, F.TYPE, F.CODE, F.ICMP_ID, F.ICMP_SEQ]
const OF_HEADER_BITS = OF_HEADER.reduce((bits, column) => bits | (1 << column), 0)

export class Fragments {
  private readonly lately = new Int32Array(LATELY * WORDS)
  private latest = 0

  /** Takes from the row what is no header's. `udpLength`: as UDP's header has it. */
  note(row: Int32Array, udpLength: number): void {
    const payload = row[F.LEN]! - HEADER4
    if (row[F.FAMILY] !== 4 || row[F.FRAG] !== 0 || payload <= 0 || udpLength === payload) return
    const protocol = row[F.PROTO]!
    const isUdp = protocol === F.UDP
    if (isUdp ? udpLength < 0 : protocol !== F.ICMP && protocol !== F.TCP) return
    const header = isUdp ? udpLength : protocol === F.ICMP ? (row[F.TYPE]! << 8) | row[F.CODE]! : portsOf(row)
    const first = row[F.ID] === 0 ? -1 : this.find(row, -1, 0)
    if (first < 0) {
      // all fragments but the last have eights of bytes
      if ((payload & 7) === 0) this.keep(row, header, payload, 0)
      // so it is a last one, or damaged
      else if (isUdp) withoutHeader(row)
      return
    }
    if (this.lately[first + HEADER] === header) return
    if (protocol === F.TCP && TCP_FLAGS.includes(row[F.FLAGS]! & ~FREE_FLAGS)) return
    const known = this.find(row, header, payload)
    const offset = known < 0 ? this.lately[first + NEXT]! : this.lately[known + OFFSET]!
    if (known < 0) {
      this.lately[first + NEXT] = offset + payload
      this.keep(row, header, payload, offset)
    }
    const whole = isUdp ? this.lately[first + HEADER]! : 0
    const goesOn = isUdp ? offset + payload < whole : payload === this.lately[first + PAYLOAD]
    withoutHeader(row)
    row[F.FRAG] = offset | (goesOn ? F.FRAG_MF : 0)
    row[F.PRESENT]! |= 1 << F.FRAG
  }

  /** The datagram's first one; with `payload`, the one that has this and `header`. */
  private find(row: Int32Array, header: number, payload: number): number {
    const { lately } = this
    for (let at = 0; at < lately.length; at += WORDS) {
      if (payload === 0 ? lately[at + OFFSET] !== 0 : lately[at + OFFSET] === 0) continue
      if (lately[at] !== row[F.SRC] || lately[at + 1] !== row[F.DST]) continue
      if (lately[at + 2] !== row[F.PROTO] || lately[at + 3] !== row[F.ID]) continue
      if (payload === 0 || (lately[at + HEADER] === header && lately[at + PAYLOAD] === payload)) return at
    }
    return -1
  }

  private keep(row: Int32Array, header: number, payload: number, offset: number): void {
    const at = this.latest
    this.latest = (at + WORDS) % this.lately.length
    this.lately.set([row[F.SRC]!, row[F.DST]!, row[F.PROTO]!, row[F.ID]!], at)
    this.lately.set([header, payload, offset, payload], at + KEY_WORDS)
  }
}

/** Reads a row anew as it was read before. */
export function takeKept(row: Int32Array, kept: Int32Array): void {
  if ((kept[F.PRESENT]! & OF_HEADER_BITS) === (row[F.PRESENT]! & OF_HEADER_BITS)) return
  withoutHeader(row)
  row[F.FRAG] = kept[F.FRAG]!
  row[F.PRESENT]! |= kept[F.PRESENT]! & (1 << F.FRAG)
}

function withoutHeader(row: Int32Array): void {
  row[F.PRESENT]! &= ~OF_HEADER_BITS
  for (const column of OF_HEADER) row[column] = 0
}

const portsOf = (row: Int32Array): number => (row[F.SPT]! << 16) | row[F.DPT]!
