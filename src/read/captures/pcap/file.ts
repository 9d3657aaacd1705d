/**
 * Capture files of libpcap and of Wireshark, with packets of one link type that the reader is for: pcap in either byte
 * order, with micro- or nanoseconds, and pcapng. Several may stand behind each other in one file.
 */
import { once, type Report } from '../../../model/diagnostic.ts'
import type { CaptureContext, CaptureReader, CaptureStats } from '../format.ts'
import { Pieces } from '../pieces.ts'
import { UtcMoment } from '../utc-moment.ts'
import { type CaptureInterface, micros, seconds, timeOf } from './interface.ts'
import { linkTypeText } from './link-types.ts'
import { MOST_BLOCK, Pcapng, SECTION_HEADER } from './pcapng.ts'

/** pcap's magic number as it stands there in big endian → time stamps in units a second, and its record's head. */
const MAGIC: ReadonlyMap<number, { units: number; head: number }> = new Map([
  [0xa1b2c3d4, { units: 1e6, head: 16 }],
  [0xa1b23c4d, { units: 1e9, head: 16 }],
  // Alexey Kuznetzov's libpcap, of old Linux distributions
  [0xa1b2cd34, { units: 1e6, head: 24 }],
])
const FILE_HEAD = 24
/** What a file begins with, in either byte order; as a record's seconds these are far off. */
const HEADS: ReadonlySet<number> = new Set([
  0xa1b2c3d4,
  0xa1b23c4d,
  0xa1b2cd34,
  0xd4c3b2a1,
  0x4d3cb2a1,
  0x34cdb2a1,
  SECTION_HEADER,
])
/** The top bits say how long frame check sequences are. */
const LINK_TYPE_BITS = 0x03ffffff

type Form = 'unknown' | 'pcap' | 'pcapng' | 'lost'

export abstract class CaptureFile implements CaptureReader {
  readonly stats: CaptureStats = { bytes: 0, skipped: 0 }
  protected readonly context: CaptureContext
  /** When the packet at hand was captured. */
  protected readonly moment = new UtcMoment()
  /** Its number, as Wireshark counts. */
  protected number = 0
  private readonly pieces: Pieces
  private readonly linkType: number
  private readonly pcapng: Pcapng
  private form: Form = 'unknown'
  /** Of pcap. */
  private little = true
  private head = 16
  private only: CaptureInterface
  private dropped = 0
  /** What is read. */
  private bytes: Uint8Array = new Uint8Array(0)
  private readonly report: Report

  constructor(context: CaptureContext, linkType: number) {
    this.context = context
    this.report = once(context.report)
    this.linkType = linkType
    this.only = { linkType, units: 1e6, offset: 0 }
    this.pieces = new Pieces((bytes, view, start, end) => this.next(bytes, view, start, end))
    this.pcapng = new Pcapng({
      packet: (view, start, end, from, high, low) => {
        if (high < 0) this.moment.set(Number.NaN, 0)
        else {
          timeOf(high, low, from)
          this.moment.set(seconds, micros)
        }
        this.packet(view, start, end, from, this.pcapng.little)
      },
      tooLong: () => this.tooLong(),
      damaged: () => this.damaged(),
      dropped: (count) => {
        this.dropped += count
      },
    })
  }

  /** A packet of that link type. */
  protected abstract take(bytes: Uint8Array, view: DataView, start: number, end: number, little: boolean): void

  /** Of packets of another link type, which is named: what they lack. */
  protected abstract otherLinkType(found: string): string

  /** When no more comes; says how many events are known to be missing. */
  protected abstract ended(): number

  push(chunk: Uint8Array): void {
    this.stats.bytes += chunk.length
    this.pieces.push(chunk)
  }

  end(): void {
    if (this.pieces.left > 0) {
      if (!this.pieces.skips) this.number++
      this.skip('capture-cut', 'the file ends in the middle of a packet; tcpdump may still have been writing it')
    }
    if (this.dropped > 0)
      this.context.report('records-lost', `${this.dropped} packets are missing: the capturing machine dropped them`)
    this.stats.lost = this.dropped + this.ended()
  }

