/**
 * Packed inputs: what gzip made smaller, and tar archives, whose files become sources of their own. Nothing is written to
 * a disk. An archive is read as a stream, again for each large file in it, so that memory stays bounded; and what grows
 * beyond reason while it is unpacked is refused.
 */

import { concat } from '../../model/concat.ts'
import type { Report } from '../../model/diagnostic.ts'
import { looksLikeTar, type TarFile, TarReader } from '../../read/tar.ts'
import { changedSource, ReadError, type Source, sourceOf } from './source.ts'

/** In bytes, of all that is unpacked in one run. */
const MOST = 16e9
/** The same, of archives that are read again for each large file in them. */
const MOST_AGAIN = 256e9
/** So much may come of anything; beyond it, no more than `RATIO` times of what was packed. Logs give 10 to 100. */
const UNSUSPICIOUS = 64e6
const RATIO = 300
/** Files in archives, in one run. */
const MOST_FILES = 20_000
/** Bytes of small files that are kept in memory, in one run; where the archive cannot be read again, of all files. */
const KEPT = 64e6
const KEPT_OF_STREAM = 256e6
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

/** A file in an archive. */
export interface Packed extends TarFile {
  source: Source
}

/**
 * The files of a tar archive, in its order; the later one where a name comes twice. What is refused or damaged is told by
 * `report`. Throws ReadError where not even one header can be read.
 */
export async function unpackTar(name: string, archive: Source, bounds: Bounds, report: Report): Promise<Packed[]> {
  const listing = new Listing(name, archive, bounds, report)
  const reader = new TarReader(listing)
  try {
    for await (const block of archive.blocks()) {
      reader.push(block)
      if (reader.isOver || listing.full) break
    }
    if (!listing.full) reader.end()
    if (reader.damaged) report('archive-damaged', `${reader.damaged}; what comes before that was read`)
  } catch (error) {
    if (!(error instanceof ReadError)) throw error
    report('archive-damaged', `${error.reason}; what comes before that was read`)
  }
  listing.end()
  return [...listing.files.values()]
}

class Listing {
  readonly files = new Map<string, Packed>()
  /** Too many of them. */
  full = false
  private number = -1
  private open: { file: TarFile; parts: Uint8Array[] } | undefined
  private readonly name: string
  private readonly archive: Source
  private readonly bounds: Bounds
  private readonly report: Report

  constructor(name: string, archive: Source, bounds: Bounds, report: Report) {
    this.name = name
    this.archive = archive
    this.bounds = bounds
    this.report = report
  }

  file(file: TarFile): boolean {
    this.number++
    // as in a folder: hidden files are for others
    if (this.full || file.name.split('/').some((part) => part.startsWith('.'))) return false
    if (++this.bounds.files > MOST_FILES) {
      this.full = true
      this.report('archive-files', `there are more than ${MOST_FILES} files in archives; the others were left out`)
      return false
    }
    if (this.bounds.kept + file.size <= (this.archive.again ? KEPT : KEPT_OF_STREAM)) {
      this.bounds.kept += file.size
      this.open = { file, parts: [] }
      return true
    }
    const number = this.number
    if (this.archive.again) this.add(file, () => contentOf(this.name, this.archive, number, this.bounds))
    else
      this.refused(
        file.name,
        'archive-size',
        'it is too large for what is read from a pipe; give the archive as a file',
      )
    return false
  }

  data(chunk: Uint8Array): void {
    this.open?.parts.push(Uint8Array.from(chunk))
  }

  done(): void {
    this.end()
  }

  refused(name: string, code: string, reason: string): void {
    this.report(code, `${name}: ${reason}; it was left out`)
  }

  /** A file that is cut off counts as far as it goes. */
  end(): void {
    if (!this.open) return
    const { file, parts } = this.open
    this.open = undefined
    this.add(file, async function* () {
      yield* parts
    })
  }

  private add(file: TarFile, blocks: () => AsyncGenerator<Uint8Array>): void {
    if (this.files.has(file.name))
      this.report('archive-twice', `${file.name} is in ${this.name} twice; the later one is used`)
    const source = sourceOf(file.size, blocks)
    this.files.set(file.name, { ...file, source })
  }
}

/** One file's content, by its place in the archive. */
async function* contentOf(name: string, archive: Source, number: number, bounds: Bounds): AsyncGenerator<Uint8Array> {
  const waiting: Uint8Array[] = []
  let at = -1
  let over = false
  const reader = new TarReader({
    file: () => ++at === number,
    data: (chunk) => void waiting.push(chunk),
    done: () => {
      over = true
    },
    refused() {},
  })
  for await (const block of archive.blocks()) {
    // the archive is read anew for each large file, of which there may be thousands
    bounds.again += block.length
    if (bounds.again > MOST_AGAIN)
      throw new ReadError(name, `more than ${MOST_AGAIN / 1e9} GB of it would have to be read`)
    reader.push(block)
    yield* waiting.splice(0)
    if (over || reader.isOver) return
  }
}
