/** The worker's side of the page, with these files open and all exchanges listed. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Explanation } from '../../src/ui/protocol.ts'
import { Session } from '../../src/ui/worker/session.ts'

const ROOT = new URL('../../', import.meta.url)

export async function sessionOf(...files: (string | { name: string; text: string })[]): Promise<Session> {
  const session = new Session()
  const { hasCapture } = await session.open(
    files.map((one) =>
      typeof one === 'string'
        ? { name: one, bytes: new Uint8Array(readFileSync(fileURLToPath(new URL(one, ROOT)))) }
        : { name: one.name, bytes: new TextEncoder().encode(one.text) },
    ),
  )
  if (hasCapture) await session.select({ filter: '', words: [], decided: [], machines: [] })
  return session
}

export const NODEPORT = ['examples/nodeport-clash/dmesg.log', 'examples/nodeport-clash/rules.v4']
const FOLDER = 'fixtures/incidents/nft-allow-set/'
export const ALLOW_SET = [`${FOLDER}dropped.handles.txt`, `${FOLDER}ruleset-dropped.json`]

/** What is listed first. */
export const firstOf = (session: Session): Explanation =>
  session.look(session.rows({ from: 0, to: 1 })[0]!)!.explanation
