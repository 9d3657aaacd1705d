/** Rates in bits or bytes each second, as `-m rateest` reads and prints them (libxt_rateest.c). */
import { wordTable } from '../../../model/word-table.ts'
import { WordError } from '../extension.ts'

/** Bits of one unit, by its name in lower case. */
const UNITS: Readonly<Record<string, number>> = wordTable({
  bit: 1,
  kibit: 1024,
  kbit: 1000,
  mibit: 1024 ** 2,
  mbit: 1000 ** 2,
  gibit: 1024 ** 3,
  gbit: 1000 ** 3,
  tibit: 1024 ** 4,
  tbit: 1000 ** 4,
  bps: 8,
  kibps: 8 * 1024,
  kbps: 8 * 1000,
  mibps: 8 * 1024 ** 2,
  mbps: 8 * 1000 ** 2,
  gibps: 8 * 1024 ** 3,
  gbps: 8 * 1000 ** 3,
  tibps: 8 * 1024 ** 4,
  tbps: 8 * 1000 ** 4,
})

/** Whole bytes each second: what the kernel keeps. A number without a unit is bits. Throws WordError. */
export function readBitRate(text: string): number {
  const [, digits = '', unit = ''] = /^(\d+\.?\d*|\.\d+)([a-z]*)$/i.exec(text) ?? []
  const scale = unit === '' ? 1 : UNITS[unit.toLowerCase()]
  if (digits === '' || scale === undefined) throw new WordError(`"${text}" is not a rate in bits or bytes`)
  return Math.trunc((Number(digits) * scale) / 8)
}

/** In at least four digits, where there are so many. */
export function printBitRate(bytes: number): string {
  const bits = bytes * 8
  if (bits >= 1e9) return `${roundHalfToEven(bits / 1e6)}Mbit`
  if (bits >= 1e6) return `${roundHalfToEven(bits / 1e3)}Kbit`
  return `${bits}bit`
}

/** As printf's %.0f. */
function roundHalfToEven(value: number): number {
  const floor = Math.floor(value)
  return value - floor === 0.5 ? floor + (floor % 2) : Math.round(value)
}
