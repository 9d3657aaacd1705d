import { FilterProblem } from './error.ts'
import type { Token } from './tokens.ts'

/** Decimal, 0x hex or 0 octal, as pcap-filter reads them; undefined where it is no number. */
export function numberIn(text: string): number | undefined {
  if (/^0[0-7]+$/.test(text)) return Number.parseInt(text, 8)
  return /^(0[xX][0-9a-fA-F]+|0|[1-9]\d*)$/.test(text) ? Number(text) : undefined
}

/** Throws FilterProblem; `what` names it for the message: "a port". */
export function readNumber(token: Token, text: string, max: number, what: string): number {
  const value = numberIn(text)
  if (value === undefined) throw new FilterProblem(token, `"${text}" is not ${what}: a number is needed`)
  if (value > max) throw new FilterProblem(token, `${text} is not ${what}: it is more than ${max}`)
  return value
}
