/** `nfwhy serve --store` in a browser: what the store holds, over time. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import axe from 'axe-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { fromAddress, type OverTime, toAddress } from '../../src/ui/over-time.ts'
import { folder, nfwhy } from '../cli/nfwhy.ts'
import { Chromium, hasChromium, type Shown } from './browser.ts'
import { Servings } from './serving.ts'

const RULES = `*filter
:INPUT DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 22 -j DROP
-A INPUT -p tcp -m tcp --dport 25 -j REJECT
-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT
COMMIT
`
const BEGIN = Date.parse('2026-01-31T08:00:00Z')
const HOUR = 3_600_000

interface Seen {
  /** Hours from the beginning. */
  at: number
  port: number
  /** As TRACE has it. */
  by: string
  source: number
}

/** Ten an hour to port 22; from the third day on two to port 443, which meet the policy; and some that get through. */
const SEEN: readonly Seen[] = Array.from({ length: 72 }, (_, at) => [
  ...Array.from({ length: 10 }, (_, i) => ({ at: at + i / 20, port: 22, by: 'rule:1', source: 1 + i })),
  ...(at >= 48 ? [1, 2].map((source) => ({ at: at + 0.6, port: 443, by: 'policy:4', source })) : []),
  ...(at % 24 === 5 ? [{ at: at + 0.7, port: 25, by: 'rule:2', source: 7 }] : []),
  { at: at + 0.8, port: 80, by: 'rule:3', source: 9 },
]).flat()

const log = (host: string): string =>
  SEEN.map(({ at, port, by, source }, i) => {
    const time = new Date(BEGIN + at * HOUR).toISOString().replace('Z', '000+00:00')
    return `${time} ${host} kernel: [ 100.${String(i).padStart(6, '0')}] TRACE: filter:INPUT:${by} IN=eth0 OUT= SRC=192.0.2.${source} DST=198.51.100.1 LEN=60 TTL=64 ID=${i + 1} PROTO=TCP SPT=${2000 + i} DPT=${port} SEQ=${i} ACK=0 WINDOW=64240 SYN \n`
  }).join('')

const count = (port: number, since = 0) => SEEN.filter((one) => one.port === port && one.at >= since).length

const home = mkdtempSync(join(tmpdir(), 'nfwhy-over-time-'))
let store = ''
beforeAll(async () => {
  writeFileSync(join(home, 'rules'), RULES)
  store = `duckdb:${home}/x.duckdb`
  for (const host of ['web1', 'web2']) {
    writeFileSync(join(home, `${host}.log`), log(host))
    expect((await nfwhy(['explain', '-q', `${host}.log`, 'rules', '--store', store], { cwd: home })).stderr).toBe('')
  }
  // vitest gives it ten seconds, and a slow machine takes more
}, 240_000)
afterAll(() => rmSync(home, { recursive: true }))

test('a group is named in an address by letters and digits alone', () => {
  for (const name of ['filter INPUT rule 1', 'inet fw «ein» handle 7', 'no rule: unanswered', '']) {
    expect(toAddress(name)).toMatch(/^[\w-]*$/)
    expect(fromAddress(toAddress(name))).toBe(name)
  }
  expect(fromAddress('%')).toBeUndefined()
})

describe('the server', () => {
  const servings = new Servings()
  afterEach(() => servings.end())
  const day3 = (BEGIN + 48 * HOUR) * 1000

  test('counts each failed exchange once, in its bar', async () => {
    const { link } = await servings.start(['--store', store])
    const get = async (path: string) => {
      const response = await fetch(`${link}store/${path}`)
      return { status: response.status, body: await response.text() }
    }
    const of = async (path: string) => JSON.parse((await get(path)).body) as OverTime
    const all = await of('by/rule/any/any')
    expect(all.groups.map(({ name, exchanges, hosts }) => [name, exchanges, hosts])).toEqual([
      ['filter INPUT rule 1', 2 * count(22), 2],
      ['filter INPUT policy', 2 * count(443), 2],
      ['filter INPUT rule 2', 2 * count(25), 2],
    ])
    expect(all.exchanges).toBe(2 * (count(22) + count(443) + count(25)))
    for (const { bars, exchanges } of all.groups) expect(bars.reduce((sum, one) => sum + one, 0)).toBe(exchanges)
    expect(all.untimed).toBe(0)
    // where the policy's first bar is
    const policy = all.groups[1]!
    const begins = all.span.from + policy.bars.findIndex((one) => one > 0) * all.width
    expect(Math.abs(begins - policy.first)).toBeLessThan(all.width)
    expect(policy.first).toBe((BEGIN + 48.6 * HOUR) * 1000)
    // by host, since the third day
    const late = await of(`by/host/${day3}/${day3 + 100 * HOUR * 1000}`)
    const expected = count(22, 48) + count(443) + count(25, 48)
    expect(late.groups.map(({ name, exchanges }) => [name, exchanges])).toEqual([
      ['web1', expected],
      ['web2', expected],
    ])
    // and by what came of them
    const status = await of('by/status/any/any')
    expect(status.groups.map(({ name }) => name)).toEqual(['dropped', 'rejected'])
    const name = toAddress('filter INPUT rule 2')
    const behind = JSON.parse((await get(`behind/rule/${all.span.from}/${all.span.until}/${name}`)).body)
    expect(behind).toMatchObject({ all: 2 * count(25) })
    const explained = JSON.parse((await get(`exchange/${behind.exchanges[0].key}`)).body)
    expect(explained.text).toBe('-A INPUT -p tcp -m tcp --dport 25 -j REJECT')
    expect(explained.packets[0].steps[0]).toMatchObject({ at: 'filter INPUT rule 2', hook: 'input' })
    for (const wrong of ['by/rule/any/x', 'by/nobody/any/any', 'behind/rule/any/any/abc', 'exchange/1', 'exchange/x'])
      expect((await get(wrong)).status).toBe(404)
  })

  test('says in words that the store is gone', async () => {
    const at = folder({ 'a.log': log('a'), rules: RULES })
    await nfwhy(['explain', '-q', 'a.log', 'rules', '--store', 'parquet:x'], { cwd: at })
    const { link } = await servings.start(['--store', `parquet:${at}/x`])
    rmSync(`${at}/x`, { recursive: true })
    const response = await fetch(`${link}store/by/rule/any/any`)
    expect(response.status).toBe(503)
    expect(await response.json()).toMatchObject({ message: expect.stringContaining('there is no such store') })
  })
})

