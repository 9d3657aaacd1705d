/**
 * Drops as the program that counts them keeps them (src/kernel/bpf/count-program.ts): a key for what they have in common,
 * and how many there were. Numbers are little-endian, but for what is as on the wire: EtherType, addresses, ports.
 *
 *     key     0 reason  4 interface  8 code address  16 input interface  20 EtherType  22 protocol
 *            24 source address (16)  40 destination address (16)  56 ports, or type and code of ICMP
 *     value   0 how many  8 time of the last (CLOCK_MONOTONIC, ns)  16 the first of them as a record (kernel-drop-record.ts)
 */
import type { Drop } from '../../model/host.ts'
import { protocolText } from '../captures/packet-of-row.ts'
import { type DropNames, DropRecords, locationOf, RECORD } from './kernel-drop-record.ts'

export const KEY = 64
export const IN_KEY = {
  reason: 0,
  interface: 4,
  location: 8,
  input: 16,
  etherType: 20,
  protocol: 22,
  source: 24,
  destination: 40,
  ports: 56,
} as const
export const IN_VALUE = { count: 0, last: 8, record: 16 } as const
export const VALUE = IN_VALUE.record + RECORD

/** Drops of one key. */
export interface CountedDrops {
  /** Tells the key from others. */
  key: string
  count: number
  /** When the last was: milliseconds since 1970. */
  last: number
  /** The first of them, since it was read the last time. */
  first(): Drop
}

/** Keys that were counted without addresses and ports, as there was no room for more; all since the beginning. */
export interface FoldedDrops {
  key: string
  count: number
  reason: string
  /** Of the kernel's function. */
  location: string | undefined
  family: 'ip' | 'ip6' | undefined
  /** As packets have it; undefined: it is not IP. */
  protocol: string | undefined
}

/** Code addresses that keys hold, as `locationOf` gives them. */
export function locationsIn(keys: Uint8Array): number[] {
  const view = new DataView(keys.buffer, keys.byteOffset, keys.length)
  const found = new Set<number>()
  for (let at = 0; at + KEY <= keys.length; at += KEY) found.add(locationOf(view, at))
  return [...found]
}

/** Keys and values, one behind the other. */
export function readCounts(keys: Uint8Array, values: Uint8Array, names: DropNames): CountedDrops[] {
  const view = new DataView(values.buffer, values.byteOffset, values.length)
  // names of interfaces that it remembers are forgotten with it
  const records = new DropRecords()
  return Array.from({ length: keys.length / KEY }, (_, i) => ({
    key: keyText(keys, i),
    count: numberAt(view, i * VALUE + IN_VALUE.count),
    last: (numberAt(view, i * VALUE + IN_VALUE.last) / 1000 + names.clockOffset) / 1000,
    first: () => records.read(values.subarray(i * VALUE + IN_VALUE.record, (i + 1) * VALUE), names)[0]!,
  }))
}

/** Keys, and a number of eight bytes for each. */
export function readFolded(keys: Uint8Array, counts: Uint8Array, { reasons, locations }: DropNames): FoldedDrops[] {
  const view = new DataView(counts.buffer, counts.byteOffset, counts.length)
  const inKeys = new DataView(keys.buffer, keys.byteOffset, keys.length)
  return Array.from({ length: keys.length / KEY }, (_, i) => {
    const at = i * KEY
    const reason = inKeys.getUint32(at + IN_KEY.reason, true)
    const family = FAMILIES[inKeys.getUint16(at + IN_KEY.etherType)]
    return {
      key: keyText(keys, i),
      count: numberAt(view, 8 * i),
      reason: reasons.get(reason) ?? `#${reason}`,
      location: locations.get(locationOf(inKeys, at)),
      family,
      protocol: family === undefined ? undefined : protocolText(inKeys.getUint8(at + IN_KEY.protocol)),
    }
  })
}

const FAMILIES: Readonly<Record<number, 'ip' | 'ip6'>> = { 2048: 'ip', 34525: 'ip6' }

const latin1 = new TextDecoder('latin1')
const keyText = (keys: Uint8Array, i: number): string => latin1.decode(keys.subarray(i * KEY, (i + 1) * KEY))

/** 64 bits; exact below 2^53. */
const numberAt = (view: DataView, at: number): number =>
  view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true)
