/**
 * Capture files (pcap and pcapng) of NFLOG and of nft's tracing, record by record (./nflog-record.ts, ./trace-record.ts).
 * Of blocks that hold no packets only what is needed stays; packets of another link type become zeros. What is damaged is
 * left out from there on.
 */
import { concat } from '../model/concat.ts'
import { redactNflogRecord } from './nflog-record.ts'
import type { RedactingStream } from './redacting-stream.ts'
import type { Redactor } from './redactor.ts'
import { redactTraceRecord } from './trace-record.ts'

const [NFLOG, NETLINK] = [239, 253]
const [SECTION, INTERFACE, OLD_PACKET, SIMPLE_PACKET, STATISTICS, ENHANCED_PACKET] = [0x0a0d0d0a, 1, 2, 3, 5, 6]
/** Options that are kept: of an interface the resolution and offset of its times, of statistics what was dropped. */
const OPTIONS: Readonly<Record<number, readonly number[]>> = { [INTERFACE!]: [9, 14], [STATISTICS!]: [4, 5, 6, 7] }
/** Longer is damaged. */
const MOST = 1 << 24

export class CaptureFileRedactor implements RedactingStream {
  private readonly redactor: Redactor
  /** Of a record whose end has not come. */
  private rest: Uint8Array[] = []
  private kept = 0
  /** How much of it is needed before it is looked at again. */
  private need = 1
  private form: 'unknown' | 'pcap' | 'pcapng' | 'lost' = 'unknown'
  private little = true
  /** Of pcap: bytes in front of each packet. */
  private head = 16
  /** Of pcap's file, or of each interface of pcapng's section. */
  private linkTypes: number[] = []

  constructor(redactor: Redactor) {
    this.redactor = redactor
  }

  push(bytes: Uint8Array): Uint8Array {
    this.rest.push(bytes.slice())
    this.kept += bytes.length
    if (this.kept < this.need || this.form === 'lost') {
      if (this.form === 'lost') this.rest = []
      return new Uint8Array(0)
    }
    let at = 0
    const all = concat(this.rest)
    const parts: Uint8Array[] = []
    this.need = 1
    while (this.form !== 'lost') {
      const length = this.length(new DataView(all.buffer, all.byteOffset + at, all.length - at))
      if (length === 0) this.form = 'lost'
      if (length > 0 && at + length > all.length) this.need = length
      if (length <= 0 || at + length > all.length) break
      parts.push(this.record(all.slice(at, at + length)))
      at += length
    }
    this.rest = this.form === 'lost' ? [] : [all.slice(at)]
    this.kept = all.length - at
    return concat(parts)
  }

  end(): Uint8Array {
    return new Uint8Array(0)
  }

  /** Of what comes next; -1: not known yet; 0: it is damaged. */
  private length(view: DataView): number {
    if (view.byteLength < 4) return -1
    const first = view.getUint32(0)
    if (this.form === 'unknown') {
      if (first === SECTION) this.form = 'pcapng'
      else return PCAP.has(first) ? 24 : 0
    }
    if (this.form === 'pcapng') {
      if (view.byteLength < 12) return -1
      if (PCAP.has(first)) return 24
      if (first === SECTION) {
        this.little = view.getUint32(8) === 0x4d3c2b1a
        this.linkTypes = []
      }
      const length = view.getUint32(4, this.little)
      return length < 12 || length & 3 || length > MOST ? 0 : length
    }
    if (PCAP.has(first)) return 24
    if (first === SECTION) {
      this.form = 'pcapng'
      return this.length(view)
    }
    if (view.byteLength < this.head) return -1
    const length = view.getUint32(8, this.little)
    return length > MOST ? 0 : this.head + length
  }

  private record(bytes: Uint8Array): Uint8Array {
    const view = new DataView(bytes.buffer)
    const first = view.getUint32(0)
    if (bytes.length === 24 && PCAP.has(first) && (this.form !== 'pcapng' || first !== SECTION))
      return this.pcapHead(bytes, view)
    return this.form === 'pcap' ? this.pcapRecord(bytes, view) : this.block(bytes, view)
  }

