/**
 * Packed inputs, and how they are told. Nothing is written to a disk; what grows beyond reason while it is unpacked is
 * refused.
 */

import { concat } from '../../model/concat.ts'
import { looksLikeTar } from '../../read/tar-header.ts'
import type { Bounds } from './bounds.ts'
import { changedSource, type Source } from './source.ts'

/** An archive in an archive in an archive. */
export const DEEPEST = 3

export type Packing = 'gzip' | 'tar' | 'utf-16le' | 'utf-16be'

/** By the first bytes; a live input is not waited for any longer than these tell nothing. */
export async function packingOf(source: Source): Promise<Packing | undefined> {
  let head: Uint8Array = new Uint8Array()
  for await (const block of source.peek()) {
    head = concat([head, block.subarray(0, 512)])
    if (head[0] === 0x1f && (head.length < 2 || head[1] === 0x8b)) {
      if (head.length < 3) continue
      return head[2] === 8 ? 'gzip' : undefined
    }
    if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le'
    if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be'
    // other text has no NUL, and the name in a tar header is filled up with them
    if (head.length >= 512 || !head.includes(0)) break
  }
  return looksLikeTar(head) ? 'tar' : undefined
}

/** What gzip packed, unpacked; its methods throw ReadError. */
export const gunzipped = (name: string, source: Source, bounds: Bounds): Source =>
  changedSource(source, async function* (blocks) {
    // most inputs are not packed, and a page need not wait for it
    const { gunzip } = await import('./unpack-gzip.ts')
    yield* gunzip(name, blocks, bounds)
  })
