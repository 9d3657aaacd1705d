/** What is received → a pcap file, piece by piece, as its readers take it: little endian, with microseconds. */
/** https://www.tcpdump.org/linktypes.html */
export const LINKTYPE_NFLOG = 239
export const LINKTYPE_NETLINK = 253

const MAGIC = 0xa1b2c3d4
export const RECORD_HEAD = 16
const MOST_LENGTH = 1 << 18

export function fileHead(linkType: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(new ArrayBuffer(24))
  const view = new DataView(bytes.buffer)
  view.setUint32(0, MAGIC, true)
  view.setUint16(4, 2, true)
  view.setUint16(6, 4, true)
  view.setUint32(16, MOST_LENGTH, true)
  view.setUint32(20, linkType, true)
  return bytes
}

/** Records of one moment, in one piece of memory. */
export class Records {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly view: DataView
  private at = 0
  private readonly seconds: number
  private readonly micros: number

  /** `capacity`: bytes of all records with their heads. `now`: microseconds since 1970. */
  constructor(capacity: number, now: number) {
    this.bytes = new Uint8Array(new ArrayBuffer(capacity))
    this.view = new DataView(this.bytes.buffer)
    this.seconds = Math.floor(now / 1e6)
    this.micros = Math.floor(now - this.seconds * 1e6)
  }

  /** Gives where its bytes are to be put. */
  begin(length: number): number {
    const { view, at } = this
    view.setUint32(at, this.seconds, true)
    view.setUint32(at + 4, this.micros, true)
    view.setUint32(at + 8, length, true)
    view.setUint32(at + 12, length, true)
    this.at = at + RECORD_HEAD + length
    return at + RECORD_HEAD
  }

  copy(from: Uint8Array, start: number, end: number, to: number): void {
    this.bytes.set(from.subarray(start, end), to)
  }

  get written(): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(0, this.at)
  }
}

/** Microseconds since 1970. It does not go back, but where somebody sets the clock by more than a second. */
export class Clock {
  private base = performance.timeOrigin

  now(): number {
    const found = this.base + performance.now()
    const told = Date.now()
    if (Math.abs(told - found) < 1000) return found * 1000
    this.base = told - performance.now()
    return told * 1000
  }
}
