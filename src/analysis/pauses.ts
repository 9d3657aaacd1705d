/** Tells when nothing has come for a while of what is still being written. */

export const PAUSED = Symbol('paused')
/** Milliseconds. */
const SILENCE = 1500

/** The same blocks, and PAUSED once between two of them that are far apart. */
export async function* withPauses(blocks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array | typeof PAUSED> {
  const iterator = blocks[Symbol.asyncIterator]()
  for (;;) {
    const next = iterator.next()
    const silence = after(SILENCE)
    let first = await Promise.race([next, silence.passed])
    silence.cancel()
    if (first === PAUSED) {
      // it is not waited for where the reader stops here
      next.catch(() => {})
      yield PAUSED
      first = await next
    }
    if (first.done) return
    yield first.value
  }
}

function after(milliseconds: number): { passed: Promise<typeof PAUSED>; cancel(): void } {
  let timer: ReturnType<typeof setTimeout> | undefined
  const passed = new Promise<typeof PAUSED>((resolve) => {
    timer = setTimeout(resolve, milliseconds, PAUSED)
  })
  return { passed, cancel: () => clearTimeout(timer) }
}
