/** The block in a tar archive that stands in front of each file: its numbers, and how an archive is told by it. */

export const BLOCK = 512

/** Is this the first block of a tar archive? Its checksum tells; an archive may also begin with its end. */
export function looksLikeTar(head: Uint8Array): boolean {
  if (head.length < BLOCK || head[0] === 0) return false
  return checksumHolds(head.subarray(0, BLOCK))
}

/** Octal digits, or (GNU) a number in base 256 that begins with 0x80. Undefined: neither, or too large to count. */
export function readNumber(header: Uint8Array, start: number, length: number): number | undefined {
  const field = header.subarray(start, start + length)
  if (field[0]! & 0x80) {
    const value = field.subarray(1).reduce((sum, byte) => sum * 256 + byte, 0)
    return field[0] === 0x80 && Number.isSafeInteger(value) ? value : undefined
  }
  const digits = latin(field).replace(/\0.*$/s, '').trim()
  if (digits === '') return 0
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : undefined
}

/** The sum of all bytes, those of the sum itself counted as blanks; old writers counted bytes as signed. */
export function checksumHolds(header: Uint8Array): boolean {
  const told = readNumber(header, 148, 8)
  let [unsigned, signed] = [0, 0]
  for (let i = 0; i < BLOCK; i++) {
    const byte = i >= 148 && i < 156 ? 0x20 : header[i]!
    unsigned += byte
    signed += byte > 127 ? byte - 256 : byte
  }
  return told === unsigned || told === signed
}

/** Of a few bytes. */
export const latin = (bytes: Uint8Array): string => String.fromCharCode(...bytes)
