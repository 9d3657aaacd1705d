/**
 * What xtables-monitor prints of a packet (iptables/xtables-monitor.c, trace_print_packet), into a row of
 * header-fields.ts. It does not say the protocol: only TCP has flags, and ICMP has nothing at all.
 */
import { parseAddress } from '../../../model/address.ts'
import type { Packet } from '../../../model/packet.ts'
import * as F from '../header-fields.ts'
import type { Names } from '../names.ts'
import { packetOfRow } from '../packet-of-row.ts'

const decoder = new TextDecoder('latin1')
const encoder = new TextEncoder()
export const row = new Int32Array(F.COLUMNS)

const NUMBERS: Readonly<Record<string, number>> = {
  LEN: F.LEN,
  TOS: F.TOS,
  TC: F.TOS,
  TTL: F.TTL,
  HOPLIMIT: F.TTL,
  ID: F.ID,
  FLOWLBL: F.FLOW,
  SPORT: F.SPT,
  DPORT: F.DPT,
}
/** Of IPv6 the tool prints the payload's length and an IPv4 header's. */
const MISSING_IN_LEN = 40 - 20
/** Old versions print no blank behind the id. */
const FIELD = /(?:^|\s)([A-Z]+)[=:](\S*?)(?=\s|$|(?:CE|DF|MF)\b)|(?<![A-Z])(SYN|ACK|FIN|RST|PSH|URG|CE|DF|MF)(?=\s|$)/g

export interface ReadPacket {
  /** The packet's mark behind the first event of the chain; it is left out where it is 0. */
  mark: number
  /** How many fields were understood. */
  fields: number
  /** Offset of digits in which packets differ most, or -1. */
  telling: number
}

/** Fills `row` from `bytes[start, end)`: what stands behind the id. */
export function readHeaders(bytes: Uint8Array, start: number, end: number, names: Names): ReadPacket {
  row.fill(0)
  row[F.FAMILY] = -1
  const told: ReadPacket = { mark: 0, fields: 0, telling: -1 }
  const text = decoder.decode(bytes.subarray(start, end))
  for (const found of text.matchAll(FIELD)) {
    const [whole, key, value = '', word] = found
    told.fields++
    if (word !== undefined) takeWord(word)
    else if (key === 'MARK') told.mark = Number(value) || 0
    else if (key === 'FRAG') take(F.FRAG, (row[F.FRAG]! & ~0xfffff) | ((Number(value) << 3) & 0xfffff))
    else if (key === 'IN' || key === 'OUT') takeName(key === 'IN' ? F.IN : F.OUT, value, names)
    else if (key === 'SRC' || key === 'DST') takeAddress(key === 'SRC' ? F.SRC : F.DST, value)
    else if (key === 'MACSRC' || key === 'MACDST')
      take(key === 'MACSRC' ? F.MACSRC : F.MACDST, ((found.index + whole.length - value.length) << 12) | value.length)
    else if (Object.hasOwn(NUMBERS, key!) && /^(?:0x[0-9a-f]{1,8}|\d{1,10})$/.test(value)) {
      const column = NUMBERS[key!]!
      take(column, Number(value) | 0)
      if (column === F.ID && value !== '0') told.telling = found.index + whole.length - value.length
    } else told.fields--
  }
  // a fragment bit alone is none
  if ((row[F.FRAG]! & (F.FRAG_MF | 0xfffff)) === 0) row[F.PRESENT]! &= ~(1 << F.FRAG)
  if ((row[F.PRESENT]! & (1 << F.FLAGS)) !== 0) take(F.PROTO, F.TCP)
  if (row[F.FAMILY] === 6 && (row[F.PRESENT]! & (1 << F.LEN)) !== 0) row[F.LEN]! += MISSING_IN_LEN
  return told
}

function take(column: number, number: number): void {
  row[column] = number
  row[F.PRESENT]! |= 1 << column
}

function takeWord(word: string): void {
  if (word === 'DF') row[F.FRAG]! |= F.FRAG_DF
  else if (word === 'MF') take(F.FRAG, row[F.FRAG]! | F.FRAG_MF)
  else if (word !== 'CE') take(F.FLAGS, row[F.FLAGS]! | F.TCP_FLAGS[word]!)
}

function takeName(column: number, name: string, names: Names): void {
  const bytes = encoder.encode(name)
  if (bytes.length > 0 && bytes.length <= 15) take(column, names.number(bytes, 0, bytes.length))
}

function takeAddress(column: number, text: string): void {
  const address = parseAddress(text)
  if (!address) return
  const view = new DataView(address.buffer)
  for (let i = 0; i < address.length / 4; i++) row[column + i] = view.getInt32(4 * i)
  row[F.PRESENT]! |= column === F.SRC ? F.HAS_SRC : F.HAS_DST
  row[F.FAMILY] = address.length === 16 ? 6 : 4
}

/** Reads `bytes[start, end)`: what stands behind the id. */
export function readPacket(bytes: Uint8Array, start: number, end: number, names: Names): Packet {
  readHeaders(bytes, start, end, names)
  const text = (column: number) => {
    const offset = start + (row[column]! >>> 12)
    return wholeMac(decoder.decode(bytes.subarray(offset, offset + (row[column]! & 0xfff))))
  }
  const packet = packetOfRow(row, text, names)
  if (row[F.FAMILY] === 4 && packet.ipId !== undefined) packet.dontFragment = (row[F.FRAG]! & F.FRAG_DF) !== 0
  return packet
}

/** `2:0:0:0:a:2` → `02:00:00:00:0a:02`. */
const wholeMac = (text: string): string =>
  text
    .split(':')
    .map((part) => part.padStart(2, '0'))
    .join(':')
