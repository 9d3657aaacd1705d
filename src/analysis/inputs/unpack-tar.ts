/**
 * Tar archives, whose files become sources of their own. An archive is read as a stream, again for each large file in it,
 * so that memory stays bounded.
 */
import type { Report } from '../../model/diagnostic.ts'
import { type TarFile, TarReader } from '../../read/tar.ts'
import type { Bounds } from './bounds.ts'
import { ReadError, type Source, sourceOf } from './source.ts'

/** In bytes, of archives that are read again for each large file in them, in one run. */
const MOST_AGAIN = 256e9
/** Files in archives, in one run. */
const MOST_FILES = 20_000
/** Bytes of small files that are kept in memory, in one run; where the archive cannot be read again, of all files. */
const KEPT = 64e6
const KEPT_OF_STREAM = 256e6

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
    if (reader.damaged) report('archive-damaged', `${reader.damaged}; the files before it were read`)
  } catch (error) {
    if (!(error instanceof ReadError)) throw error
    report('archive-damaged', `${error.reason}; the files before it were read`)
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
    else this.refused(file.name, 'archive-size', 'it is too large to be read from a pipe; give the archive as a file')
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
      throw new ReadError(name, `nfwhy would have to read more than ${MOST_AGAIN / 1e9} GB of the archive`)
    reader.push(block)
    yield* waiting.splice(0)
    if (over || reader.isOver) return
  }
}
