/** What is read, from front to back: a file, which can be read again, or a stream (pipe, device), which cannot. */
import { printable } from '../../model/printable.ts'
import { UserError } from '../../model/user-error.ts'

/** An input that cannot be opened, or not be read to its end. */
export class ReadError extends UserError {
  readonly reason: string

  constructor(name: string, reason: string) {
    super(`${printable(name)}: ${reason}.`)
    this.reason = reason
  }
}

/** All methods throw ReadError. A block is valid until the next one is asked for. */
export interface Source {
  /** Bytes; absent where only the end will tell. */
  readonly size?: number
  /** May still be written to. */
  readonly live: boolean
  /** May `blocks` be asked for again, and while others are read? */
  readonly again: boolean
  /** From the beginning, for finding out what it is. A stream keeps these, but for what `forget` is told of. */
  peek(): AsyncIterable<Uint8Array>
  /** Of what a stream keeps, only the last `bytes` are needed. */
  forget(bytes: number): void
  /** What a stream has forgotten. */
  readonly forgotten: { bytes: number; lines: number }
  /** All but what is forgotten; ends where the source is closed. */
  blocks(): AsyncIterable<Uint8Array>
  close(): void
}

/** Blocks that can be had again and again: a file in an archive, bytes in memory. */
export const sourceOf = (size: number, blocks: () => AsyncIterable<Uint8Array>): Source => ({
  size,
  live: false,
  again: true,
  forgotten: { bytes: 0, lines: 0 },
  peek: blocks,
  forget() {},
  blocks,
  close() {},
})

export const bytesSource = (bytes: Uint8Array): Source =>
  sourceOf(bytes.length, async function* () {
    if (bytes.length > 0) yield bytes
  })

/** What the source holds, run through `change`; what of it a stream forgets is not known. */
export const changedSource = (
  source: Source,
  change: (blocks: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>,
): Source => ({
  live: source.live,
  again: source.again,
  forgotten: { bytes: 0, lines: 0 },
  peek: () => change(source.peek()),
  forget() {},
  blocks: () => change(source.blocks()),
  close: () => source.close(),
})
