/** The bits of TCP's flags. */
import { wordTable } from '../../model/word-table.ts'

const TCP_FLAGS: Readonly<Record<string, number>> = wordTable({
  fin: 1,
  syn: 2,
  rst: 4,
  psh: 8,
  ack: 0x10,
  urg: 0x20,
  ece: 0x40,
  cwr: 0x80,
})

export const flagBits = (flags: readonly string[]): number =>
  flags.reduce((bits, flag) => bits | (TCP_FLAGS[flag] ?? 0), 0)
