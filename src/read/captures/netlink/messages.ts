/**
 * NFT_MSG_TRACE → events (net/netfilter/nf_tables_trace.c). Attributes have a length and a type each in the byte order of
 * the capturing host, filled up to four bytes; what is in them is in network byte order. The first event of a walk
 * through a base chain shows the packet's headers, the others do not.
 */
import type { DeviceNames } from '../device-names.ts'
import type { CaptureContext } from '../format.ts'
import * as F from '../header-fields.ts'
import type { Timestamp } from '../stamp.ts'
import { TracedLineTable } from '../traced-line-table.ts'
import * as A from './attributes.ts'
import { ID_VALUE, LatestMessages } from './latest-messages.ts'
import * as P from './packet.ts'
import { type Known, knownOf, type PlacedEvent } from './point.ts'

// the key: what an event names; behind these its table, its chain and where it leads, each filled up to four bytes
const FAMILY = 0
const TYPE = 1
const HAS_HANDLE = 2
const HAS_CODE = 3
const HANDLE = 4
const CODE = 12
const LENGTHS = 16
const NAMES = 20
/** In bytes; the kernel's are as long (NFT_NAME_MAXLEN). */
const MOST_NAME = 255

const MULTIPLIER = 0x9e3779b1 | 0

const utf8 = new TextDecoder()

export class TraceMessages {
  private readonly context: CaptureContext
  private readonly devices: DeviceNames
  private readonly latest = new LatestMessages()
  private readonly table = new TracedLineTable<Known>()
  private readonly key = new Uint8Array(NAMES + 3 * (MOST_NAME + 1))
  private readonly keyView = new DataView(this.key.buffer)
  private keyEnd = NAMES
  /** What the event tells of its packet (packet.ts); zeros in between. */
  private readonly packet = new Uint8Array(P.LENGTH)
  private readonly packetView = new DataView(this.packet.buffer)
  private shows = false
  /** Where the verdict's chain is. */
  private target = 0
  private targetEnd = 0

  constructor(context: CaptureContext, devices: DeviceNames) {
    this.context = context
    this.devices = devices
  }

  /**
   * The message whose nfgenmsg begins at `start`; `line` is its packet's number. Says false where it is cut or no trace
   * event.
   */
  take(view: DataView, start: number, end: number, little: boolean, at: Timestamp, line: number): boolean {
    const seen = this.latest.find(view, start, end, little)
    if (seen) {
      this.context.sink.event(seen.point, -1, at, line, view.getUint32(start + ID_VALUE), seen.mark)
      return true
    }
    const { keyView, packetView } = this
    if (this.shows) for (let i = 0; i < P.LENGTH; i += 4) packetView.setInt32(i, 0)
    this.shows = false
    for (let i = 0; i < NAMES; i += 4) keyView.setInt32(i, 0)
    if (end - start < 4) return false
    keyView.setUint8(FAMILY, view.getUint8(start))
    let table = 0
    let tableEnd = 0
    let chain = 0
    let chainEnd = 0
    this.target = this.targetEnd = 0
    let id = -1
    let mark = 0
    for (let from = start + 4; from + 4 <= end; ) {
      const size = view.getUint16(from, little)
      const kind = view.getUint16(from + 2, little) & 0x3fff
      const value = from + 4
      const to = from + size
      if (size < 4 || to > end) return false
      from += (size + 3) & ~3
      switch (kind) {
        case A.NFTA_TRACE_TABLE:
          table = value
          tableEnd = to
          break
        case A.NFTA_TRACE_CHAIN:
          chain = value
          chainEnd = to
          break
        case A.NFTA_TRACE_VERDICT:
          this.verdict(view, value, to, little)
          break
        case A.NFTA_TRACE_ID:
          if (size >= 8) id = view.getUint32(value)
          break
        case A.NFTA_TRACE_MARK:
          if (size >= 8) mark = view.getUint32(value)
          break
        case A.NFTA_TRACE_TYPE:
          if (size >= 8) keyView.setUint8(TYPE, view.getInt32(value))
          break
        case A.NFTA_TRACE_RULE_HANDLE:
          if (size < 12) break
          keyView.setUint8(HAS_HANDLE, 1)
          keyView.setInt32(HANDLE, view.getInt32(value))
          keyView.setInt32(HANDLE + 4, view.getInt32(value + 4))
          break
        case A.NFTA_TRACE_POLICY:
          if (size >= 8) this.setCode(view.getInt32(value))
          break
        case A.NFTA_TRACE_NFPROTO:
          if (size >= 8) packetView.setUint8(P.FAMILY, view.getInt32(value))
          break
        default:
          this.show(kind, view, value, to)
      }
    }
    this.keyEnd = NAMES
    const named =
      this.name(0, view, table, tableEnd) &&
      this.name(1, view, chain, chainEnd) &&
      this.name(2, view, this.target, this.targetEnd)
    const known = named && id >= 0 ? this.known() : undefined
    if (known === undefined) return false
    const { sink } = this.context
    if (this.shows) sink.event(known.begin, this.state(), at, line, id, -1)
    const { point } = known
    if (point < 0) return true
    if (known.stolen) mark = -1
    if (!this.shows) this.latest.keep(view, start, end, little, { point, mark })
    sink.event(point, -1, at, line, id, mark)
    return true
  }

