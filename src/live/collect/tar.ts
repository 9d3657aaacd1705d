/** A tar archive (ustar, POSIX.1-1988) of plain files, as bytes; src/read/tar.ts reads it. */

const BLOCK = 512
/** What an entry's size has room for in octal digits. */
export const LARGEST = 8 ** 11 - 1

/** Size in bytes, time in seconds since 1970. Throws where there is no room for a name: 100 bytes, and 155 of folders before them. */
export function tarHeader(path: string, size: number, seconds: number): Uint8Array {
  const header = new Uint8Array(BLOCK)
  const [folders, name] = inTwo(new TextEncoder().encode(path))
  if (name.length > 100 || folders.length > 155) throw new Error(`too long for an archive: ${path}`)
  const put = (text: string, at: number) => header.set(new TextEncoder().encode(text), at)
  header.set(name)
  header.set(folders, 345)
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

/** A path that is too long for one field: what stands before a slash goes into the other. */
function inTwo(path: Uint8Array): [Uint8Array, Uint8Array] {
  if (path.length <= 100) return [new Uint8Array(0), path]
  const slash = path.indexOf(47, path.length - 101)
  return slash < 0 ? [new Uint8Array(0), path] : [path.subarray(0, slash), path.subarray(slash + 1)]
}

/** What fills the last block of a file of `size` bytes. */
export const tarPadding = (size: number): Uint8Array => new Uint8Array((BLOCK - (size % BLOCK)) % BLOCK)

export const TAR_END: Uint8Array = new Uint8Array(2 * BLOCK)
