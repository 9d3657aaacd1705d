/** Netlink attributes: a length and a type each in the byte order of the capturing host, filled up to four bytes. */

import { concat } from '../model/concat.ts'
import { latin1 } from '../model/latin1.ts'

/** What becomes of an attribute's bytes; undefined: it is left out. */
type Redact = (type: number, data: Uint8Array) => Uint8Array | undefined

/** Of `bytes[from…]`; a type keeps its flags, and an attribute that the capture cut the length that it had. */
export function redactAttributes(bytes: Uint8Array, from: number, little: boolean, redact: Redact): Uint8Array {
  const parts: Uint8Array[] = [bytes.slice(0, from)]
  eachAttribute(bytes, from, little, (type, data, head, size) => {
    const redacted = redact(type, data)
    if (redacted) parts.push(attribute(head, redacted, data.length < size - 4 ? size : 4 + redacted.length, little))
  })
  return concat(parts)
}

/** `data` is a copy, shorter than `size` - 4 where the capture cut it; `head` is length and type. */
export function eachAttribute(
  bytes: Uint8Array,
  from: number,
  little: boolean,
  visit: (type: number, data: Uint8Array, head: Uint8Array, size: number) => void,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  for (let at = from; at + 4 <= bytes.length; ) {
    const size = view.getUint16(at, little)
    if (size < 4) return
    const end = Math.min(at + size, bytes.length)
    visit(view.getUint16(at + 2, little) & 0x3fff, bytes.slice(at + 4, end), bytes.slice(at, at + 4), size)
    at += (size + 3) & ~3
  }
}

function attribute(head: Uint8Array, data: Uint8Array, size: number, little: boolean): Uint8Array {
  const whole = size === 4 + data.length
  const bytes = new Uint8Array(whole ? (size + 3) & ~3 : 4 + data.length)
  bytes.set(head)
  new DataView(bytes.buffer).setUint16(0, size, little)
  bytes.set(data, 4)
  return bytes
}

/** Text that ends with a zero byte. */
export function redactString(data: Uint8Array, redact: (text: string) => string): Uint8Array {
  let end = data.length
  while (end > 0 && data[end - 1] === 0) end--
  const text = redact(latin1(data.subarray(0, end)))
  const bytes = new Uint8Array(text.length + 1)
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}
