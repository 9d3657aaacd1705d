/** A tar archive (ustar, POSIX.1-1988) of plain files, as bytes; src/read/tar.ts reads it. */

const BLOCK = 512
/** What an entry's size has room for in octal digits. */
export const LARGEST = 8 ** 11 - 1

/** Name in at most 100 bytes, size in bytes, time in seconds since 1970. Throws where a name is longer. */
export function tarHeader(name: string, size: number, seconds: number): Uint8Array {
  const header = new Uint8Array(BLOCK)
  const encoded = new TextEncoder().encode(name)
  if (encoded.length > 100) throw new Error(`too long for an archive: ${name}`)
  const put = (text: string, at: number) => header.set(new TextEncoder().encode(text), at)
  header.set(encoded)
  put('0000600\0', 100)
  put('0000000\0', 108)
  put('0000000\0', 116)
  put(`${size.toString(8).padStart(11, '0')}\0`, 124)
  put(`${Math.floor(seconds).toString(8).padStart(11, '0')}\0`, 136)
  put('        0', 148)
  put('ustar\x0000', 257)
  const sum = header.reduce((all, byte) => all + byte, 0)
  put(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return header
}

/** What fills the last block of a file of `size` bytes. */
export const tarPadding = (size: number): Uint8Array => new Uint8Array((BLOCK - (size % BLOCK)) % BLOCK)

export const TAR_END: Uint8Array = new Uint8Array(2 * BLOCK)
