/** Files, pipes and devices as sources. */
import { closeSync, createReadStream, openSync, readSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { ReadError, type Source } from '../analysis/inputs/source.ts'
import { isSystemError, reasonOf } from '../model/system-error.ts'
import { type Named, STDIN } from './expand.ts'

/** Throws ReadError. */
export function openSource({ name, path, stats }: Named): Source {
  if (stats.isFile()) {
    // standard input goes on where the program before us stopped reading
    if (path === STDIN) return new StreamSource(name, new FileBlocks(0), { live: false, size: stats.size })
    return new FileSource(name, path, stats.size)
  }
  if (stats.isDirectory()) throw new ReadError(name, 'it is a folder')
  try {
    return new StreamSource(name, path === STDIN ? new ReadableBlocks(process.stdin) : openStream(path, stats.isFIFO()))
  } catch (error) {
    throw readError(name, error)
  }
}

/** What is no fault of the system's is a bug of ours, and stays as it is. */
const readError = (name: string, error: unknown) =>
  isSystemError(error) ? new ReadError(name, reasonOf(error)) : error

/** Waits for a FIFO's writer. Its reads must not occupy Node's threads: a thread that waits keeps the process alive. */
function openStream(path: string, isPipe: boolean): ReadableBlocks {
  const fd = openSync(path, 'r')
  if (!isPipe) return new ReadableBlocks(createReadStream(path, { fd, autoClose: true }))
  // loaded only here: most inputs are files
  const { Socket } = process.getBuiltinModule('node:net')
  return new ReadableBlocks(new Socket({ fd, readable: true, writable: false }))
}

interface Blocks {
  /** Undefined at the end. */
  next(): Promise<Uint8Array | undefined>
  close(): void
}

/** Bytes; it stays in a processor's own cache from being read to being looked at. */
const BLOCK = 1 << 18
const LEAST_BLOCK = 1 << 14

/** A file, always into the same block. Reading ahead in a thread costs more than it takes: the system reads ahead itself. */
class FileBlocks implements Blocks {
  private readonly fd: number
  private readonly block: Uint8Array

  /** `size`: what it had when it was looked at; a small file needs no large block, and may grow all the same. */
  constructor(fd: number, size = BLOCK) {
    this.fd = fd
    this.block = new Uint8Array(Math.min(BLOCK, Math.max(size, LEAST_BLOCK)))
  }

  async next(): Promise<Uint8Array | undefined> {
    const length = readSync(this.fd, this.block, 0, this.block.length, null)
    return length === 0 ? undefined : this.block.subarray(0, length)
  }

  close(): void {
    closeSync(this.fd)
  }
}

class ReadableBlocks implements Blocks {
  private readonly stream: Readable
  private readonly iterator: AsyncIterator<Uint8Array>

  constructor(stream: Readable) {
    this.stream = stream
    this.iterator = stream.iterator({ destroyOnReturn: false })
  }

  async next(): Promise<Uint8Array | undefined> {
    const result = await this.iterator.next()
    return result.done ? undefined : result.value
  }

  close(): void {
    this.stream.destroy()
  }
}

class FileSource implements Source {
  readonly live = false
  readonly again = true
  readonly size: number
  readonly forgotten = { bytes: 0, lines: 0 }
  private readonly name: string
  private readonly path: string

  constructor(name: string, path: string, size: number) {
    this.name = name
    this.path = path
    this.size = size
  }

  peek(): AsyncIterable<Uint8Array> {
    return this.blocks()
  }

  forget(): void {}

  async *blocks(): AsyncGenerator<Uint8Array> {
    let file: FileBlocks | undefined
    try {
      file = new FileBlocks(openSync(this.path, 'r'), this.size)
      for (let block = await file.next(); block; block = await file.next()) yield block
    } catch (error) {
      throw readError(this.name, error)
    } finally {
      file?.close()
    }
  }

  close(): void {}
}

class StreamSource implements Source {
  readonly live: boolean
  readonly again = false
  readonly size?: number
  readonly forgotten = { bytes: 0, lines: 0 }
  private readonly name: string
  private readonly rest: Blocks
  private kept: Uint8Array[] = []
  private closed = false

  constructor(name: string, rest: Blocks, { live, size }: { live: boolean; size?: number } = { live: true }) {
    this.name = name
    this.rest = rest
    this.live = live
    if (size !== undefined) this.size = size
  }

  async *peek(): AsyncGenerator<Uint8Array> {
    yield* [...this.kept]
    for (let block = await this.next(); block; block = await this.next()) {
      const copy = Uint8Array.from(block)
      this.kept.push(copy)
      yield copy
    }
  }

  forget(bytes: number): void {
    let sum = this.kept.reduce((total, { length }) => total + length, 0)
    while (sum - (this.kept[0]?.length ?? sum) >= bytes && this.kept.length > 0) {
      const first = this.kept.shift()!
      sum -= first.length
      this.forgotten.bytes += first.length
      for (const byte of first) if (byte === 0x0a) this.forgotten.lines++
    }
  }

  async *blocks(): AsyncGenerator<Uint8Array> {
    yield* this.kept
    this.kept = []
    for (let block = await this.next(); block; block = await this.next()) yield block
  }

  close(): void {
    if (this.closed) return
    this.closed = true
    this.rest.close()
  }

  private async next(): Promise<Uint8Array | undefined> {
    try {
      return this.closed ? undefined : await this.rest.next()
    } catch (error) {
      if (this.closed) return undefined
      throw readError(this.name, error)
    }
  }
}
