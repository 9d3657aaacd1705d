/** A file that is served, as often and from wherever it is asked for. */
import { close as closeFile, fstat, open as openFile, read as readFile } from 'node:fs'
import { promisify } from 'node:util'
import type { ServedFile } from '../ui/protocol.ts'

export interface ServedInput extends Omit<ServedFile, 'size' | 'edition'> {
  /** Of a file that grows: another one, once what was written before is replaced. */
  readonly edition?: number
  /** Bytes; of a file on disk those that it has now. */
  size(): Promise<number>
  /** From `from` up to `to`, without it; fewer where it became shorter. */
  read(from: number, to: number): ReadableStream<Uint8Array<ArrayBuffer>>
}

type Named = Pick<ServedFile, 'name' | 'folders' | 'as'>

/** Opened anew each time: a page that is loaded again shows what stands there now. */
export const diskInput = (named: Named, path: string): ServedInput => ({
  ...named,
  async size() {
    const fd = await open(path, 'r')
    try {
      return (await stat(fd)).size
    } finally {
      await close(fd)
    }
  },
  read: (from, to) => blocksOf({ open: () => open(path, 'r'), close }, from, to),
})

/** Of a file that stays open. */
export const descriptorInput = (named: Named, fd: number): ServedInput => ({
  ...named,
  size: async () => (await stat(fd)).size,
  read: (from, to) => blocksOf({ open: async () => fd, close: async () => {} }, from, to),
})

const open = promisify(openFile)
const close = promisify(closeFile)
const stat = promisify(fstat)
const read = promisify(readFile)

/** Bytes that are in memory at once. */
const BLOCK = 1 << 18

interface Opening {
  open(): Promise<number>
  close(fd: number): Promise<void>
}

function blocksOf({ open, close }: Opening, from: number, to: number): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = from
  let fd: number | undefined
  const source = {
    async pull(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>) {
      fd ??= await open()
      const block = new Uint8Array(Math.min(BLOCK, to - at))
      const { bytesRead } = await read(fd, block, 0, block.length, at).catch(async (error: unknown) => {
        await close(fd!)
        throw error
      })
      at += bytesRead
      if (bytesRead > 0) controller.enqueue(block.subarray(0, bytesRead))
      if (bytesRead > 0 && at < to) return
      await close(fd)
      controller.close()
    },
    async cancel() {
      if (fd !== undefined) await close(fd)
    },
  }
  // nothing is read before somebody takes it
  return new ReadableStream(source, { highWaterMark: 0 })
}
