/**
 * pcapng: blocks with a type and a length, in sections that each have a byte order and interfaces of their own
 * (https://datatracker.ietf.org/doc/draft-ietf-opsawg-pcapng/). Blocks that hold no packets are passed over.
 */
import { type CaptureInterface, unitsOf } from './interface.ts'

export const SECTION_HEADER = 0x0a0d0d0a
const BYTE_ORDER = 0x1a2b3c4d
const INTERFACE = 1
const OLD_PACKET = 2
const SIMPLE_PACKET = 3
const STATISTICS = 5
const ENHANCED_PACKET = 6

const IF_TSRESOL = 9
const IF_TSOFFSET = 14
const ISB_IFDROP = 5
const ISB_OSDROP = 7

/** Interfaces of one section that are remembered. */
const MOST_INTERFACES = 4096
/** A longer block is passed over. */
export const MOST_BLOCK = 1 << 20

/** A packet's time is in interface units, in two halves; -1: there is none. */
export interface BlockSink {
  packet(view: DataView, start: number, end: number, from: CaptureInterface, high: number, low: number): void
  tooLong(): void
  damaged(): void
  /** Packets that the capturing machine could not keep. */
  dropped(count: number): void
}

export class Pcapng {
  little = true
  private interfaces: CaptureInterface[] = []
  private readonly sink: BlockSink

  constructor(sink: BlockSink) {
    this.sink = sink
  }

  /** As NextRecord. */
  next(view: DataView, start: number, end: number): number {
    const there = end - start
    if (there < 12) return -12
    const isHeader = view.getUint32(start) === SECTION_HEADER
    if (isHeader && !this.begin(view.getUint32(start + 8))) return this.damaged(there)
    const { little } = this
    const length = view.getUint32(start + 4, little)
    if (length < 12 || length & 3) return this.damaged(there)
    const type = view.getUint32(start, little)
    const holdsPacket = type === ENHANCED_PACKET || type === SIMPLE_PACKET || type === OLD_PACKET
    if (length > MOST_BLOCK) {
      if (holdsPacket) this.sink.tooLong()
      return length
    }
    if (length > there) return -length
    const [from, to] = [start + 8, start + length - 4]
    if (type === INTERFACE) this.describe(view, from, to)
    else if (type === STATISTICS) this.statistics(view, from, to)
    else if (holdsPacket && !this.packet(type, view, from, to)) return this.damaged(there)
    return length
  }

  private begin(order: number): boolean {
    if (order === BYTE_ORDER) this.little = false
    else if (order === 0x4d3c2b1a) this.little = true
    else return false
    this.interfaces = []
    return true
  }

  private damaged(there: number): number {
    this.sink.damaged()
    return there
  }

  private describe(view: DataView, from: number, to: number): void {
    if (to - from < 8 || this.interfaces.length >= MOST_INTERFACES) return
    const one: CaptureInterface = { linkType: view.getUint16(from, this.little), units: 1e6, offset: 0 }
    this.options(view, from + 8, to, (code, at, length) => {
      if (code === IF_TSRESOL && length >= 1) one.units = unitsOf(view.getUint8(at))
      else if (code === IF_TSOFFSET && length >= 8) one.offset = Number(view.getBigInt64(at, this.little))
    })
    this.interfaces.push(one)
  }

  private statistics(view: DataView, from: number, to: number): void {
    let dropped = 0
    this.options(view, from + 12, to, (code, at, length) => {
      if ((code === ISB_IFDROP || code === ISB_OSDROP) && length >= 8)
        dropped = Math.max(dropped, Number(view.getBigUint64(at, this.little)))
    })
    if (dropped > 0) this.sink.dropped(dropped)
  }

  private options(
    view: DataView,
    from: number,
    to: number,
    take: (code: number, at: number, length: number) => void,
  ): void {
    for (let at = from; at + 4 <= to; ) {
      const code = view.getUint16(at, this.little)
      const length = view.getUint16(at + 2, this.little)
      if (code === 0 || at + 4 + length > to) return
      take(code, at + 4, length)
      at += 4 + ((length + 3) & ~3)
    }
  }

  /** Says false where the block cannot hold what it says. */
  private packet(type: number, view: DataView, from: number, to: number): boolean {
    const { little } = this
    const head = type === SIMPLE_PACKET ? 4 : 20
    if (to - from < head) return false
    const number =
      type === SIMPLE_PACKET ? 0 : type === OLD_PACKET ? view.getUint16(from, little) : view.getUint32(from, little)
    const captured = type === SIMPLE_PACKET ? to - from - 4 : view.getUint32(from + 12, little)
    const one = this.interfaces[number]
    if (!one || captured > to - from - head) return false
    const [high, low] =
      type === SIMPLE_PACKET ? [-1, -1] : [view.getUint32(from + 4, little), view.getUint32(from + 8, little)]
    this.sink.packet(view, from + head, from + head + captured, one, high, low)
    return true
  }
}
