/** A file of `nfwhy serve`, a part at a time: never all of it is in memory. */
import { ReadError } from '../../analysis/inputs/source.ts'

/** Bytes that are asked for at once. */
const BLOCK = 1 << 22

/** Throws ReadError. */
export async function* servedBlocks(name: string, url: string, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < size; at += BLOCK) {
    const to = Math.min(at + BLOCK, size)
    const block = await part(name, url, at, to)
    if (block.length !== to - at) throw new ReadError(name, 'it became shorter while it was read: load the page again')
    yield block
  }
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