  private next(bytes: Uint8Array, view: DataView, start: number, end: number): number {
    this.bytes = bytes
    switch (this.form) {
      case 'unknown':
        return this.begin(view, start, end)
      case 'pcap':
        return this.record(view, start, end)
      case 'pcapng':
        if (end - start >= 4 && MAGIC.has(magicOf(view, start))) return this.begin(view, start, end)
        return this.pcapng.next(view, start, end)
      case 'lost':
        return end - start
    }
  }

  /** The head of a file, or of one behind another. */
  private begin(view: DataView, start: number, end: number): number {
    if (end - start < 4) return -4
    if (view.getUint32(start) === SECTION_HEADER) {
      this.form = 'pcapng'
      return this.pcapng.next(view, start, end)
    }
    const magic = MAGIC.get(magicOf(view, start))
    if (!magic) {
      this.damaged()
      return end - start
    }
    if (end - start < FILE_HEAD) return -FILE_HEAD
    this.form = 'pcap'
    this.little = !MAGIC.has(view.getUint32(start))
    this.head = magic.head
    const linkType = view.getUint32(start + 20, this.little) & LINK_TYPE_BITS
    this.only = { linkType, units: magic.units, offset: 0 }
    // without a single packet it is none of netfilter's all the same
    if (linkType !== this.linkType) this.tellOther(linkType)
    return FILE_HEAD
  }

  private record(view: DataView, start: number, end: number): number {
    const { little, head } = this
    const there = end - start
    if (there < head) return -head
    if (HEADS.has(view.getUint32(start)) && this.isHead(view, start)) return this.begin(view, start, end)
    const captured = view.getUint32(start + 8, little)
    if (captured > MOST_BLOCK) {
      this.damaged()
      return there
    }
    if (there < head + captured && this.only.linkType === this.linkType) return -(head + captured)
    const fraction = view.getUint32(start + 4, little)
    this.moment.set(view.getUint32(start, little), Math.floor(fraction / (this.only.units / 1e6)))
    // one of another link type is passed over, also where it is not all there
    this.packet(view, start + head, start + head + captured, this.only, little)
    return head + captured
  }

  /** The magic number, and version 2.4 behind it, which as a record's time would be one microsecond in 2055. */
  private isHead(view: DataView, start: number): boolean {
    if (view.getUint32(start) === SECTION_HEADER) return true
    const version = view.getUint32(start + 4)
    return version === 0x00020004 || version === 0x02000400
  }

  private packet(view: DataView, start: number, end: number, { linkType }: CaptureInterface, little: boolean): void {
    this.number++
    if (linkType === this.linkType) this.take(this.bytes, view, start, end, little)
    else this.tellOther(linkType)
  }

  private tellOther(linkType: number): void {
    this.tell('other-link-type', this.otherLinkType(linkTypeText(linkType)))
  }

  private tooLong(): void {
    this.number++
    this.skip('packet-too-long', 'a packet of more than 1 MB was skipped')
  }

  private damaged(): void {
    this.form = 'lost'
    this.number++
    this.skip(
      'capture-damaged',
      'the file is damaged here, and the start of the next packet is unknown: the rest was skipped',
    )
  }

  protected skip(code: string, message: string): void {
    this.stats.skipped++
    this.tell(code, message)
  }

  /** Each kind once, with the first packet it was met in. */
  protected tell(code: string, message: string): void {
    this.report(code, message, this.number || undefined)
  }
}

/** In big endian, whichever of the two it stands in; 0 where it is no magic number. */
function magicOf(view: DataView, start: number): number {
  const big = view.getUint32(start)
  if (MAGIC.has(big)) return big
  const little = view.getUint32(start, true)
  return MAGIC.has(little) ? little : 0
}
