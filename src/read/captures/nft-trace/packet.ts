/** A state's bytes → Packet, when somebody looks at it. */
import type { Packet } from '../../../model/packet.ts'
import * as F from '../header-fields.ts'
import type { Names } from '../names.ts'
import { packetOfRow } from '../packet-of-row.ts'
import { takeKept } from './fragments.ts'
import { readHeaders, row } from './headers.ts'

const decoder = new TextDecoder('latin1')

/** Reads `bytes[start, end)`: what stands behind `packet: `. `kept`: what other packets have told of it. */
export function readPacket(bytes: Uint8Array, start: number, end: number, names: Names, kept: Int32Array): Packet {
  readHeaders(bytes, start, end, names)
  takeKept(row, kept)
  const text = (column: number) => {
    const offset = start + (row[column]! >>> 12)
    return decoder.decode(bytes.subarray(offset, offset + (row[column]! & 0xfff)))
  }
  const packet = packetOfRow(row, text, names)
  // nft does not print that bit
  if (!(row[F.FRAG]! & F.FRAG_DF)) delete packet.dontFragment
  return packet
}
