/**
 * Byte rates as hashlimit keeps them: as the cost of 16 bytes in a 32 bit number, so that most rates are rounded
 * (libxt_hashlimit.c bytes_to_cost, cost_to_bytes, print_bytes).
 */
import { WordError } from '../extension.ts'

const UINT32 = 2 ** 32
const UNITS = [
  { letter: 'm', bytes: 1024 * 1024 },
  { letter: 'k', bytes: 1024 },
  { letter: '', bytes: 1 },
]

const bytesToCost = (bytes: number): number => Math.floor((UINT32 - 1) / ((Math.floor(bytes / 16) % UINT32) + 1))

/** The bytes per second that are left of a rate once it has been a cost. */
export const costToBytes = (cost: number): number => (Math.floor((UINT32 - 1) / cost) - 1) * 16

/** `4kb/s` → its cost; undefined for a rate in packets. Throws WordError. */
export function readByteRate(text: string): number | undefined {
  const match = /^(\d+)[^/]*?([mk]?)b\/s/.exec(text)
  if (!match || Number(match[1]) === 0) return undefined
  const cost = bytesToCost(Number(match[1]) * factor(match[2]!))
  if (cost <= 1) throw new WordError(`"${text}" is a higher rate than the kernel supports`)
  return cost
}

/** `N`, `Nk…`, `Nm…`; other letters are not looked at. Throws WordError. */
export function readBurst(text: string): number {
  const match = /^(0[xX][0-9a-fA-F]+|\d+)(.?)/.exec(text)
  if (!match || Number(match[1]) === 0) throw new WordError(`"${text}" is not a burst`)
  const number = /^0[0-7]/.test(match[1]!) ? Number.parseInt(match[1]!, 8) : Number(match[1])
  return number * factor(match[2]!)
}

const factor = (letter: string): number => UNITS.find((unit) => unit.letter === letter)?.bytes ?? 1

/** The largest unit that keeps the cost; 1.8.9 looks only at the low 32 bits of the rate for that. */
export function printByteRate(cost: number): string {
  const bytes = costToBytes(cost)
  const low = bytes % UINT32
  const unit = UNITS.find((one) => bytes >= one.bytes && bytesToCost(low - (low % one.bytes)) === cost) ?? UNITS.at(-1)!
  return `${Math.floor(bytes / unit.bytes)}${unit.letter}b/s`
}

/** A burst is kept as a multiple of the rate, in the largest unit that is not more; 1.8.9 divides only its low 32 bits. */
export function printByteBurst(burst: number, cost: number): string {
  const rate = costToBytes(cost)
  const bytes = (Math.floor((burst % UINT32) / rate) + (burst % rate > 0 ? 1 : 0)) * rate
  const unit = UNITS.find((one) => bytes >= one.bytes) ?? UNITS.at(-1)!
  return `${Math.floor(bytes / unit.bytes)}${unit.letter}b`
}
