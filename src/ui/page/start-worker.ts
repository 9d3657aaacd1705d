/** The worker, from wherever the page came. */

/**
 * From a web server it is a module, which fetches what few files need once they are opened. A page from disk may start none
 * from there: its text is a script of its own, and all of it is there at once.
 */
export async function startWorker(): Promise<Worker> {
  if (location.protocol !== 'file:') return new Worker('worker.js', { type: 'module' })
  await new Promise((done, failed) => {
    const script = document.createElement('script')
    script.src = 'worker-text.js'
    script.onload = done
    script.onerror = () => failed(new Error('worker-text.js is missing beside the page'))
    document.head.append(script)
  })
  const { nfwhyWorker } = globalThis as unknown as { nfwhyWorker: string }
  return new Worker(URL.createObjectURL(new Blob([nfwhyWorker], { type: 'text/javascript' })))
}
