/** A state's bytes and row → Packet, when somebody looks at it. */
import type { Packet } from '../../../model/packet.ts'
import * as F from '../header-fields.ts'
import type { Names } from '../names.ts'
import { packetOfRow } from '../packet-of-row.ts'
import { row as quotedRow, readHeaders } from './headers.ts'

const decoder = new TextDecoder('latin1')

/** `row`: what was read of the bytes from `start` on, which stand behind the prefix of a kernel log line. */
export function packetOf(bytes: Uint8Array, start: number, row: Int32Array, names: Names): Packet {
  const text = (column: number) => {
    const offset = start + (row[column]! >>> 12)
    return decoder.decode(bytes.subarray(offset, offset + (row[column]! & 0xfff)))
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
