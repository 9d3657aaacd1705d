/** Where records begin among all the bytes of a log. */
import * as V from './values.ts'

const NEWLINE = 0x0a
/** `RACE`, `RC=` … as little-endian numbers. */
const RACE = 0x45434152
const ROTO = 0x4f544f52

/** Did the last findRecord pass fields of a packet? Then a line's beginning is missing. */
export let tailSeen = false

/** Where `TRACE:`, or an `IN=` that LOG has printed, begins in the line from `start` on; or where the line ends. */
export function findRecord(bytes: Uint8Array, view: DataView, start: number, end: number): number {
  let at = start
  let tail = false
  for (; at + 5 < end; at++) {
    const byte = bytes[at]!
    if (byte > 0x54) continue
    if (byte === NEWLINE) break
    if (byte === 0x54) {
      if (view.getInt32(at + 1, true) === RACE && bytes[at + 5] === 0x3a) return at
    } else if (byte === 0x49) {
      if (bytes[at + 1] === 0x4e && bytes[at + 2] === 0x3d && isLog(bytes, at + 3, end)) return at
    } else if (byte === 0x53) {
      if (bytes[at + 1] === 0x52 && bytes[at + 2] === 0x43 && bytes[at + 3] === 0x3d) tail = true
    } else if (byte === 0x50 && view.getInt32(at + 1, true) === ROTO) tail = true
  }
  tailSeen = tail
  while (bytes[at] !== NEWLINE && at < end) at++
  return at
}

/** Behind `IN=`: a name of any reasonable length, blanks, and `OUT=`, `PHYSIN=` or `MAC`. */
function isLog(bytes: Uint8Array, from: number, end: number): boolean {
  let at = from
  const stop = Math.min(end, from + 64)
  while (at < stop && bytes[at]! > 0x20 && bytes[at] !== 0x3d) at++
  // the blank in between is lost
  if (bytes[at] === 0x3d) at -= bytes[at - 1] === 0x54 ? 3 : bytes[at - 1] === 0x4e ? 6 : 0
  const blanks = Math.min(end, at + 100)
  while (at < blanks && bytes[at]! <= 0x20 && bytes[at] !== NEWLINE) at++
  const [a, b, c] = [bytes[at], bytes[at + 1], bytes[at + 2]]
  return (
    (a === 0x4f && b === 0x55 && c === 0x54) ||
    (a === 0x50 && b === 0x48 && c === 0x59) ||
    (a === 0x4d && b === 0x41 && c === 0x43)
  )
}

/** Does the line at `at` begin with what can come behind a packet's last fixed field: OPT, UID=, MTU=, `(`, or the end of a number? */
export function goesOn(bytes: Uint8Array, at: number): boolean {
  let i = at
  while (bytes[i] === 0x20 || bytes[i] === 0x3e || bytes[i] === 0x09) i++
  const word = String.fromCharCode(bytes[i] ?? 0, bytes[i + 1] ?? 0, bytes[i + 2] ?? 0)
  if (/^(?:OPT|UID|GID|MAR|MTU|\()/.test(word)) return true
  while (V.isMacByte(bytes[i]!)) i++
  return bytes[i] === 0x0a
}

/** The blank behind a field belongs to it. */
export const behindBlank = (bytes: Uint8Array, at: number): number => (bytes[at] === 0x20 ? at + 1 : at)

/** Terminal sequences (dmesg --color, grep --color) or no-break spaces (web pages). */
export function isUnclean(bytes: Uint8Array, start: number, end: number): boolean {
  const part = bytes.subarray(start, end)
  if (part.includes(0x1b)) return true
  const space = part.indexOf(0xa0)
  return space > 0 && part[space - 1] === 0xc2
}

/** `bytes[start, end)` without them, and a newline behind it. */
export function cleaned(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const text = new TextDecoder('latin1').decode(bytes.subarray(start, end))
  const plain = text.replace(/\x1b\[[\d;?]*[A-Za-z]|\x1b/g, '').replaceAll('\xc2\xa0', ' ')
  return Uint8Array.from(`${plain}\n`, (letter) => letter.charCodeAt(0))
}
