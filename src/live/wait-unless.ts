/** Waiting that can be given up. */

/** Milliseconds between two looks. */
const LOOK = 50

/** Resolves with the promise, or when it cannot be waited for any longer; rejects as the promise does until then. */
export async function waitUnless(promise: Promise<unknown>, cannotWait: () => boolean): Promise<void> {
  let over = false
  let wake = () => {}
  const watched = promise.finally(() => {
    over = true
    wake()
  })
  // it may be rejected when nobody waits any more
  watched.catch(() => {})
  while (!over && !cannotWait())
    await new Promise<void>((resolve) => {
      const look = setTimeout(resolve, LOOK)
      wake = () => {
        clearTimeout(look)
        resolve()
      }
    })
  if (over) await watched
}
