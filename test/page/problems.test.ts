/** Ten real problems, played on the kernel: their bundles on the page say what the command line says, in the same words. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { whyNoLab } from '../kernel/lab/available.ts'
import { whyNot } from '../kernel/namespaces.ts'
import { PROBLEMS } from '../problems/library/index.ts'
import { play } from '../problems/play.ts'
import { isLogged } from '../problems/trace.ts'
import { Chromium, choose, FROM_DISK, hasChromium, serveFiles } from './browser.ts'
import { commandLine, firstBlock } from './command-line.ts'

/** Of all kinds: what is traced in its own namespace alone, so that other tests may run beside. */
const TRACED = PROBLEMS.filter((one) => !isLogged(one))
const TEN = Array.from({ length: 10 }, (_, i) => TRACED[Math.floor((i * TRACED.length) / 10)]!)
const reason = hasChromium ? (whyNot('nft', 'ss', 'conntrack', 'tar') ?? (await whyNoLab())) : 'no chromium'
if (reason) console.warn(`no real problems are shown on the page: ${reason}`)

describe.skipIf(reason)('real problems on the page', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nfwhy-page-'))
  const chromium = new Chromium()
  let server: Awaited<ReturnType<typeof serveFiles>>
  beforeAll(async () => {
    server = await serveFiles()
  })
  afterAll(async () => {
    await chromium.end()
    server.end()
    rmSync(folder, { recursive: true })
  })

  test.each(TEN.map((problem, i) => ({ name: problem.name, problem, from: i % 2 === 0 ? 'server' : 'disk' })))(
    '$name, from $from',
    async ({ name, problem, from }) => {
      const { inputs } = await play(problem)
      const bundle = join(folder, name)
      for (const input of inputs) {
        const path = join(bundle, input.name)
        mkdirSync(dirname(path), { recursive: true })
        writeFileSync(path, 'text' in input ? input.text : (input as { bytes: Uint8Array }).bytes)
      }
      const archive = `${bundle}.tgz`
      execFileSync('tar', ['-C', folder, '-czf', archive, name])
      const shown = await chromium.open(from === 'disk' ? FROM_DISK : server.address)
      await choose(shown, [archive])
      const told = firstBlock((await shown.page.locator('.explanation .text').textContent())!)
      const printed = commandLine('explain', '--full', '--unmatched', archive)
      expect(printed).toContain(told)
      expect(told.length).toBeGreaterThan(200)
      const { mark, headline } = await shown.page.evaluate(() => ({
        mark: document.querySelector('.explanation h2 span')!.textContent!,
        headline: document.querySelector('.explanation h2')!.textContent!,
      }))
      expect(told.split('\n')[0]).toContain(mark)
      expect(told.replace(/\s+/g, ' ')).toContain(headline.trim().split(' ')[1])
      for (const fix of await shown.page.locator('.fix.fix > .command code').allTextContents())
        expect(unwrapped(printed)).toContain(unwrapped(fix))
      expect(shown.errors).toEqual([])
      await shown.page.context().close()
    },
  )
})

/** A command in one line, however it was broken. */
const unwrapped = (text: string): string => text.replace(/\\\n/g, ' ').replace(/\s+/g, ' ').trim()
