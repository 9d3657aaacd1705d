/** What gzip packed, unpacked within bounds. */

import type { Bounds } from './bounds.ts'
import { Gunzip } from './gunzip.ts'
import { ReadError } from './source.ts'

/** In bytes, of all that is unpacked in one run. */
const MOST = 16e9
/** So much may come of anything; beyond it, no more than `RATIO` times of what was packed. Logs give 10 to 100. */
const UNSUSPICIOUS = 64e6
const RATIO = 300
/** Throws ReadError where it is damaged, cut off, or grows beyond reason. */
export async function* gunzip(
  name: string,
  blocks: AsyncIterable<Uint8Array>,
  bounds: Bounds,
): AsyncGenerator<Uint8Array> {
  const stream = new Gunzip()
  let [packed, unpacked] = [0, 0]
  for await (const block of blocks) {
    packed += block.length
    const pieces = stream.push(block)
    for (;;) {
      const { value: piece, done } = unlessDamaged(name, pieces)
      if (done) break
      unpacked += piece.length
      bounds.bytes += piece.length
      if (unpacked > UNSUSPICIOUS && unpacked > packed * RATIO) throw new ReadError(name, BOMB)
      if (bounds.bytes > MOST) throw new ReadError(name, `it unpacks to more than ${MOST / 1e9} GB`)
      yield piece
    }
  }
  if (stream.isCut) throw new ReadError(name, 'the gzip file is truncated')
}

function unlessDamaged(name: string, pieces: Generator<Uint8Array>): IteratorResult<Uint8Array> {
  try {
    return pieces.next()
  } catch (error) {
    throw new ReadError(name, `the gzip file is damaged (${(error as Error).message})`)
  }
}

const BOMB = `it unpacks to more than ${RATIO} times its size; only malicious files do this`
