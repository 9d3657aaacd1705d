/**
 * A row of named fields (JSON, CSV) → one event. Which name means what is each format's own table; here the values are
 * checked and put into a row of header-fields.ts, whose bytes, with the texts behind them, are the packet state's own.
 * What is not given, or makes no sense, stays unknown.
 */

import { parseAddress } from '../../../model/address.ts'
import { latin1 } from '../../../model/latin1.ts'
import type { Packet } from '../../../model/packet.ts'
import type { DeviceNames } from '../device-names.ts'
import type { CaptureContext } from '../format.ts'
import * as F from '../header-fields.ts'
import { NflogPrefixes } from '../nflog/prefix.ts'
import { packetOfRow } from '../packet-of-row.ts'
import type { Timestamp } from '../stamp.ts'

const TEXTS = F.COLUMNS * 4
/** Two MAC addresses, an Ethernet header and TCP's options in hex. */
const MOST_TEXT = 256
/** Interface names, and hosts. */
const MOST_NAME = 255
/** Bytes of a prefix; the kernel's are shorter. */
const MOST_PREFIX = 256
const MULTIPLIER = 0x9e3779b1 | 0

const encoder = new TextEncoder()

/** How many bits the columns of headers have; those not named here have 32. */
const BITS: Readonly<Record<number, number>> = {
  [F.PROTO]: 8,
  [F.TOS]: 8,
  [F.TTL]: 8,
  [F.TYPE]: 8,
  [F.CODE]: 8,
  [F.SPT]: 16,
  [F.DPT]: 16,
  [F.WINDOW]: 16,
  [F.ICMP_ID]: 16,
  [F.ICMP_SEQ]: 16,
  [F.VLAN]: 12,
  [F.FLOW]: 20,
}

export const CUT_BEFORE_ENDS = 'the last row ends before the addresses and ports of its packet; it was skipped'

/** One object for all rows: begin, set what there is, and hand it on as an event. */
export class FieldRow {
  /** The text that names the rule, or undefined: then the row is none of NFLOG's. */
  prefix: string | undefined
  /** Behind a row without addresses: 2, 10 or 7, as the kernel numbers families. */
  family: number | undefined
  /** As the kernel numbers hooks; -1: not known. */
  hook = -1
  readonly row = new Int32Array(F.COLUMNS)
  private readonly devices: DeviceNames
  private readonly context: CaptureContext
  private readonly prefixes: NflogPrefixes
  private readonly bytes = new Uint8Array(TEXTS + MOST_TEXT)
  private readonly view = new DataView(this.bytes.buffer)
  private used = TEXTS
  private readonly indexes = new Map<number, number>()

  constructor(context: CaptureContext, devices: DeviceNames) {
    this.context = context
    this.prefixes = new NflogPrefixes(context.points)
    this.devices = devices
  }

  begin(): void {
    this.row.fill(0)
    this.row[F.FAMILY] = -1
    this.row[F.FRAG] = F.FRAG_DF_UNKNOWN
    this.row[F.OPT] = F.OPT_UNKNOWN
    this.prefix = this.family = undefined
    this.hook = -1
    this.indexes.clear()
    this.used = TEXTS
  }

  has(column: number): boolean {
    return (this.row[F.PRESENT]! & (1 << column)) !== 0
  }

  /** Decimal, or hex behind 0x. */
  setNumber(column: number, text: string): void {
    const value = numberOf(text)
    if (value !== undefined) this.set(column, value)
  }

