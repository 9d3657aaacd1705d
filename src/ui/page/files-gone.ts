/** After a reload the browser has no longer the files that were dropped on the page. */
import { signal } from '@preact/signals'

export const filesAreGone = signal(false)

const KEY = 'nfwhy-files'

/** They are open until the page is left. */
export const noteFiles = (): void => stored((storage) => storage.setItem(KEY, 'open'))

/** Said by a page that has nothing to show. One that is opened afresh in the same tab has lost nothing. */
export function sayFilesAreGone(): void {
  const [entry] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[]
  stored((storage) => {
    filesAreGone.value = storage.getItem(KEY) !== null && entry?.type !== 'navigate'
    storage.removeItem(KEY)
  })
}

/** A browser may refuse to store anything: then nothing is said. */
function stored(use: (storage: Storage) => void): void {
  try {
    use(sessionStorage)
  } catch {}
}
