/** Patterns of bytes, written as text or with hex between bars: `GET |2f 0a|` (libxt_string.c). */
import { WordError } from '../extension.ts'

/** XT_STRING_MAX_PATTERN_SIZE. */
const MAX_BYTES = 128
const BACKSLASH = 0x5c

/** `--string`; throws WordError. */
export const readPattern = (text: string): number[] => checked([...new TextEncoder().encode(text)])

/** `--hex-string`: in the text between the hex blocks, `\` takes the next character as it is. Throws WordError. */
export function readHexPattern(text: string): number[] {
  const bytes: number[] = []
  for (const [part, hex, literal] of text.matchAll(/\|([^|]*)\||\\(.)|./gsu)) {
    if (hex !== undefined) for (const byte of readHexBlock(hex)) bytes.push(byte)
    else if (part === '|') throw new WordError(`a hex block in "${text}" is not closed`)
    else if (part === '\\') throw new WordError(`"${text}" ends in a backslash`)
    else bytes.push(...new TextEncoder().encode(literal ?? part))
  }
  return checked(bytes)
}

/** Digits in pairs, one blank between pairs at most. */
function readHexBlock(text: string): number[] {
  if (!/^ *([0-9a-f]{2} ?)+$/i.test(text)) throw new WordError(`"${text}" is not bytes in hex`)
  return text.match(/[0-9a-f]{2}/gi)!.map((byte) => Number.parseInt(byte, 16))
}

function checked(bytes: number[]): number[] {
  if (bytes.length === 0) throw new WordError('the pattern is empty')
  if (bytes.length > MAX_BYTES) throw new WordError(`the pattern is longer than ${MAX_BYTES} bytes`)
  return bytes
}

/** The option and its value: hex where a byte cannot be printed, or where a backslash stands at the end. */
export function printPattern(bytes: readonly number[]): [option: string, value: string] {
  if (bytes.some((byte) => byte < 0x20 || byte > 0x7e) || bytes.at(-1) === BACKSLASH)
    return ['--hex-string', `"|${bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('')}|"`]
  return ['--string', `"${String.fromCharCode(...bytes).replace(/["\\]/g, '\\$&')}"`]
}
