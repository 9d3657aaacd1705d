/** Files that `nfwhy serve` was given: a server of nfwhy's own marks its page, which asks it for them. */
import type { PageFile } from '../protocol.ts'
import { openFiles } from './state.ts'

type Listed = { name: string; size: number; folders: string[]; as?: string }

/** Opens what the server was given; asks for nothing on a page that no such server has sent. */
export async function openServed(): Promise<void> {
  if (document.getElementById('page')?.dataset.served === undefined) return
  const list = (await (await fetch('inputs')).json()) as Listed[]
  if (list.length === 0) return
  const here = new URL('.', location.href)
  await openFiles(list.map((one, i): PageFile => ({ ...one, url: new URL(`inputs/${i}`, here).href })))
}
