/** What is listed, saved by the page: the very bytes that the command line writes. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import axe from 'axe-core'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { BIN, EXAMPLE } from '../cli/nfwhy.ts'
import { Chromium, choose, FROM_DISK, hasChromium, type Shown, serveFiles } from './browser.ts'
import { commandLine } from './command-line.ts'
import { expectSame } from './same.ts'
import { toldOf } from './told.ts'
import { expectDelivered } from './try-fix.ts'

const INCIDENTS = fileURLToPath(new URL('../../fixtures/incidents/', import.meta.url))
const NAMES = ['nodeport-clash', 'nft-allow-set', 'openstack-snat', 'calico-icmp-log', 'firewalld-port-forward']
const hasTcpdump = spawnSync('tcpdump', ['--version']).status === 0
const hasTshark = spawnSync('tshark', ['--version']).status === 0

describe.skipIf(!hasChromium)('the page saves', () => {
  const chromium = new Chromium()
  const running: ChildProcess[] = []
  const folder = mkdtempSync(join(tmpdir(), 'nfwhy-export-'))
  afterEach(() => {
    for (const child of running.splice(0)) child.kill('SIGKILL')
  })
  afterAll(async () => {
    await chromium.end()
    rmSync(folder, { recursive: true })
  })

  async function serve(input: string): Promise<Shown> {
    const child = spawn(process.execPath, [BIN, 'serve', input], { stdio: ['ignore', 'pipe', 'inherit'] })
    running.push(child)
    const link = await new Promise<string>((done) => {
      child.stdout!.on('data', (part) => {
        const found = /http:\S+/.exec(String(part))?.[0]
        if (found !== undefined) done(found)
      })
    })
    const shown = await chromium.open(link)
    await shown.page.waitForSelector('.explanation')
    return shown
  }

  /** The path of what the browser saved. */
  async function saved({ page }: Shown, words: string): Promise<string> {
    await page.locator('.export summary').focus()
    await page.keyboard.press('Enter')
    const coming = page.waitForEvent('download')
    await page.getByRole('button', { name: words }).press('Enter')
    const download = await coming
    const path = join(folder, download.suggestedFilename())
    await download.saveAs(path)
    return path
  }

  /** What the command line writes to a file with this suffix. */
  function written(suffix: string, ...args: string[]): Buffer {
    const path = join(folder, `written${suffix}`)
    commandLine('explain', ...args, '-o', path)
    return readFileSync(path)
  }

  test.each(NAMES)('%s as JSON, Markdown and pcapng as the command line does', async (name) => {
    const input = join(INCIDENTS, name)
    const shown = await serve(input)
    expect(readFileSync(await saved(shown, 'JSON'), 'utf8')).toBe(commandLine('explain', '--json', input))
    expect(readFileSync(await saved(shown, 'Markdown'), 'utf8')).toBe(String(written('.md', input)))
    expect(readFileSync(await saved(shown, 'Wireshark')).equals(written('.pcapng', input))).toBe(true)
    expect(shown.errors).toEqual([])
    await shown.page.context().close()
  })

  test('what is filtered and narrowed', async () => {
    const input = EXAMPLE
    const shown = await serve(input)
    const { page } = shown
    const rows = (count: number) =>
      page.waitForFunction((wanted) => document.querySelectorAll('.row').length === wanted, count)
    await page.fill('#filter', 'tcp dst port 80')
    await page.keyboard.press('Enter')
    await rows(1)
    const filtered = commandLine('explain', '--json', '--filter', 'tcp dst port 80', input)
    expect(readFileSync(await saved(shown, 'JSON'), 'utf8')).toBe(filtered)
    await page.fill('#filter', '')
    await page.keyboard.press('Enter')
    await rows(2)
    const all = JSON.parse(commandLine('explain', '--json', input)) as { journeys: { outcome: string }[] }
    await page.locator('.facets button', { hasText: 'dropped' }).first().click()
    await rows(1)
    const some = JSON.parse(readFileSync(await saved(shown, 'JSON'), 'utf8')) as typeof all
    const dropped = all.journeys.filter(({ outcome }) => outcome === 'dropped')
    expect(dropped.length).toBeLessThan(all.journeys.length)
    expect(some.journeys).toEqual(dropped)
    await page.context().close()
  })

  test('a report that shows the same', async () => {
    const shown = await serve(EXAMPLE)
    const report = await chromium.open(pathToFileURL(await saved(shown, 'Report')).href)
    const told = await toldOf([EXAMPLE])
    await expectSame(report, told, 'a report that was saved')
    await expectDelivered(report, told[0]!, 'delivered', 'a report that was saved')
    expect([...shown.errors, ...report.errors]).toEqual([])
    await report.page.context().close()
    await shown.page.context().close()
  })

  test('files that were dropped; a report only where the page comes from a server', async () => {
    const server = await serveFiles()
    try {
      for (const [address, reports] of [
        [server.address, 1],
        [FROM_DISK, 0],
      ] as const) {
        const shown = await chromium.open(address)
        await choose(shown, [`${EXAMPLE}/dmesg.log`, `${EXAMPLE}/rules.v4`])
        expect(await shown.page.locator('.export button', { hasText: 'Report' }).count()).toBe(reports)
        const { journeys } = JSON.parse(readFileSync(await saved(shown, 'JSON'), 'utf8'))
        expect(journeys.length).toBeGreaterThan(0)
        await shown.page.context().close()
      }
    } finally {
      server.end()
    }
  })

  test.each([
    { width: 1280, dark: false },
    { width: 390, dark: true },
  ])('from a menu that is whole on the screen, and has nothing serious for axe (%o)', async (look) => {
    const shown = await chromium.open(FROM_DISK, look)
    const { page } = shown
    await choose(shown, [`${EXAMPLE}/dmesg.log`, `${EXAMPLE}/rules.v4`])
    await page.waitForSelector('.explanation')
    await page.locator('.export summary').click()
    const buttons = await page.locator('.export button').all()
    expect(buttons.length).toBeGreaterThan(2)
    for (const button of buttons) {
      const { x, y, width, height } = (await button.boundingBox())!
      expect([x >= 0, x + width <= look.width, y >= 0, height >= 20]).toEqual([true, true, true, true])
      // nothing lies over it
      expect(
        await page.evaluate(
          ([at, from]) => document.elementFromPoint(at!, from!)?.textContent,
          [x + width / 2, y + height / 2],
        ),
      ).toBe(await button.textContent())
    }
    const found = await page.evaluate(`(async () => { const module = { exports: {} }; ${axe.source}
      const { violations } = await module.exports.run()
      return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id }) => id) })()`)
    expect(found).toEqual([])
    await page.close()
  })

  test.skipIf(!hasTcpdump)('packets that tcpdump reads', () => {
    const path = join(folder, 'tcpdump.pcapng')
    writeFileSync(path, written('.pcapng', EXAMPLE))
    const lines = execFileSync('tcpdump', ['-nvr', path], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    expect(lines).toContain('172.28.129.2.55694 > 172.28.129.4.52000: Flags [S]')
    expect(lines).toContain('id 41569')
    expect(lines).not.toContain('bad cksum')
  })

  test.skipIf(!hasTshark)('packets that tshark reads, each with its way', () => {
    const path = join(folder, 'read.pcapng')
    writeFileSync(path, written('.pcapng', EXAMPLE))
    const fields = ['ip.src', 'ip.dst', 'tcp.dstport', 'ip.ttl', 'frame.len', 'frame.time_epoch', 'frame.comment']
    const lines = execFileSync('tshark', ['-r', path, '-T', 'fields', ...fields.flatMap((one) => ['-e', one])], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const [first] = lines.split('\n')
    expect(first!.split('\t').slice(0, 6)).toEqual([
      ...['172.28.129.2', '172.28.129.4', '52000', '64', '60', '417.477400000'],
    ])
    expect(lines).toContain('DROPPED by filter KUBE-FIREWALL rule 1')
    expect(lines).toContain('nat KUBE-NODEPORTS rule 16')
  })
})
