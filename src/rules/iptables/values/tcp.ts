/** TCP's flags by name (libxt_tcp.c, tcp_flag_names), as bits of the header's byte. */
import { wordTable } from '../../../model/word-table.ts'
import { type Option, WordError } from '../extension.ts'

const FLAGS: Readonly<Record<string, number>> = wordTable({ FIN: 1, SYN: 2, RST: 4, PSH: 8, ACK: 0x10, URG: 0x20 })

export interface TcpFlags {
  /** Which flags are looked at. */
  mask: number
  /** Which of them must be set. */
  set: number
}

export const SYN_ONLY: TcpFlags = { mask: 0x17, set: 2 }

/** A list with commas; `ALL` and `NONE` too. Throws WordError. */
export function readTcpFlags(text: string): number {
  let bits = 0
  for (const name of text.toUpperCase().split(',')) {
    const bit = name === 'ALL' ? 0x3f : name === 'NONE' || name === '' ? 0 : FLAGS[name]
    if (bit === undefined) throw new WordError(`"${name}" is not a TCP flag`)
    bits |= bit
  }
  return bits
}

export function printTcpFlags(bits: number): string {
  const names = Object.keys(FLAGS).filter((name) => bits & FLAGS[name]!)
  return names.length > 0 ? names.join(',') : 'NONE'
}

/** `--tcp-flags MASK SET`. */
export const tcpFlagsOption = (more: Partial<Option<TcpFlags>> = {}): Option<TcpFlags> => ({
  words: 2,
  invert: true,
  read([mask = '', set = '']) {
    if (/^[-!]/.test(set))
      throw new WordError('two lists of flags are needed: the flags to examine, and which of them must be set')
    return { mask: readTcpFlags(mask), set: readTcpFlags(set) }
  },
  print: ({ mask, set }) => [printTcpFlags(mask), printTcpFlags(set)],
  ...more,
})
