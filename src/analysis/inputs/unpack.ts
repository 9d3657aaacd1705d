/**
 * Packed inputs: how they are told, and what gzip made smaller. Nothing is written to a disk; what grows beyond reason
 * while it is unpacked is refused.
 */

import { concat } from '../../model/concat.ts'
import { looksLikeTar } from '../../read/tar-header.ts'
import { changedSource, ReadError, type Source } from './source.ts'

/** In bytes, of all that is unpacked in one run. */
const MOST = 16e9
/** So much may come of anything; beyond it, no more than `RATIO` times of what was packed. Logs give 10 to 100. */
const UNSUSPICIOUS = 64e6
const RATIO = 300
/** An archive in an archive in an archive. */
export const DEEPEST = 3

/** What was unpacked so far in this run. */
export class Bounds {
  bytes = 0
  /** Bytes of archives that were read again, for one of their files. */
  again = 0
  files = 0
  kept = 0
}

export type Packing = 'gzip' | 'tar'

/** By the first bytes; a live input is not waited for any longer than these tell nothing. */
export async function packingOf(source: Source): Promise<Packing | undefined> {
  let head: Uint8Array = new Uint8Array()
  for await (const block of source.peek()) {
    head = concat([head, block.subarray(0, 512)])
    if (head[0] === 0x1f && (head.length < 2 || head[1] === 0x8b)) {
      if (head.length < 3) continue
      return head[2] === 8 ? 'gzip' : undefined
    }
    // text has no NUL, and the name in a tar header is filled up with them
    if (head.length >= 512 || !head.includes(0)) break
  }
  return looksLikeTar(head) ? 'tar' : undefined
}

/** What gzip packed, unpacked; its methods throw ReadError. */
export const gunzipped = (name: string, source: Source, bounds: Bounds): Source =>
  changedSource(source, (blocks) => gunzip(name, blocks, bounds))

async function* gunzip(name: string, blocks: AsyncIterable<Uint8Array>, bounds: Bounds): AsyncGenerator<Uint8Array> {
  // most inputs are not packed, and a page need not wait for it
  const { Gunzip } = await import('./gunzip.ts')
  const gunzip = new Gunzip()
  let [packed, unpacked] = [0, 0]
  for await (const block of blocks) {
    packed += block.length
    const pieces = gunzip.push(block)
    for (;;) {
      const { value: piece, done } = unlessDamaged(name, pieces)
      if (done) break
      unpacked += piece.length
      bounds.bytes += piece.length
      if (unpacked > UNSUSPICIOUS && unpacked > packed * RATIO) throw new ReadError(name, BOMB)
      if (bounds.bytes > MOST) throw new ReadError(name, `more than ${MOST / 1e9} GB come out of what is packed`)
      yield piece
    }
  }
  if (gunzip.isCut) throw new ReadError(name, 'it is packed by gzip, and cut off')
}

function unlessDamaged(name: string, pieces: Generator<Uint8Array>): IteratorResult<Uint8Array> {
  try {
    return pieces.next()
  } catch (error) {
    throw new ReadError(name, `it is packed by gzip, and damaged (${(error as Error).message})`)
  }
}

const BOMB = `it grows to more than ${RATIO} times its size when it is unpacked, as nothing honest does`
