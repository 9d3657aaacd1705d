/** Ten real problems, played on the kernel: their bundles on the page say what the command line says, in the same words. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { whyNoLab } from '../kernel/lab/available.ts'
import { whyNot } from '../kernel/namespaces.ts'
import { PROBLEMS } from '../problems/library/index.ts'
import { play } from '../problems/play.ts'
import { isLogged } from '../problems/trace.ts'
import { Chromium, hasChromium } from './browser.ts'
import { expectSame } from './same.ts'
import { toldOf } from './told.ts'
import { Ways } from './ways.ts'

/** Of all kinds: what is traced in its own namespace alone, so that other tests may run beside. */
const TRACED = PROBLEMS.filter((one) => !isLogged(one))
const TEN = Array.from({ length: 10 }, (_, i) => TRACED[Math.floor((i * TRACED.length) / 10)]!)
const reason = hasChromium ? (whyNot('nft', 'ss', 'conntrack', 'tar') ?? (await whyNoLab())) : 'no chromium'
if (reason) console.warn(`no real problems are shown on the page: ${reason}`)

describe.skipIf(reason)('real problems on the page', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nfwhy-page-'))
  const chromium = new Chromium()
  const ways = new Ways(chromium)
  afterAll(async () => {
    await chromium.end()
    ways.end()
    rmSync(folder, { recursive: true })
  })

  test.each(
    TEN.map((problem, i) => ({ name: problem.name, problem, from: i % 2 === 0 ? 'a web server' : 'disk' }) as const),
  )('$name, dropped on a page from $from, served, and as a report', async ({ name, problem, from }) => {
    const { inputs } = await play(problem)
    const bundle = join(folder, name)
    for (const input of inputs) {
      const path = join(bundle, input.name)
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, 'text' in input ? input.text : (input as { bytes: Uint8Array }).bytes)
    }
    const archive = `${bundle}.tgz`
    execFileSync('tar', ['-C', folder, '-czf', archive, name])
    const told = await toldOf([archive])
    // the packet that is asked about is among them
    expect(told.length).toBeGreaterThan(0)
    await ways.each(['served', `dropped on a page from ${from}`, 'a report'], [archive], (shown, way) =>
      expectSame(shown, told, way),
    )
  })
})
