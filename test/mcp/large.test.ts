/** A large capture does not end the server: what it holds does not grow with the file. */
// @module-tag slow
import { appendFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { folder } from '../cli/nfwhy.ts'
import { dropped, RULES } from '../cli/small.ts'
import { share } from '../share.ts'
import { assistant } from './assistant.ts'

test('a capture of 100 MB is read in bounded memory, and a call that is given up ends', async () => {
  const cwd = folder({ rules: RULES, log: '' })
  // all of it in CI (test/share.ts)
  const count = share(450_000)
  for (let from = 0; from < count; from += 10_000)
    appendFileSync(
      join(cwd, 'log'),
      Array.from({ length: Math.min(10_000, count - from) }, (_, i) =>
        dropped({ at: 100 + (from + i) / 1000, sport: 1024 + ((from + i) % 60_000) }),
      ).join(''),
    )
  if (count >= 450_000) expect(statSync(join(cwd, 'log')).size).toBeGreaterThan(100e6)
  const { call, client, memory } = await assistant(['.'], { cwd })
  await call('list_inputs')
  const { summary, of } = await call('explain')
  expect(of).toBeLessThan(5)
  expect(summary.at(-1)).toContain(`${count.toLocaleString('en')} packets`)
  expect(memory()).toBeLessThan(count > 100_000 ? 350e6 : 200e6)
  const given = new AbortController()
  const asked = client.callTool({ name: 'explain', arguments: { filter: 'src port 5' } }, { signal: given.signal })
  setTimeout(() => given.abort(), 20)
  await expect(asked).rejects.toThrow()
  expect((await call('explain', { filter: 'src port 2000' })).of).toBe(1)
})