test('what cannot be combined is refused', async () => {
  for (const more of [['rules'], ['--live'], ['--as', 'iptables-save:rules']]) {
    const { code, stderr } = await nfwhy(['serve', '--store', store, ...more])
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('--store takes no files') })
  }
  const { code, stderr } = await nfwhy(['serve', '--store', 'duckdb:/nowhere/x.duckdb'])
  expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('there is no such store') })
})

describe.skipIf(!hasChromium)('the page of a store', () => {
  const chromium = new Chromium()
  const servings = new Servings()
  afterEach(() => servings.end())
  afterAll(() => chromium.end())

  async function withPage(hash: string, test: (shown: Shown) => Promise<void>, width = 1280) {
    const { link } = await servings.start(['--store', store])
    const shown = await chromium.open(link + hash, { width })
    await shown.page.waitForSelector('.over-time > p')
    await test(shown)
    expect(shown.errors).toEqual([])
    expect(shown.requests.filter((one) => !one.startsWith(link) && !one.startsWith('data:'))).toEqual([])
    await shown.page.context().close()
  }

  test('says the answer first, and by keyboard alone what is behind a bar', () =>
    withPage('', async ({ page }) => {
      const failed = 2 * (count(22) + count(443) + count(25))
      const first = await page.locator('.over-time > p').innerText()
      expect(first).toContain(`${failed.toLocaleString('en')} failed exchanges from 2026-01-31 08:00:00 UTC`)
      expect(first).toContain(`most by filter INPUT rule 1: ${(2 * count(22)).toLocaleString('en')}.`)
      await page.locator('.group').nth(1).focus()
      await page.keyboard.press('ArrowRight')
      await page.waitForSelector('.stored')
      const heading = await page.locator('.stored h2').innerText()
      expect(heading).toContain('DROPPED by filter INPUT policy')
      const told = await page.locator('.stored').innerText()
      expect(told).toContain('No rule of filter INPUT accepts it, and its policy is DROP.')
      expect(told).toContain('iptables -A INPUT')
      expect(await page.locator('.behind tbody tr').first().innerText()).toContain('198.51.100.1:443')
      await page.evaluate(axe.source)
      const found = await page.evaluate(async () => {
        const { violations } = await (globalThis as unknown as { axe: typeof axe }).axe.run()
        return violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 100))])
      })
      expect(found).toEqual([])
    }))

  test('a link holds what is asked; what came up since then is called new', () =>
    withPage('#by=rule&since=2026-02-02T08:00:00Z', async ({ page }) => {
      const rows = await page.locator('.groups li').allInnerTexts()
      expect(rows.filter((one) => one.includes('new since'))).toEqual([expect.stringContaining('filter INPUT policy')])
      await page.locator('select').first().selectOption('host')
      await page.waitForFunction(() => document.querySelector('.group')?.textContent?.includes('web1'))
      expect(new URL(page.url()).hash).toContain('by=host')
      await page.goBack()
      await page.waitForFunction(() => document.querySelector('.group')?.textContent?.includes('filter INPUT'))
    }))

  test('is not wider than a narrow screen', () =>
    withPage(
      '',
      async ({ page }) => {
        await page.locator('.group').first().click()
        await page.waitForSelector('.stored')
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
        expect(
          await page.evaluate(() => {
            const { scrollWidth, clientWidth } = document.querySelector('.over-time')!
            return scrollWidth - clientWidth
          }),
        ).toBe(0)
      },
      390,
    ))
})
