/** Numbers as xtables reads them: decimal, 0x hex or 0 octal (libxtables xtables_strtoui), printed in decimal or hex. */
import type { Negatable } from '../../../model/ruleset.ts'
import { type Option, WordError, word } from '../extension.ts'

/** Reads one number in `min`..`max`; throws WordError. */
export function readNumber(text: string, max = 0xffffffff, min = 0): number {
  const value = /^0[0-7]+$/.test(text)
    ? Number.parseInt(text, 8)
    : /^(0[xX][0-9a-fA-F]+|0|[1-9]\d*)$/.test(text)
      ? Number(text)
      : Number.NaN
  if (Number.isNaN(value)) throw new WordError(`"${text}" is not a number`)
  if (value < min || value > max) throw new WordError(`${text} is out of range (${min} to ${max})`)
  return value
}

export const hex = (value: number): string => `0x${(value >>> 0).toString(16)}`

export const u8 = (more: Partial<Option<number>> = {}) => word((text) => readNumber(text, 0xff), String, more)
export const u16 = (more: Partial<Option<number>> = {}) => word((text) => readNumber(text, 0xffff), String, more)
export const u32 = (more: Partial<Option<number>> = {}) => word((text) => readNumber(text), String, more)

/** A number of 64 bits, kept in decimal text: JSON has no integers that wide. */
export const u64 = (more: Partial<Option<string>> = {}) => word((text) => readU64(text), String, more)

/** Throws WordError. */
export function readU64(text: string): string {
  if (!/^(0[xX][0-9a-fA-F]+|\d+)$/.test(text)) throw new WordError(`"${text}" is not a number`)
  const value = BigInt(/^0[0-7]+$/.test(text) ? `0o${text}` : text)
  if (value > 0xffffffffffffffffn) throw new WordError(`${text} is out of range (0 to 18446744073709551615)`)
  return String(value)
}

export interface Range {
  from: number
  to: number
}

/** `N`, `N:M`, `:M` or `N:`; `N:N` prints as `N`. 1.8.9 takes `4:3`, which nothing is in. Throws WordError. */
export function readRange(text: string, max: number, separator = ':'): Range {
  const at = text.indexOf(separator)
  if (at < 0) {
    const value = readNumber(text, max)
    return { from: value, to: value }
  }
  const [low, high] = [text.slice(0, at), text.slice(at + 1)]
  return { from: low === '' ? 0 : readNumber(low, max), to: high === '' ? max : readNumber(high, max) }
}

export const printRange = (range: Range, separator = ':'): string =>
  range.from === range.to ? String(range.from) : `${range.from}${separator}${range.to}`

export const rangeOption = (max: number, more: Partial<Option<Range>> = {}) =>
  word(
    (text) => readRange(text, max),
    (range) => printRange(range),
    more,
  )

/** All that can be, not inverted: iptables-save leaves that out. */
export const saysNothing = ({ value, not }: Negatable<Range>, max: number): boolean =>
  !not && value.from === 0 && value.to === max

/** As a condition's value. */
export const rangeValue = (range: Range): number | { range: [number, number] } =>
  range.from === range.to ? range.from : { range: [range.from, range.to] }

export interface Masked {
  value: number
  mask: number
}

/** `VALUE[/MASK]`, both 32 bits; the mask defaults to all ones. */
export function readMasked(text: string, max = 0xffffffff): Masked {
  const at = text.indexOf('/')
  if (at < 0) return { value: readNumber(text, max), mask: max }
  return { value: readNumber(text.slice(0, at), max), mask: readNumber(text.slice(at + 1), max) }
}

export const printMasked = ({ value, mask }: Masked, max = 0xffffffff): string =>
  mask === max ? hex(value) : `${hex(value)}/${hex(mask)}`

export const maskedOption = (more: Partial<Option<Masked>> = {}) =>
  word(
    (text) => readMasked(text),
    (masked) => printMasked(masked),
    more,
  )
