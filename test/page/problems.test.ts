/** Ten real problems, played on the kernel: their bundles on the page say what the command line says, in the same words. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BIN } from '../cli/nfwhy.ts'
import { whyNoLab } from '../kernel/lab/available.ts'
import { whyNot } from '../kernel/namespaces.ts'
import { PROBLEMS } from '../problems/library/index.ts'
import { play } from '../problems/play.ts'
import { isLogged } from '../problems/trace.ts'
import { Chromium, FROM_DISK, hasChromium, type Shown, serveFiles } from './browser.ts'
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

  /** The same archive by `nfwhy serve`, dropped on the page of a web server or from disk, and as a report. */
  async function* ways(archive: string, from: 'server' | 'disk'): AsyncGenerator<[string, Shown]> {
    const child = spawn(process.execPath, [BIN, 'serve', archive], { stdio: ['ignore', 'pipe', 'inherit'] })
    try {
      const [said] = await once(child.stdout, 'data')
      yield ['serve', await chromium.open(/http:\S+/.exec(String(said))![0])]
    } finally {
      child.kill('SIGKILL')
    }
    const page = await chromium.open(from === 'disk' ? FROM_DISK : server.address)
    await drop(page, archive)
    yield [`dropped on a page from ${from}`, page]
    const report = archive.replace('.tgz', '.html')
    commandLine('explain', archive, '-o', report)
    yield ['a report', await chromium.open(pathToFileURL(report).href)]
  }

  test.each(TEN.map((problem, i) => ({ name: problem.name, problem, from: i % 2 === 0 ? 'server' : 'disk' }) as const))(
    '$name, dropped on a page from $from, served, and as a report',
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
      const printed = commandLine('explain', '--full', '--unmatched', archive)
      for await (const [way, shown] of ways(archive, from)) {
        await shown.page.waitForSelector('.explanation, .wrong')
        const told = firstBlock((await shown.page.locator('.explanation .text').textContent())!)
        expect(printed, way).toContain(told)
        expect(told.length, way).toBeGreaterThan(200)
        const { mark, headline } = await shown.page.evaluate(() => ({
          mark: document.querySelector('.explanation h2 span')!.textContent!,
          headline: document.querySelector('.explanation h2')!.textContent!,
        }))
        expect(told.split('\n')[0], way).toContain(mark)
        expect(told.replace(/\s+/g, ' '), way).toContain(headline.trim().split(' ')[1])
        for (const fix of await shown.page.locator('.fix.fix > .command code').allTextContents())
          expect(unwrapped(printed), way).toContain(unwrapped(fix))
        expect(shown.errors, way).toEqual([])
        await shown.page.context().close()
      }
    },
  )
})

/** As a person lets go of a file over the page. */
async function drop({ page }: Shown, path: string): Promise<void> {
  const transfer = await page.evaluateHandle(
    ([name, base64]) => {
      const bytes = Uint8Array.from(atob(base64!), (char) => char.charCodeAt(0))
      const data = new DataTransfer()
      data.items.add(new File([bytes], name!))
      return data
    },
    [basename(path), readFileSync(path).toString('base64')],
  )
  await page.dispatchEvent('body', 'drop', { dataTransfer: transfer })
}

/** A command in one line, however it was broken. */
const unwrapped = (text: string): string => text.replace(/\\\n/g, ' ').replace(/\s+/g, ' ').trim()