  /** Nothing where the field has no room for it. */
  set(column: number, value: number): void {
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** (BITS[column] ?? 32)) return
    this.row[column] = value
    this.row[F.PRESENT]! |= 1 << column
  }

  forget(...columns: number[]): void {
    for (const column of columns) {
      this.row[F.PRESENT]! &= ~(1 << column)
      this.row[column] = 0
    }
  }

  /** An interface's name; empty: there is none. */
  setName(column: number, name: string): void {
    if (name.length > MOST_NAME) return
    this.row[column] = this.nameNumber(name)
    this.row[F.PRESENT]! |= 1 << column
  }

  /** An interface's index, for where its name is not there. */
  setIndex(column: number, text: string): void {
    const index = numberOf(text)
    if (index !== undefined && index <= 0x7fffffff) this.indexes.set(column, index)
  }

  private nameByIndex(): void {
    for (const [column, index] of this.indexes) {
      if (this.row[column] !== 0) continue
      this.row[column] = this.devices.number(index)
      this.row[F.PRESENT]! |= 1 << column
    }
  }

  setHost(name: string): void {
    if (name.length <= MOST_NAME) this.row[F.HOST] = this.nameNumber(name)
  }

  private nameNumber(name: string): number {
    const bytes = encoder.encode(name)
    return this.context.states.names.number(bytes, 0, bytes.length)
  }

  /** Into SRC or DST. */
  setAddress(column: number, text: string): void {
    const address = text.length < 48 ? parseAddress(text) : undefined
    if (!address) return
    const family = address.length === 4 ? 4 : 6
    const { row } = this
    if (row[F.FAMILY]! >= 0 && row[F.FAMILY] !== family) return
    row[F.FAMILY] = family
    const view = new DataView(address.buffer)
    for (let i = 0; i < address.length / 4; i++) row[column + i] = view.getInt32(4 * i)
    row[F.PRESENT]! |= column === F.SRC ? F.HAS_SRC : F.HAS_DST
  }

  /** MAC, MACSRC, MACDST (`aa:bb:…`) or OPT (hex). */
  setText(column: number, text: string): void {
    if (this.has(column) || text.length > 80 || this.used + text.length > this.bytes.length) return
    for (let i = 0; i < text.length; i++) this.bytes[this.used + i] = text.charCodeAt(i)
    this.row[column] = (this.used << 12) | text.length
    this.row[F.PRESENT]! |= 1 << column
    this.used += text.length
  }

  /** The row as an event; says false where there is no prefix. */
  event(at: Timestamp, line: number): boolean {
    if (this.prefix === undefined) return false
    const text = encoder.encode(this.prefix)
    const view = new DataView(text.buffer, text.byteOffset, text.byteLength)
    const point = this.prefixes.point(text, view, 0, Math.min(text.length, MOST_PREFIX), this.hook)
    this.nameByIndex()
    const { row } = this
    if (row[F.FAMILY]! < 0 && this.family !== undefined)
      row[F.FAMILY] = this.family === 2 ? 4 : this.family === 10 ? 6 : this.family === 7 ? 7 : -1
    this.context.sink.event(point, this.state(), at, line)
    return true
  }

  private state(): number {
    const { row, bytes, view, used, context } = this
    const { states } = context
    let hash = used
    for (let i = 0; i < F.COLUMNS; i++) {
      view.setInt32(4 * i, row[i]!, true)
      hash = (Math.imul(hash ^ (hash >>> 15), MULTIPLIER) + row[i]!) | 0
    }
    for (let at = TEXTS; at < used; at++) hash = (Math.imul(hash ^ (hash >>> 15), MULTIPLIER) + bytes[at]!) | 0
    hash = Math.imul(hash ^ (hash >>> 15), MULTIPLIER)
    hash = (hash ^ (hash >>> 13)) & 0x3fffffff
    const known = states.find(bytes, view, 0, used, hash, false)
    return known >= 0 ? known : states.add(bytes, view, 0, used, hash, row, -1, this.packet)
  }

  private readonly packet = (bytes: Uint8Array, start: number): Packet => {
    const view = new DataView(bytes.buffer, bytes.byteOffset + start)
    const row = Int32Array.from({ length: F.COLUMNS }, (_, i) => view.getInt32(4 * i, true))
    const text = (column: number) => {
      const from = start + (row[column]! >>> 12)
      return latin1(bytes.subarray(from, from + (row[column]! & 0xfff)))
    }
    return packetOfRow(row, text, this.context.states.names)
  }
}

/** Decimal, or hex behind 0x; undefined where it is neither. */
export function numberOf(text: string): number | undefined {
  if (text.length > 20 || !/^(?:0x[0-9a-f]+|\d+)$/i.test(text)) return undefined
  return Number(text)
}
