/** A bundle on the disk: a folder or a .tgz, readable for its owner alone. It is there when it is whole, or not at all. */
import { closeSync, linkSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { LARGEST, TAR_END, tarHeader, tarPadding } from './tar.ts'

export interface BundleFile {
  /** With slashes, relative to the bundle; at most 60 bytes. */
  name: string
  /** May be asked for twice, and gives the same both times. */
  blocks(): Iterable<Uint8Array> | AsyncIterable<Uint8Array>
}

export interface Bundle {
  /** Throws what the system says. */
  write(files: Iterable<BundleFile>): Promise<void>
  /** Takes away what was made on the way; after `write` has come to its end, the bundle stays. */
  discard(): void
}

export const isArchive = (path: string): boolean => /\.(?:tgz|tar\.gz)$/i.test(path)

export const makeBundle = (path: string): Bundle => (isArchive(path) ? new Archive(path) : new Folder(path))

/** Bytes of the folder in an archive, beside a machine's; the archive's own name may be longer. */
const MOST_FOLDER = 90

/** Beside it, hidden: folders are read without such. */
const partOf = (path: string) => join(dirname(path), `.${basename(path)}.part-${process.pid}`)

/** It has its name when it is whole. */
abstract class Parted implements Bundle {
  protected readonly path: string
  protected readonly part: string
  protected made = false

  constructor(path: string) {
    this.path = path
    this.part = partOf(path)
  }

  abstract write(files: Iterable<BundleFile>): Promise<void>

  discard(): void {
    if (this.made) rmSync(this.part, { recursive: true, force: true })
  }
}

class Folder extends Parted {
  async write(files: Iterable<BundleFile>): Promise<void> {
    mkdirSync(this.part, { mode: 0o700 })
    this.made = true
    for (const { name, blocks } of files) {
      const at = join(this.part, name)
      mkdirSync(dirname(at), { recursive: true, mode: 0o700 })
      const fd = openSync(at, 'wx', 0o600)
      try {
        for await (const block of blocks()) writeAll(fd, block)
      } finally {
        closeSync(fd)
      }
    }
    renameSync(this.part, this.path)
  }
}

class Archive extends Parted {
  async write(files: Iterable<BundleFile>): Promise<void> {
    let folder = basename(this.path).replace(/\.(?:tgz|tar\.gz)$/i, '')
    while (Buffer.byteLength(folder) > MOST_FOLDER) folder = folder.slice(0, -1)
    const fd = openSync(this.part, 'wx', 0o600)
    this.made = true
    try {
      await pipeline(tarred(files, folder), createGzip(), async (blocks: AsyncIterable<Uint8Array>) => {
        for await (const block of blocks) writeAll(fd, block)
      })
    } finally {
      closeSync(fd)
    }
    nameNewFile(this.part, this.path)
  }
}

/** Whoever may write here as well may have laid something there meanwhile: that is not replaced. */
function nameNewFile(part: string, path: string): void {
  try {
    linkSync(part, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw error
    // not every file system has links
    renameSync(part, path)
  }
}

async function* tarred(files: Iterable<BundleFile>, folder: string): AsyncGenerator<Uint8Array> {
  const now = Date.now() / 1000
  for (const { name, blocks } of files) {
    let size = 0
    for await (const block of blocks()) size += block.length
    if (size > LARGEST) throw new Error(`${name} is too large for an archive`)
    yield tarHeader(`${folder}/${name}`, size, now)
    let left = size
    for await (const block of blocks()) {
      // a log that is still written to may have grown
      yield block.slice(0, left)
      left -= Math.min(left, block.length)
    }
    if (left > 0) throw new Error(`${name} became shorter while it was read`)
    yield tarPadding(size)
  }
  yield TAR_END
}

function writeAll(fd: number, block: Uint8Array): void {
  for (let at = 0; at < block.length; ) at += writeSync(fd, block, at)
}
