/** `nfwhy serve` and the page that it serves. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { Chromium, hasChromium } from './browser.ts'

const NFWHY = fileURLToPath(new URL('../../bin/nfwhy.js', import.meta.url))
const EXAMPLE = fileURLToPath(new URL('../../examples/nodeport-clash', import.meta.url))

/** The link that it prints, and the process. */
async function serve(...args: string[]): Promise<{ link: string; child: ChildProcess }> {
  const child = spawn(process.execPath, [NFWHY, 'serve', ...args], { stdio: ['pipe', 'pipe', 'ignore'] })
  child.stdin.end(readFileSync(join(EXAMPLE, 'dmesg.log')))
  // who is not asked to read it closes it
  child.stdin.on('error', () => {})
  const link = await new Promise<string>((done, failed) => {
    let said = ''
    child.stdout!.on('data', (some) => {
      said += String(some)
      if (said.includes('\n')) done(said.split('\n')[0]!)
    })
    child.on('exit', (code) => failed(new Error(`serve ended with ${code}`)))
  })
  return { link, child }
}

async function end(child: ChildProcess, signal: NodeJS.Signals = 'SIGINT'): Promise<number | null> {
  const ended = new Promise<number | null>((done) => child.on('exit', (code) => done(code)))
  child.kill(signal)
  return ended
}

describe.skipIf(!hasChromium)('serve', () => {
  const chromium = new Chromium()
  afterAll(() => chromium.end())

  test('opens the files that it was given, and asks nobody else', async () => {
    const { link, child } = await serve(EXAMPLE)
    const { page, requests, errors } = await chromium.open(link)
    await page.waitForSelector('.explanation')
    expect(await page.locator('.explanation h2').textContent()).toContain('DROPPED by filter KUBE-FIREWALL rule 1')
    expect(await page.locator('.fix .command code').first().textContent()).toBe('iptables -t nat -D KUBE-NODEPORTS 16')
    expect(requests.filter((one) => !one.startsWith(link))).toEqual([])
    // another filter reads the captures again
    expect(await end(child)).toBe(0)
    await page.fill('#filter', 'tcp dst port 80')
    await page.press('#filter', 'Enter')
    await page.waitForSelector('.wrong')
    expect(await page.locator('.wrong').first().textContent()).toContain('nfwhy serve has ended')
    expect(errors.filter((one) => !one.includes('ERR_CONNECTION_REFUSED'))).toEqual([])
  })

  test('shows nothing to whoever does not have the link', async () => {
    const { link, child } = await serve(EXAMPLE)
    const { page } = await chromium.open(new URL('/', link).href)
    expect(await page.locator('body').textContent()).toContain('the link is not the one that nfwhy serve printed')
    expect(await end(child, 'SIGTERM')).toBe(0)
  })

  test('reads standard input', async () => {
    const { link, child } = await serve('-', join(EXAMPLE, 'rules.v4'))
    const { page } = await chromium.open(link)
    await page.waitForSelector('.explanation')
    expect(await page.locator('.explanation h2').textContent()).toContain('DROPPED by filter KUBE-FIREWALL rule 1')
    await end(child)
  })
})