  private setCode(code: number): void {
    this.keyView.setUint8(HAS_CODE, 1)
    this.keyView.setInt32(CODE, code)
  }

  private verdict(view: DataView, start: number, end: number, little: boolean): void {
    for (let from = start; from + 4 <= end; ) {
      const size = view.getUint16(from, little)
      const kind = view.getUint16(from + 2, little) & 0x3fff
      if (size < 4 || from + size > end) return
      if (kind === A.NFTA_VERDICT_CODE && size >= 8) this.setCode(view.getInt32(from + 4))
      else if (kind === A.NFTA_VERDICT_CHAIN) {
        this.target = from + 4
        this.targetEnd = from + size
      }
      from += (size + 3) & ~3
    }
  }

  /** Puts a name behind what the key has; says false where it is too long for one. */
  private name(which: number, view: DataView, start: number, end: number): boolean {
    let last = end
    while (last > start && view.getUint8(last - 1) === 0) last--
    const length = last - start
    if (length > MOST_NAME) return false
    const { keyView, keyEnd } = this
    keyView.setUint8(LENGTHS + which, length)
    const words = length & ~3
    for (let i = 0; i < words; i += 4) keyView.setInt32(keyEnd + i, view.getInt32(start + i))
    if (words === length) {
      this.keyEnd = keyEnd + words
      return true
    }
    keyView.setInt32(keyEnd + words, 0)
    for (let i = words; i < length; i++) keyView.setUint8(keyEnd + i, view.getUint8(start + i))
    this.keyEnd = keyEnd + words + 4
    return true
  }

  private known(): Known | undefined {
    const { key, keyView, keyEnd, table } = this
    const hash = hashOf(keyView, keyEnd)
    const known = table.find(keyView, 0, keyEnd, hash)
    if (known) return known
    const read = knownOf(this.context.points, this.readKey())
    if (read) table.keep(key, 0, keyEnd, hash, read)
    return read
  }

  private readKey(): PlacedEvent {
    const { key, keyView } = this
    let at = NAMES
    const name = (which: number): string => {
      const length = key[LENGTHS + which]!
      const text = utf8.decode(key.subarray(at, at + length))
      at += (length + 3) & ~3
      return text
    }
    return {
      family: key[FAMILY]!,
      type: key[TYPE]!,
      table: name(0),
      chain: name(1),
      target: name(2),
      handle: key[HAS_HANDLE] ? keyView.getUint32(HANDLE) * 2 ** 32 + keyView.getUint32(HANDLE + 4) : undefined,
      code: key[HAS_CODE] ? keyView.getInt32(CODE) : undefined,
    }
  }

