/**
 * A drop as the program at the tracepoint kfree_skb writes it down (src/kernel/bpf/program.ts), numbers little-endian but
 * for the EtherType, which is as on the wire:
 *
 *     0 time (CLOCK_MONOTONIC, ns)  8 code address  16 reason  20 interface  24 input interface  28 mark
 *     32 EtherType  34 bytes of the packet that follow  36 namespace's inode  40 interface's name (16)
 *     56 the packet from its network header on
 */
import type { Drop } from '../../model/host.ts'
import type { Packet } from '../../model/packet.ts'
import * as F from '../captures/header-fields.ts'
import { Names } from '../captures/names.ts'
import { packetOfRow } from '../captures/packet-of-row.ts'
import { hexText } from '../captures/wire/hex.ts'
import { readIp } from '../captures/wire/ip.ts'

export const RECORD = 160
export const AT = {
  time: 0,
  location: 8,
  reason: 16,
  interface: 20,
  input: 24,
  mark: 28,
  etherType: 32,
  taken: 34,
  namespace: 36,
  name: 40,
  packet: 56,
} as const
export const NAME_LENGTH = 16

/** What the numbers in a record stand for on the machine that it is of. */
export interface DropNames {
  reasons: ReadonlyMap<number, string>
  /** By `locationOf`; not all are known. */
  locations: ReadonlyMap<number, string>
  /** What to add to CLOCK_MONOTONIC for the time since 1970, in microseconds. */
  clockOffset: number
}

/** Code addresses of 64-bit kernels begin with ffff; the rest is an exact number. */
export const locationOf = (record: DataView, start: number): number =>
  record.getUint16(start + AT.location + 4, true) * 2 ** 32 + record.getUint32(start + AT.location, true)

const row = new Int32Array(F.COLUMNS)
const encoder = new TextEncoder()

/** Turns records into drops; one for each stream of them. */
export class DropRecords {
  private readonly interfaces = new Names()

  /** Whole records, one behind the other. */
  read(bytes: Uint8Array, names: DropNames): Drop[] {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    const drops: Drop[] = []
    for (let at = 0; at + RECORD <= bytes.length; at += RECORD) drops.push(this.readRecord(bytes, view, at, names))
    return drops
  }

  private readRecord(bytes: Uint8Array, view: DataView, at: number, names: DropNames): Drop {
    const nanoseconds = view.getUint32(at + AT.time + 4, true) * 2 ** 32 + view.getUint32(at + AT.time, true)
    const reason = view.getUint32(at + AT.reason, true)
    const drop: Drop = {
      time: isoTime(nanoseconds / 1000 + names.clockOffset),
      reason: names.reasons.get(reason) ?? `#${reason}`,
      namespace: view.getUint32(at + AT.namespace, true),
      packet: this.readPacket(bytes, view, at),
    }
    const location = names.locations.get(locationOf(view, at))
    if (location !== undefined) drop.location = location
    return drop
  }

  private readPacket(bytes: Uint8Array, view: DataView, at: number): Packet {
    const start = at + AT.packet
    const end = start + Math.min(view.getUint16(at + AT.taken, true), RECORD - AT.packet)
    row.fill(0)
    this.readInterfaces(bytes, view, at)
    row[F.MARK] = view.getInt32(at + AT.mark, true)
    row[F.PRESENT]! |= 1 << F.MARK
    const packet = this.headersAt(view, start, end, view.getUint16(at + AT.etherType))
    const inner = row[F.INNER]!
    if (inner === 0) return packet
    row.fill(0)
    packet.inner = this.headersAt(view, inner >>> 12, Math.min((inner >>> 12) + (inner & 0xfff), end), 0)
    return packet
  }

  private headersAt(view: DataView, start: number, end: number, etherType: number): Packet {
    row[F.FAMILY] = start < end ? readIp(row, view, start, end, etherType) : -1
    return packetOfRow(row, () => hexText(view, row[F.OPT]! >>> 12, (row[F.OPT]! & 0xfff) / 2), this.interfaces)
  }

  /** Where it was when it was dropped: still on the interface that it came in by, or already on the one to leave by. */
  private readInterfaces(bytes: Uint8Array, view: DataView, at: number): void {
    const [here, input] = [view.getUint32(at + AT.interface, true), view.getUint32(at + AT.input, true)]
    if (here !== 0) {
      const column = here === input ? F.IN : F.OUT
      row[column] = this.nameOf(bytes, at + AT.name)
      row[F.PRESENT]! |= 1 << column
    }
    if (input === 0 || here === input) return
    const index = encoder.encode(`#${input}`)
    row[F.IN] = this.interfaces.number(index, 0, index.length)
    row[F.PRESENT]! |= 1 << F.IN
  }

  private nameOf(bytes: Uint8Array, start: number): number {
    const end = bytes.indexOf(0, start)
    return this.interfaces.number(bytes, start, end < 0 ? start + NAME_LENGTH : Math.min(end, start + NAME_LENGTH))
  }
}

/** Drops come by the thousand in the same second. */
const lately = { second: Number.NaN, text: '' }

/** Microseconds since 1970. */
function isoTime(clock: number): string {
  const second = Math.floor(clock / 1e6)
  if (second !== lately.second)
    Object.assign(lately, { second, text: new Date(second * 1000).toISOString().slice(0, -4) })
  return `${lately.text}${String(Math.floor(clock - second * 1e6)).padStart(6, '0')}Z`
}
