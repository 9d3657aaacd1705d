/** A file of `nfwhy serve`, a part at a time: never all of it is in memory. */
import { ReadError } from '../../analysis/inputs/source.ts'
import { concat } from '../../model/concat.ts'

/** Bytes that are asked for at once. */
const BLOCK = 1 << 22

/** Throws ReadError. */
export async function* servedBlocks(name: string, url: string, size: number, from = 0): AsyncGenerator<Uint8Array> {
  for (let at = from; at < size; at += BLOCK) {
    const to = Math.min(at + BLOCK, size)
    const block = await part(name, url, at, to)
    if (block.length !== to - at) throw new ReadError(name, 'it became shorter while it was read: load the page again')
    yield block
  }
}

/** Of files that grow, what was read so far; by their addresses. */
const known = new Map<string, { edition: number; bytes: Uint8Array }>()

/** What is new is asked for alone. Throws ReadError. */
export async function* grownBlocks(
  name: string,
  url: string,
  size: number,
  edition: number,
): AsyncGenerator<Uint8Array> {
  let file = known.get(url)
  if (file?.edition !== edition) file = { edition, bytes: new Uint8Array() }
  if (file.bytes.length < size) {
    const parts = [file.bytes]
    for await (const block of servedBlocks(name, url, size, file.bytes.length)) parts.push(block)
    file = { edition, bytes: concat(parts) }
    known.set(url, file)
  }
  if (size > 0) yield file.bytes.subarray(0, size)
}

async function part(name: string, url: string, from: number, to: number): Promise<Uint8Array> {
  let response: Response
  let bytes: ArrayBuffer
  try {
    response = await fetch(url, { headers: { range: `bytes=${from}-${to - 1}` } })
    bytes = await response.arrayBuffer()
  } catch {
    throw new ReadError(name, 'nfwhy serve does not answer any more; start it again')
  }
  if (response.status === 206) return new Uint8Array(bytes)
  if (response.status === 416) return new Uint8Array()
  throw new ReadError(name, response.status === 404 ? 'there is no such file any more' : 'nfwhy serve cannot read it')
}
