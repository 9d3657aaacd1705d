/** Files that `nfwhy serve` was given: the page of a server names it, and asks it for them. */
import { openFiles } from './state.ts'

/** Of the server: what its paths begin with; the link that a person opens has it. */
const tokenOf = (): string | undefined => document.querySelector<HTMLMetaElement>('meta[name="nfwhy-token"]')?.content

/** Opens what the server was given; does nothing on a page that no server of nfwhy's has sent. */
export async function openServed(): Promise<void> {
  const token = tokenOf()
  if (token === undefined) return
  const headers = { authorization: `Bearer ${token}` }
  const list = (await (await fetch('inputs', { headers })).json()) as { name: string }[]
  if (list.length === 0) return
  const files = await Promise.all(
    list.map(async ({ name }, i) => ({ name, file: await (await fetch(`inputs/${i}`, { headers })).blob() })),
  )
  await openFiles(files)
}
