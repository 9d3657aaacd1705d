/**
 * NFLOG records → events. A record is what the kernel sends to a netlink group (net/netfilter/nfnetlink_log.c), as
 * LINKTYPE_NFLOG keeps it: family, version, group, then attributes with a length and a type each in the byte order of
 * the capturing host, filled up to four bytes; what is in them is in network byte order.
 */
import type { DeviceNames } from '../device-names.ts'
import type { CaptureContext } from '../format.ts'
import type { Timestamp } from '../stamp.ts'
import { NflogPrefixes } from './prefix.ts'
import * as R from './record.ts'

// enum nfulnl_attr_type
const NFULA_PACKET_HDR = 1
const NFULA_MARK = 2
const NFULA_IFINDEX_INDEV = 4
const NFULA_IFINDEX_OUTDEV = 5
const NFULA_IFINDEX_PHYSINDEV = 6
const NFULA_IFINDEX_PHYSOUTDEV = 7
const NFULA_HWADDR = 8
const NFULA_PAYLOAD = 9
const NFULA_PREFIX = 10
const NFULA_UID = 11
const NFULA_SEQ = 12
const NFULA_GID = 14
const NFULA_HWHEADER = 16
const NFULA_VLAN = 20
/** Inside NFULA_VLAN. */
const NFULA_VLAN_TCI = 2

const MULTIPLIER = 0x9e3779b1 | 0
/** Families whose hooks are numbered alike. */
const WITH_HOOKS: readonly number[] = [2, 10, R.AF_BRIDGE]
const ETHERNET_LENGTH = 14
/** The kernel's are shorter than 128 bytes (NF_LOG_PREFIXLEN). */
const MOST_PREFIX = 256

export class NflogMessages {
  private readonly context: CaptureContext
  private readonly prefixes: NflogPrefixes
  private readonly devices: DeviceNames
  /** The record that is read, and the packet's own bytes of it (record.ts). */
  private readonly key = new Uint8Array(R.PAYLOAD + R.MOST_PAYLOAD)
  private readonly keyView = new DataView(this.key.buffer)
  private prefixStart = 0
  private prefixEnd = 0
  private hook = -1
  /** The last sequence number of each group. */
  private readonly sequences = new Map<number, number>()
  /** Records that are missing, as sequence numbers show. */
  lost = 0

  constructor(context: CaptureContext, devices: DeviceNames) {
    this.context = context
    this.prefixes = new NflogPrefixes(context.points)
    this.devices = devices
  }

  /** The record `bytes[start, end)`; `line` is its number. Says false where it is none. */
  take(
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    little: boolean,
    at: Timestamp,
    line: number,
  ): boolean {
    if (end - start < 8) return false
    const length = this.attributes(view, start, end, little, line)
    if (length < 0) return false
    const point = this.prefixes.point(bytes, view, this.prefixStart, this.prefixEnd, this.hook)
    this.context.sink.event(point, this.state(length), at, line)
    return true
  }

  /** What is to be told when no more comes. */
  end(): void {
    const { report } = this.context
    if (this.lost > 0)
      report(
        'records-lost',
        `${this.lost} records are missing, as the group's sequence numbers show: the kernel dropped them`,
      )
    this.devices.end(report)
  }

  /** Fills the key; gives its length, or -1 where these are no attributes. */
  private attributes(view: DataView, start: number, end: number, little: boolean, line: number): number {
    const { keyView } = this
    for (let i = 0; i < R.PAYLOAD; i += 4) keyView.setInt32(i, 0)
    const family = view.getUint8(start)
    let etherType = family === 2 ? 0x0800 : family === 10 ? 0x86dd : 0
    let flags = 0
    let length = R.PAYLOAD
    this.prefixStart = this.prefixEnd = start
    this.hook = -1
    let count = 0
    for (let at = start + 4; at + 4 <= end; count++) {
      const size = view.getUint16(at, little)
      const type = view.getUint16(at + 2, little) & 0x3fff
      if (size < 4) break
      const from = at + 4
      const whole = at + size <= end
      const to = whole ? at + size : end
      at += (size + 3) & ~3
      if (type === NFULA_PAYLOAD) {
        flags |= R.WHOLE
        length = this.payload(view, from, to)
        break
      }
      if (!whole) break
      switch (type) {
        case NFULA_PREFIX:
          this.prefixStart = from
          this.prefixEnd = Math.min(to, from + MOST_PREFIX)
          while (this.prefixEnd > from && view.getUint8(this.prefixEnd - 1) === 0) this.prefixEnd--
          break
        case NFULA_PACKET_HDR:
          if (to - from >= 2 && view.getUint16(from) !== 0) etherType = view.getUint16(from)
          if (to - from >= 3 && WITH_HOOKS.includes(family)) this.hook = view.getUint8(from + 2)
          break
        case NFULA_HWHEADER:
          if (to - from === ETHERNET_LENGTH) {
            for (let i = 0; i < ETHERNET_LENGTH; i++) keyView.setUint8(R.ETHERNET + i, view.getUint8(from + i))
            flags |= R.HAS_ETHERNET
          }
          break
        case NFULA_HWADDR:
          flags |= this.sender(view, from, to)
          break
        case NFULA_SEQ:
          if (to - from >= 4) this.sequence(view.getUint16(start + 2), view.getUint32(from), line)
          break
        case NFULA_VLAN:
          flags |= this.vlan(view, from, to, little)
          break
        default:
          if (to - from >= 4) flags |= this.number(type, view.getInt32(from))
      }
    }
    if (count === 0 && length === R.PAYLOAD) return -1
    if (family === R.AF_BRIDGE) this.portsOfBridge()
    keyView.setUint8(0, family)
    keyView.setUint8(1, flags)
    keyView.setUint16(2, etherType)
    return length
  }