  private pcapHead(bytes: Uint8Array, view: DataView): Uint8Array {
    this.form = 'pcap'
    this.little = view.getUint8(0) !== 0xa1
    this.head = view.getUint32(0, this.little) === 0xa1b2cd34 ? 24 : 16
    this.linkTypes = [view.getUint32(20, this.little) & 0x03ffffff]
    return bytes
  }

  private pcapRecord(bytes: Uint8Array, view: DataView): Uint8Array {
    const packet = this.packet(bytes.subarray(this.head), 0)
    const head = bytes.slice(0, this.head)
    const change = packet.length - (bytes.length - this.head)
    const headView = new DataView(head.buffer)
    headView.setUint32(8, packet.length, this.little)
    headView.setUint32(12, Math.max(packet.length, view.getUint32(12, this.little) + change), this.little)
    return concat([head, packet])
  }

  private block(bytes: Uint8Array, view: DataView): Uint8Array {
    const { little } = this
    const type = view.getUint32(0, little)
    const body = bytes.subarray(8, bytes.length - 4)
    if (view.getUint32(0) === SECTION) {
      const fixed = body.slice(0, 16)
      // the section's length is not known any more
      fixed.fill(0xff, 8, 16)
      return this.written(view.getUint32(0), [fixed])
    }
    if (type === INTERFACE && body.length >= 8) {
      this.linkTypes.push(view.getUint16(8, little))
      return this.written(type, [body.subarray(0, 8), this.options(type, body.subarray(8))])
    }
    if (type === STATISTICS && body.length >= 12)
      return this.written(type, [body.subarray(0, 12), this.options(type, body.subarray(12))])
    if (type === SIMPLE_PACKET && body.length >= 4) {
      const packet = this.packet(body.subarray(4, 4 + view.getUint32(8, little)), 0)
      return this.written(type, [body.subarray(0, 4), packet])
    }
    if ((type === ENHANCED_PACKET || type === OLD_PACKET) && body.length >= 20) {
      const of = type === ENHANCED_PACKET ? view.getUint32(8, little) : view.getUint16(8, little)
      const fixed = body.slice(0, 20)
      const length = view.getUint32(20, little)
      const packet = this.packet(body.subarray(20, 20 + length), of)
      const fixedView = new DataView(fixed.buffer)
      fixedView.setUint32(12, packet.length, little)
      fixedView.setUint32(16, Math.max(packet.length, view.getUint32(24, little) + packet.length - length), little)
      return this.written(type, [fixed, packet])
    }
    // names, secrets, and whatever else a capture may hold
    return new Uint8Array(0)
  }

  private written(type: number, parts: readonly Uint8Array[]): Uint8Array {
    const body = concat(parts)
    const padded = (body.length + 3) & ~3
    const block = new Uint8Array(12 + padded)
    const view = new DataView(block.buffer)
    view.setUint32(0, type, this.little)
    view.setUint32(4, block.length, this.little)
    block.set(body, 8)
    view.setUint32(block.length - 4, block.length, this.little)
    return block
  }

  /** It may become longer, where a name in it does. */
  private packet(bytes: Uint8Array, from: number): Uint8Array {
    const linkType = this.linkTypes[from]
    if (linkType === NFLOG) return redactNflogRecord(bytes, this.little, this.redactor)
    if (linkType === NETLINK) return redactTraceRecord(bytes, this.little, this.redactor)
    return new Uint8Array(bytes.length)
  }

  private options(type: number, bytes: Uint8Array): Uint8Array {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    const parts: Uint8Array[] = []
    for (let at = 0; at + 4 <= bytes.length; ) {
      const [code, length] = [view.getUint16(at, this.little), view.getUint16(at + 2, this.little)]
      const end = at + 4 + ((length + 3) & ~3)
      if (code === 0 || end > bytes.length) break
      if (OPTIONS[type]?.includes(code)) parts.push(bytes.subarray(at, end))
      at = end
    }
    return concat(parts.length > 0 ? [...parts, new Uint8Array(4)] : [])
  }
}

const PCAP = new Set([0xa1b2c3d4, 0xa1b23c4d, 0xa1b2cd34, 0xd4c3b2a1, 0x4d3cb2a1, 0x34cdb2a1])
