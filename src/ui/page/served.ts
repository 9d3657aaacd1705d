/** Files that `nfwhy serve` was given: its worker reads them from the server, which the page's address begins with. */
import { signal } from '@preact/signals'
import type { ServedFile } from '../protocol.ts'
import { followTrace } from './live/live.ts'
import { beginOverTime } from './over-time/asking.ts'
import { servedFiles } from './served-files.ts'
import { openFiles } from './state.ts'
import { beginWatch } from './watch/asking.ts'

/** The server that sent the page is gone. */
export const serverEnded = signal(false)

/** Milliseconds. */
const ASK_EVERY = 2000

/** Opens what the server was given; does nothing on a page that no server of nfwhy's has sent. */
export async function openServed(): Promise<void> {
  const served = document.querySelector<HTMLMetaElement>('meta[name="nfwhy-served"]')?.content
  if (served === undefined) return
  if (served === 'live') {
    watch()
    followTrace()
    return
  }
  if (served === 'store') {
    watch()
    await beginOverTime()
    return
  }
  if (served === 'watch') {
    watch()
    await beginWatch()
    return
  }
  const response = await askServer('GET')
  if (!response) return
  const list = (await response.json()) as ServedFile[]
  watch()
  if (list.length > 0) await openFiles(servedFiles(list))
}

/** Until it has ended. */
function watch(): void {
  setTimeout(async () => {
    if (await askServer('HEAD')) watch()
  }, ASK_EVERY)
}

/** Another program may listen there by now, and does not know the address. */
async function askServer(method: 'GET' | 'HEAD'): Promise<Response | undefined> {
  const response = await fetch('inputs', { method, cache: 'no-store' }).catch(() => undefined)
  if (response?.ok) return response
  serverEnded.value = true
  return undefined
}
