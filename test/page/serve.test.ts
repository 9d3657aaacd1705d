/** `nfwhy serve` in a browser: what the command line says, the page says, of the same words of the command line. */
import { execFileSync } from 'node:child_process'
import { cpSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { EXAMPLE, folder } from '../cli/nfwhy.ts'
import { Chromium, choose, hasChromium, type Shown } from './browser.ts'
import { commandLine } from './command-line.ts'
import { expectSame } from './same.ts'
import { Servings } from './serving.ts'
import { toldOf } from './told.ts'

describe.skipIf(!hasChromium)('nfwhy serve', () => {
  const chromium = new Chromium()
  const servings = new Servings()
  afterEach(() => servings.end())
  afterAll(() => chromium.end())

  const serve = (args: readonly string[], input?: string) => servings.start(args, input)

  /** What is seen at once, with nothing unfolded. */
  const text = async ({ page }: Shown) => {
    await page.waitForSelector('.explanation, .wrong')
    return page.locator('.explanation').innerText()
  }

  const expectTold = async (shown: Shown, args: readonly string[]) => expectSame(shown, await toldOf(args), 'served')

  test('shows a folder as the command line does: outcome, culprit and fix', async () => {
    const { link } = await serve([EXAMPLE])
    const shown = await chromium.open(link)
    const seen = await text(shown)
    for (const one of [/DROPPED/, /KUBE-FIREWALL/, /iptables -t nat -D KUBE-NODEPORTS 16/]) expect(seen).toMatch(one)
    await expectTold(shown, [EXAMPLE])
    // nothing is asked of anybody else, and every address has the token
    expect(shown.requests.filter((one) => !one.startsWith(link) && !one.startsWith('data:'))).toEqual([])
    await shown.page.context().close()
  })

  test('shows an archive, and a folder of several machines', async () => {
    const both = folder()
    for (const name of ['node-a', 'node-b']) cpSync(EXAMPLE, join(both, name), { recursive: true })
    execFileSync('tar', ['-C', both, '-czf', join(both, 'node-a.tgz'), 'node-a'])
    for (const input of [join(both, 'node-a.tgz'), both]) {
      const { link } = await serve([input])
      const shown = await chromium.open(link)
      await expectTold(shown, [input])
      await shown.page.context().close()
      rmSync(join(both, 'node-a.tgz'), { force: true })
    }
    expect(commandLine('explain', both)).toContain('node-b')
  })

  test('reads a file as --as says', async () => {
    const log = join(folder({ 'kept.txt': readFileSync(`${EXAMPLE}/dmesg.log`) }), 'kept.txt')
    const args = ['--as', `kernel-log:${log}`, `${EXAMPLE}/rules.v4`]
    const { link } = await serve(args)
    const shown = await chromium.open(link)
    await expectTold(shown, args)
    await shown.page.context().close()
    const wrong = await chromium.open((await serve(['--as', `iptables-save:${log}`, `${EXAMPLE}/rules.v4`])).link)
    await wrong.page.waitForSelector('.wrong, .main.alone')
    expect(await wrong.page.locator('.explanation').count()).toBe(0)
    await wrong.page.context().close()
  })

  test('shows standard input, again and again', async () => {
    const { link } = await serve(['-', `${EXAMPLE}/rules.v4`], readFileSync(`${EXAMPLE}/dmesg.log`, 'utf8'))
    const shown = await chromium.open(link)
    const first = await text(shown)
    expect(first).toContain('DROPPED')
    await shown.page.reload()
    expect(await text(shown)).toBe(first)
    // in place of others that were chosen, the server's own are there
    await choose(shown, [`${EXAMPLE}/rules.v4`])
    await shown.page.reload()
    expect(await text(shown)).toBe(first)
    expect(await shown.page.getByText('The reload closed the files').count()).toBe(0)
    // the capture is read again for another filter
    await shown.page.fill('#filter', 'tcp dst port 80')
    await shown.page.keyboard.press('Enter')
    await shown.page.waitForFunction(() => document.querySelectorAll('.row').length === 1)
    const files = [`${EXAMPLE}/dmesg.log`, `${EXAMPLE}/rules.v4`]
    await expectTold(shown, ['--filter', 'tcp dst port 80', ...files])
    await shown.page.context().close()
  })

  test('opens an empty page without any input, which takes what is chosen', async () => {
    const { link } = await serve([])
    const shown = await chromium.open(link)
    await shown.page.waitForSelector('.open')
    expect(await shown.page.locator('.explanation, .wrong').count()).toBe(0)
    const files = [`${EXAMPLE}/dmesg.log`, `${EXAMPLE}/rules.v4`]
    await choose(shown, files)
    await expectTold(shown, files)
    await shown.page.context().close()
  })

  test('shows nothing with a wrong token', async () => {
    const { link } = await serve([EXAMPLE])
    for (const wrong of [link.replace(/[0-9a-f]{32}/, '0'.repeat(32)), new URL('/', link).href]) {
      const shown = await chromium.open(wrong)
      const body = (await shown.page.locator('body').textContent())!
      expect(body).toContain('This is not the link that nfwhy serve printed.')
      expect(body).not.toContain('DROPPED')
      expect(await shown.page.locator('script, .explanation').count()).toBe(0)
      await shown.page.context().close()
    }
  })

  test('shows nothing to a page elsewhere, even if that knows the link', async () => {
    const { link } = await serve([EXAMPLE])
    const html = `<!doctype html><iframe src="${link}"></iframe>`
    const elsewhere = createServer((_, response) => response.setHeader('content-type', 'text/html').end(html))
    await new Promise<void>((done) => elsewhere.listen(0, '127.0.0.1', done))
    const shown = await chromium.open(`http://localhost:${(elsewhere.address() as AddressInfo).port}/`)
    const got = await shown.page.evaluate(async (address) => {
      const asked = ['inputs', 'inputs/0', 'page.js', ''].map((path) =>
        fetch(address + path).then(
          () => 'read',
          () => 'refused',
        ),
      )
      const script = new Promise<string>((done) => {
        const element = document.createElement('script')
        element.src = `${address}page.js`
        element.onload = () => done('loaded')
        element.onerror = () => done('refused')
        document.head.append(element)
      })
      return { asked: await Promise.all(asked), script: await script }
    }, link)
    expect(got.script).toBe('refused')
    expect(got.asked).toEqual(['refused', 'refused', 'refused', 'refused'])
    const frame = shown.page.frames()[1]
    expect((await frame?.locator('.explanation').count()) ?? 0).toBe(0)
    elsewhere.closeAllConnections()
    elsewhere.close()
    await shown.page.context().close()
  })

  test('ends at once by Ctrl-C, and the page says so', async () => {
    const { child, link } = await serve([EXAMPLE])
    const shown = await chromium.open(link)
    await text(shown)
    const began = Date.now()
    const ended = new Promise((done) => child.on('close', (_, signal) => done(signal)))
    child.kill('SIGINT')
    expect(await ended).toBe('SIGINT')
    // not only when Node gives up on the page's idle connections, which is after 5 s
    expect(Date.now() - began).toBeLessThan(4000)
    await shown.page.waitForSelector('.wrong')
    expect(await shown.page.locator('.wrong').textContent()).toContain('nfwhy serve has ended')
    // what was shown stays, in view
    expect(await text(shown)).toContain('DROPPED')
    await shown.page.locator('.explanation').getByText('DROPPED').first().click({ trial: true })
    expect((await shown.page.locator('.main').boundingBox())!.height).toBeGreaterThan(600)
    // and what has to be read again is told as such
    await shown.page.fill('#filter', 'tcp')
    await shown.page.keyboard.press('Enter')
    await shown.page.waitForFunction(() => document.querySelectorAll('.wrong').length > 1)
    await shown.page.context().close()
  })
})
