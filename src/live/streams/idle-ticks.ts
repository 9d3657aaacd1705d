/** Tells when a program has printed nothing for a while, as the receiver of the kernel's own sockets does (kernel/receiver.ts). */

/** Milliseconds: longer than the kernel's own, since the program may not get to run for a while. */
export const IDLE_TICK = 1000
/** Said so often behind what came last: the marks' stream waits for three of them, once the others have had theirs. */
const MOST = 6

const NOTHING = new Uint8Array(0)
const SILENT = Symbol('silent')

/** The same chunks, and empty ones where nothing comes. */
export async function* withIdleTicks(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]()
  try {
    let said = MOST
    let next = iterator.next()
    for (;;) {
      const come = said < MOST ? await orSilence(next) : await next
      if (come === SILENT) {
        said++
        yield NOTHING
        continue
      }
      if (come.done) return
      yield come.value
      said = 0
      next = iterator.next()
    }
  } finally {
    await iterator.return?.()
  }
}

/** What lies ready is read first: this thread may have been busy all the time. */
async function orSilence<T>(next: Promise<T>): Promise<T | typeof SILENT> {
  let timer: NodeJS.Timeout | undefined
  const silence = new Promise<typeof SILENT>((resolve) => {
    timer = setTimeout(() => setImmediate(() => setImmediate(() => resolve(SILENT))), IDLE_TICK).unref()
  })
  // of a busy stream no timer is left behind for each chunk
  return await Promise.race([next, silence]).finally(() => clearTimeout(timer))
}