  private payload(view: DataView, from: number, to: number): number {
    const { keyView } = this
    const length = Math.min(to - from, R.MOST_PAYLOAD)
    const words = length & ~3
    for (let i = 0; i < words; i += 4) keyView.setInt32(R.PAYLOAD + i, view.getInt32(from + i))
    for (let i = words; i < length; i++) keyView.setUint8(R.PAYLOAD + i, view.getUint8(from + i))
    return R.PAYLOAD + length
  }

  /** Gives its flag. */
  private number(type: number, value: number): number {
    const { keyView, devices } = this
    switch (type) {
      case NFULA_MARK:
        keyView.setInt32(R.MARK, value)
        return R.HAS_MARK
      case NFULA_IFINDEX_INDEV:
        keyView.setInt32(R.IN, devices.number(value))
        return 0
      case NFULA_IFINDEX_OUTDEV:
        keyView.setInt32(R.OUT, devices.number(value))
        return 0
      case NFULA_IFINDEX_PHYSINDEV:
        keyView.setInt32(R.PHYSIN, devices.number(value))
        return 0
      case NFULA_IFINDEX_PHYSOUTDEV:
        keyView.setInt32(R.PHYSOUT, devices.number(value))
        return 0
      case NFULA_UID:
        keyView.setInt32(R.UID, value)
        return R.HAS_UID
      case NFULA_GID:
        keyView.setInt32(R.GID, value)
        return R.HAS_GID
    }
    return 0
  }

  /** Length, two bytes of nothing, the address. The Ethernet header, where there is one, has the same. */
  private sender(view: DataView, from: number, to: number): number {
    if (to - from < 10 || view.getUint16(from) !== 6) return 0
    for (let i = 0; i < 6; i++) this.keyView.setUint8(R.ETHERNET + 6 + i, view.getUint8(from + 4 + i))
    return R.HAS_SENDER
  }

  private vlan(view: DataView, from: number, to: number, little: boolean): number {
    for (let at = from; at + 8 <= to; ) {
      const size = view.getUint16(at, little)
      if ((view.getUint16(at + 2, little) & 0x3fff) === NFULA_VLAN_TCI && size >= 6) {
        this.keyView.setInt32(R.VLAN, view.getUint16(at + 4))
        return R.HAS_VLAN
      }
      if (size < 4) break
      at += (size + 3) & ~3
    }
    return 0
  }

  /** In the bridge family the kernel log's IN= and OUT= are the ports, which NFLOG calls the physical interfaces. */
  private portsOfBridge(): void {
    const { keyView } = this
    for (const [name, port] of [
      [R.IN, R.PHYSIN],
      [R.OUT, R.PHYSOUT],
    ] as const)
      if (keyView.getInt32(port) !== 0) {
        keyView.setInt32(name, keyView.getInt32(port))
        keyView.setInt32(port, 0)
      }
  }

  private sequence(group: number, number: number, line: number): void {
    const before = this.sequences.get(group)
    this.sequences.set(group, number)
    if (before === undefined) return
    const missing = (number - before - 1) >>> 0
    // one that goes back is another capture's
    if (missing === 0 || missing >= 0x80000000) return
    this.lost += missing
    this.context.sink.lost?.(line)
  }

  private state(length: number): number {
    const { key, keyView, context } = this
    const { states } = context
    let hash = length
    const words = length & ~3
    for (let at = 0; at < words; at += 4)
      hash = (Math.imul(hash ^ (hash >>> 15), MULTIPLIER) + keyView.getInt32(at)) | 0
    for (let at = words; at < length; at++) hash = (Math.imul(hash ^ (hash >>> 15), MULTIPLIER) + key[at]!) | 0
    hash = Math.imul(hash ^ (hash >>> 15), MULTIPLIER)
    hash = (hash ^ (hash >>> 13)) & 0x3fffffff
    const known = states.find(key, keyView, 0, length, hash, false)
    if (known >= 0) return known
    R.readRecord(new DataView(key.buffer, 0, length))
    return states.add(key, keyView, 0, length, hash, R.row, -1, this.packet)
  }

  private readonly packet = (bytes: Uint8Array, start: number, end: number) =>
    R.packetOfRecord(bytes, start, end, this.context.states.names)
}
