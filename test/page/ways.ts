/** The ways in which files come to be shown: served, chosen or dropped on the page, and as a report. */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Chromium, choose, FROM_DISK, type Shown, serveFiles } from './browser.ts'
import { commandLines } from './command-line.ts'
import { Servings } from './serving.ts'

export type Way =
  | 'served'
  | 'chosen on a page from a web server'
  | 'chosen on a page from disk'
  | 'dropped on a page from a web server'
  | 'dropped on a page from disk'
  | 'a report'

export class Ways {
  private readonly chromium: Chromium
  private readonly servings = new Servings()
  private readonly folder = mkdtempSync(join(tmpdir(), 'nfwhy-page-'))
  private server: Awaited<ReturnType<typeof serveFiles>> | undefined
  private packed = 0
  /** Those on which one archive is dropped after the other. */
  private readonly kept = new Map<Way, Shown>()

  constructor(chromium: Chromium) {
    this.chromium = chromium
  }

  /** Runs it for each way with what is shown then. `files`: files, or one archive. */
  async each(
    ways: readonly Way[],
    files: readonly string[],
    test: (shown: Shown, way: Way) => Promise<void>,
  ): Promise<void> {
    for (const way of ways) {
      const shown = await this.open(way, files)
      try {
        await test(shown, way)
        expectQuiet(shown, way)
      } finally {
        await shown.page.context().close()
        this.servings.end()
      }
    }
  }

  /** Drops an archive of them on a page that shows others, and runs it with what is shown then. */
  async again(
    way: Extract<Way, `dropped ${string}`>,
    files: readonly string[],
    test: (shown: Shown, way: Way) => Promise<void>,
  ): Promise<void> {
    const kept = this.kept.get(way)
    const shown = kept ?? (await this.open(way, files))
    this.kept.set(way, shown)
    if (kept) {
      // what was explained before goes when others are shown
      await kept.page.evaluate(() => document.querySelector('.explanation')!.classList.add('before'))
      await drop(kept, this.archive(files), '.explanation:not(.before)')
    }
    await test(shown, way)
    expectQuiet(shown, way)
  }

  private async open(way: Way, files: readonly string[]): Promise<Shown> {
    if (way === 'served') return this.chromium.open((await this.servings.start(files)).link)
    if (way === 'a report') {
      const report = join(this.folder, `${++this.packed}.html`)
      await commandLines(['explain', ...files, '-o', report])
      return this.chromium.open(pathToFileURL(report).href)
    }
    this.server ??= await serveFiles()
    const shown = await this.chromium.open(way.endsWith('disk') ? FROM_DISK : this.server.address)
    if (way.startsWith('chosen')) await choose(shown, files)
    else await drop(shown, this.archive(files))
    return shown
  }

  /** A `.tgz` of these files, as a person packs a folder. */
  private archive(files: readonly string[]): string {
    const [first] = files
    if (files.length === 1 && first!.endsWith('.tgz')) return first!
    const name = `bundle-${++this.packed}`
    const bundle = join(this.folder, name)
    mkdirSync(bundle)
    for (const file of files) cpSync(file, join(bundle, basename(file)))
    execFileSync('tar', ['-C', this.folder, '-czf', `${bundle}.tgz`, name])
    return `${bundle}.tgz`
  }

  end(): void {
    this.servings.end()
    this.server?.end()
    rmSync(this.folder, { recursive: true })
  }
}

/** Lets go of a file over the page, as a person does. */
async function drop({ page }: Shown, path: string, until = '.explanation, .wrong, .main.alone'): Promise<void> {
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
  await page.waitForSelector(until)
}

/** Nothing is asked of anybody but who served the page. */
function expectQuiet({ page, requests }: Shown, way: Way): void {
  const own = new URL('.', page.url().split('#')[0]!).href
  const others = requests.filter((one) => !one.startsWith(own) && !/^(?:blob|data):/.test(one))
  if (others.length > 0) throw new Error(`${way}: asked for ${others.join(', ')}`)
}
