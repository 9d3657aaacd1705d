/** Numbers, names and times as nft writes them. */
import type { Kind } from './kinds.ts'

/** What the scanner takes for one word without quotes. */
const WORD =
  /^(?:[a-zA-Z_.][a-zA-Z0-9/\-_.]*|\d+|0[xX][0-9a-fA-F]+|(?:\d{1,3}\.){3}\d{1,3}|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*|\d[\ddhms]*|8021ad|8021q)$/

export function printScalar(value: number | string | boolean, kind: Kind): string {
  if (typeof value === 'boolean') return value ? 'exists' : 'missing'
  if (typeof value === 'number') return printNumber(value, kind)
  if (value === '*' || value.startsWith('@')) return value
  if (kind === 'name') return quoted(value)
  return WORD.test(value) ? value : quoted(value)
}

function printNumber(value: number, kind: Kind): string {
  const hex = (digits: number) => `0x${value.toString(16).padStart(digits, '0')}`
  if (!Number.isInteger(value) && kind !== 'time') return String(value)
  switch (kind) {
    case 'mark':
      return hex(8)
    case 'hex4':
      return hex(4)
    case 'hex2':
      return hex(2)
    case 'hex':
    case 'bits':
      return hex(1)
    case 'time':
      return printTime(value)
    case 'handle':
      // tc's handles: MAJOR:MINOR
      return value === 0 ? 'none' : `${(value >>> 16).toString(16)}:${(value & 0xffff).toString(16)}`
    default:
      return String(value)
  }
}

/** nft's texts cannot hold a quote: one that netlink brought shows as a character that no command holds. */
export const quoted = (text: string): string => `"${text.replaceAll('"', '\ufffd')}"`

/** From seconds: `1d2h3m4s500ms`. */
export function printTime(seconds: number): string {
  const milliseconds = Math.round(seconds * 1000)
  const parts: [number, string][] = [
    [Math.floor(milliseconds / 86_400_000), 'd'],
    [Math.floor(milliseconds / 3_600_000) % 24, 'h'],
    [Math.floor(milliseconds / 60_000) % 60, 'm'],
    [Math.floor(milliseconds / 1000) % 60, 's'],
    [milliseconds % 1000, 'ms'],
  ]
  return parts.map(([count, unit]) => (count > 0 ? `${count}${unit}` : '')).join('') || '0s'
}

/** In the largest unit that leaves no rest: `25 mbytes` (get_rate in nft's src/statement.c). */
export function printBytes(bytes: number): string {
  const units = ['bytes', 'kbytes', 'mbytes']
  let at = 0
  while (at < 2 && bytes !== 0 && bytes % 1024 === 0) {
    bytes /= 1024
    at++
  }
  return `${bytes} ${units[at]}`
}

/** How many bytes `count` of this unit are. */
export const inBytes = (count: number, unit = 'bytes'): number =>
  count * (unit === 'mbytes' ? 1024 * 1024 : unit === 'kbytes' ? 1024 : 1)