  /** What is the packet's. */
  private show(kind: number, view: DataView, start: number, end: number): void {
    const { packetView, devices } = this
    const length = end - start
    switch (kind) {
      case A.NFTA_TRACE_LL_HEADER:
        this.header(P.LINK_LENGTH, P.LINK, P.MOST_LINK, view, start, end)
        return
      case A.NFTA_TRACE_NETWORK_HEADER:
        this.header(P.NETWORK_LENGTH, P.NETWORK, P.MOST_NETWORK, view, start, end)
        return
      case A.NFTA_TRACE_TRANSPORT_HEADER:
        this.header(P.TRANSPORT_LENGTH, P.TRANSPORT, P.MOST_TRANSPORT, view, start, end)
        return
      case A.NFTA_TRACE_IIF:
      case A.NFTA_TRACE_OIF:
        if (length < 4) return
        this.shows = true
        packetView.setInt32(kind === A.NFTA_TRACE_IIF ? P.IN : P.OUT, devices.number(view.getInt32(start)))
        return
      case A.NFTA_TRACE_IIFTYPE:
      case A.NFTA_TRACE_OIFTYPE:
        if (length < 2) return
        this.shows = true
        packetView.setUint16(kind === A.NFTA_TRACE_IIFTYPE ? P.IN_TYPE : P.OUT_TYPE, view.getUint16(start))
        return
      case A.NFTA_TRACE_CT_DIRECTION:
        if (length >= 1) this.conntrack((view.getUint8(start) + 1) << F.CT_DIRECTION_SHIFT)
        return
      case A.NFTA_TRACE_CT_STATUS:
        if (length >= 4) this.conntrack((view.getInt32(start) & ALL_STATUS) << F.CT_STATUS_SHIFT)
        return
      case A.NFTA_TRACE_CT_STATE:
        if (length >= 4) this.conntrack(stateOf(view.getInt32(start)))
    }
  }

  private header(lengthAt: number, to: number, most: number, view: DataView, start: number, end: number): void {
    const { packetView } = this
    const length = Math.min(end - start, most)
    const words = length & ~3
    this.shows = true
    packetView.setUint8(lengthAt, length)
    for (let i = 0; i < words; i += 4) packetView.setInt32(to + i, view.getInt32(start + i))
    for (let i = words; i < length; i++) packetView.setUint8(to + i, view.getUint8(start + i))
  }

  private conntrack(bits: number): void {
    this.shows = true
    this.packetView.setInt32(P.CT, this.packetView.getInt32(P.CT) | bits)
  }

  private state(): number {
    const { packet, packetView, context } = this
    const { states } = context
    const hash = hashOf(packetView, P.LENGTH)
    const known = states.find(packet, packetView, 0, P.LENGTH, hash, false)
    if (known >= 0) return known
    P.readState(packetView, 0)
    return states.add(packet, packetView, 0, P.LENGTH, hash, P.row, -1, this.readPacket)
  }

  private readonly readPacket = (bytes: Uint8Array, start: number) =>
    P.packetOfState(bytes, start, this.context.states.names)
}

const ALL_STATUS = (1 << F.CT_STATUS.length) - 1

/** A bit for each: invalid, established, related, new, and untracked (NF_CT_STATE_BIT) → CT_STATES' place + 1. */
function stateOf(bits: number): number {
  switch (bits) {
    case 1:
      return F.CT_STATES.indexOf('invalid') + 1
    case 2:
      return F.CT_STATES.indexOf('established') + 1
    case 4:
      return F.CT_STATES.indexOf('related') + 1
    case 8:
      return F.CT_STATES.indexOf('new') + 1
    case 64:
      return F.CT_STATES.indexOf('untracked') + 1
    default:
      return 0
  }
}

/** Over words. */
function hashOf(view: DataView, end: number): number {
  let hash = end
  for (let at = 0; at < end; at += 4) hash = (Math.imul(hash ^ (hash >>> 15), MULTIPLIER) + view.getInt32(at)) | 0
  hash = Math.imul(hash ^ (hash >>> 15), MULTIPLIER)
  return (hash ^ (hash >>> 13)) & 0x3fffffff
}
