/** A state's bytes and row → Packet, when somebody looks at it. */
import type { Packet } from '../../../model/packet.ts'
import * as F from '../header-fields.ts'
import type { Names } from '../names.ts'
import { packetOfRow } from '../packet-of-row.ts'
import { row as quotedRow, readHeaders } from './headers.ts'

const decoder = new TextDecoder('latin1')

/** Link addresses and TCP's options are mostly those of a packet before: by the last bits of their hash, the latest texts. */
const latest: string[] = new Array(256).fill('')

function textOf(bytes: Uint8Array, start: number, end: number): string {
  let hash = 0
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193)
  const at = (hash ^ (hash >>> 15)) & 0xff
  const known = latest[at]!
  if (isText(known, bytes, start, end)) return known
  const text = decoder.decode(bytes.subarray(start, end))
  latest[at] = text
  return text
}

function isText(text: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (text.length !== end - start) return false
  for (let i = start; i < end; i++) if (text.charCodeAt(i - start) !== bytes[i]) return false
  return true
}

/** `row`: what was read of the bytes from `start` on, which stand behind the prefix of a kernel log line. */
export function packetOf(bytes: Uint8Array, start: number, row: Int32Array, names: Names): Packet {
  const text = (column: number) => {
    const offset = start + (row[column]! >>> 12)
    return textOf(bytes, offset, offset + (row[column]! & 0xfff))
  }
  const packet = packetOfRow(row, text, names)
  const inner = row[F.INNER]!
  if (inner) {
    const from = start + (inner >>> 12)
    readHeaders(bytes, from, from + (inner & 0xfff), names)
    const quoted = packetOf(bytes, from, quotedRow, names)
    // the kernel prints no mark of a quoted packet
    delete quoted.mark
    packet.inner = quoted
  }
  return packet
}
