/**
 * pcapng as it is written (https://datatracker.ietf.org/doc/draft-ietf-opsawg-pcapng/): a section, one interface whose
 * packets begin with the IP header, and a packet block with a comment for each packet. All numbers are big-endian, times are
 * in microseconds (if_tsresol's default).
 */
import { concat } from '../../model/concat.ts'

const SECTION_HEADER = 0x0a0d0d0a
const BYTE_ORDER = 0x1a2b3c4d
const INTERFACE = 1
const ENHANCED_PACKET = 6
/** LINKTYPE_RAW: the IP version tells which it is. */
const RAW = 101

const OPT_COMMENT = 1
const IF_NAME = 2
const SHB_USERAPPL = 4
/** Bytes; an option's length has 16 bits. */
const MOST_OPTION = 65_535

export interface PacketBlock {
  /** Microseconds since 1970. */
  time: bigint
  /** What is known of the packet, from its IP header on. */
  bytes: Uint8Array
  /** Bytes that it had. */
  length: number
  comment: string
}

/** What stands in front of all packets. `comment`: on the file as a whole. */
export const beginning = (comment: string): Uint8Array =>
  concat([
    block(SECTION_HEADER, words(BYTE_ORDER, 0x0001_0000, 0xffff_ffff, 0xffff_ffff), [
      [OPT_COMMENT, comment],
      [SHB_USERAPPL, 'nfwhy'],
    ]),
    block(INTERFACE, words(RAW << 16, 0), [[IF_NAME, 'netfilter']]),
  ])

export function packetBlock({ time, bytes, length, comment }: PacketBlock): Uint8Array {
  // what stands in a capture may be of 1901, and of any length
  const since = time < 0n ? 0n : time
  return block(
    ENHANCED_PACKET,
    concat([
      words(
        0,
        Number(since >> 32n),
        Number(since & 0xffff_ffffn),
        bytes.length,
        Math.min(Math.max(length, bytes.length), 0xffff_ffff),
      ),
      padded(bytes),
    ]),
    [[OPT_COMMENT, comment]],
  )
}

function block(type: number, body: Uint8Array, options: readonly (readonly [number, string])[]): Uint8Array {
  const parts = [body, ...options.filter(([, text]) => text !== '').map(([code, text]) => option(code, text)), words(0)]
  const length = 12 + parts.reduce((sum, part) => sum + part.length, 0)
  return concat([words(type, length), ...parts, words(length)])
}

function option(code: number, text: string): Uint8Array {
  const bytes = cut(new TextEncoder().encode(text))
  return concat([words((code << 16) | bytes.length), padded(bytes)])
}

/** No character is cut in two. */
function cut(bytes: Uint8Array): Uint8Array {
  if (bytes.length <= MOST_OPTION) return bytes
  let end = MOST_OPTION
  while ((bytes[end]! & 0xc0) === 0x80) end--
  return bytes.subarray(0, end)
}

/** To a whole number of words. */
const padded = (bytes: Uint8Array): Uint8Array =>
  bytes.length % 4 === 0 ? bytes : concat([bytes, new Uint8Array(4 - (bytes.length % 4))])

function words(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length)
  const view = new DataView(bytes.buffer)
  for (const [i, value] of values.entries()) view.setUint32(4 * i, value)
  return bytes
}
