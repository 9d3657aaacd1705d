/** Captures of both ends of a connection: what the one lacks, the other one shows. */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type Input, open } from '../../src/index.ts'
import { FORMS } from '../../src/reports/index.ts'

/** A client's SYN and a retransmission; the server's rule drops what it replies, five times. */
const MACHINES = new URL('../../fixtures/analysis/two-machines/', import.meta.url)

function inputs(change: (text: string, path: string) => string = (text) => text): Input[] {
  return readdirSync(MACHINES, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.\w+$/.test(path))
    .sort()
    .map((path) => ({
      name: path,
      folders: path.split('/').slice(0, -1),
      text: change(readFileSync(new URL(path, MACHINES), 'utf8'), path),
    }))
}

async function told(files: Input[]): Promise<string> {
  const { groups } = await (await open(files)).groups()
  const writer = FORMS.text.open()
  return groups.map((group) => writer.journey(group)).join('')
}

describe('a client and a server that were both captured', () => {
  test('the rule that dropped the reply there is why no reply came here', async () => {
    const text = await told(inputs())
    expect(text).toMatch(
      /✗ NO REPLY.*\n.*\n {2}cause {2}On server, inet fw output handle 5 stopped the reply \(#3\)\.\n {2}more.*\n/,
    )
    expect(text).toContain('also   the same packet on client: #1 NO REPLY\n')
    // what is told with the exchange takes a line
    expect(text).toMatch(/✗ DROPPED {4}tcp 10\.9\.0\.2:80 → 10\.9\.0\.1:37582 {2}SYN ACK .* #4 ×4\n/)
    expect(text.match(/^ {2}fix /gm)).toHaveLength(1)
  })

  test('packets that may be others are not said to be the same', async () => {
    // as a program with a socket of its own numbers them
    const text = await told(
      inputs((all, path) => (path.startsWith('client') ? all.replaceAll('ip id 4875', 'ip id 5875') : all)),
    )
    expect(text).toMatch(/✗ NO REPLY.*\n.*\n {2}cause {2}The sender sent a retransmission: no reply had reached it\.\n/)
    expect(text).not.toContain('the same packet')
  })
})
