/** Another rule, another packet: what the page says the model makes of it. */
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import axe from 'axe-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Chromium, choose, hasChromium, type Look, type Shown, serveFiles } from './browser.ts'

const file = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const INCIDENT = file('fixtures/incidents/nft-allow-set/')
const ALLOW_SET = [`${INCIDENT}ruleset-dropped.json`, `${INCIDENT}dropped.handles.txt`].concat(
  readdirSync(`${INCIDENT}host`).map((name) => `${INCIDENT}host/${name}`),
)
const RULES = ['rules.nft', 'ip-addr.json', 'ip-route.json'].map((name) => file(`test/page/what-if/${name}`))

describe.skipIf(!hasChromium)('what if', () => {
  const chromium = new Chromium()
  let server: Awaited<ReturnType<typeof serveFiles>>
  beforeAll(async () => {
    server = await serveFiles()
  })
  afterAll(async () => {
    await chromium.end()
    server.end()
  })

  async function withShown(files: readonly string[], test: (shown: Shown) => Promise<void>, look: Look = {}) {
    const shown = await chromium.open(server.address, look)
    try {
      await choose(shown, files)
      await test(shown)
      expect(shown.errors).toEqual([])
    } finally {
      await shown.page.context().close()
    }
  }
  /** Waits until the result says so. */
  const told = ({ page }: Shown, words: string) =>
    page.waitForFunction(
      (wanted) => [...document.querySelectorAll('.result .head')].at(-1)?.textContent?.includes(wanted),
      words,
      { timeout: 10_000 },
    )

  test('the fix delivers the packet, and is taken back', () =>
    withShown(ALLOW_SET, async (shown) => {
      const { page } = shown
      await page.locator('.fix.fix button', { hasText: 'Try it here' }).first().click()
      await told(shown, 'FORWARDED')
      expect(await page.locator('.result .head').first().textContent()).toContain('DROPPED')
      expect(await page.locator('.map .line.before').count()).toBe(1)
      await page.getByRole('button', { name: 'Undo change 1' }).click()
      await told(shown, 'DROPPED')
      await page.fill('#command', 'nft delete rule inet filter allowed_dnats handle 7')
      await page.press('#command', 'Enter')
      await told(shown, 'FORWARDED')
      await page.getByRole('button', { name: 'Reset' }).click()
      await told(shown, 'DROPPED')
    }))

  test('a rule is switched off, edited, moved', () =>
    withShown(ALLOW_SET, async (shown) => {
      const { page } = shown
      const rules = async () => {
        await page.click('#tab-rules')
        await page.fill('#rules-search', 'allowed_dnats')
        await page.locator('.chain summary', { hasText: 'allowed_dnats' }).first().click()
      }
      await rules()
      await page.getByRole('button', { name: 'Switch off rule 2 of allowed_dnats' }).click()
      await page.click('#tab-try')
      await told(shown, 'FORWARDED')
      expect(await page.locator('.changes code').first().textContent()).toContain(
        'nft delete rule inet filter allowed_dnats handle 7',
      )
      await page.getByRole('button', { name: 'Reset' }).click()
      await told(shown, 'DROPPED')
      await page.click('#tab-rules')
      await page.getByRole('button', { name: 'Edit rule 2 of allowed_dnats' }).click()
      await page.fill('.rules textarea', 'ip daddr 192.0.2.1 drop')
      await page.locator('.rules form button', { hasText: 'Try it' }).click()
      await page.click('#tab-try')
      await told(shown, 'FORWARDED')
    }))

  test('says where a command is wrong, and changes nothing', () =>
    withShown(ALLOW_SET, async (shown) => {
      const { page } = shown
      await page.click('#tab-try')
      await told(shown, 'DROPPED')
      await page.fill('#command', 'nft delete rule inet filter allowed_dnats handle 99')
      await page.press('#command', 'Enter')
      await page.waitForSelector('.what-if .wrong')
      expect(await page.locator('.what-if .wrong').textContent()).toContain('99')
      expect(await page.locator('.changes li').count()).toBe(0)
      await told(shown, 'DROPPED')
    }))

  test('any packet is played on a ruleset alone, by words and by fields', () =>
    withShown(RULES, async (shown) => {
      const { page } = shown
      await page.fill('#packet-words', 'in eth0 tcp 192.0.2.7:40000 > 198.51.100.1:22 syn')
      await page.press('#packet-words', 'Enter')
      await told(shown, 'DELIVERED')
      await page.locator('.packet-form summary').click()
      if ((await page.locator('.fields').isVisible()) === false) await page.locator('.packet-form summary').click()
      await page.locator('.fields label', { hasText: 'port' }).last().locator('input').fill('23')
      await page.locator('.fields button').click()
      await told(shown, 'DROPPED')
      const began = Date.now()
      await page.fill('#command', 'nft insert rule inet filter input tcp dport 23 accept')
      await page.press('#command', 'Enter')
      await told(shown, 'DELIVERED')
      // no figure of this machine's: a page that hangs is found
      expect(Date.now() - began).toBeLessThan(10_000)
    }))

  test.each([
    { width: 1280, dark: true },
    { width: 390, dark: false },
  ])('tells a screen reader all that is there (%o)', (look) =>
    withShown(
      ALLOW_SET,
      async (shown) => {
        const { page } = shown
        for (const tab of ['try', 'rules', 'way']) {
          await page.click(`#tab-${tab}`)
          if (tab === 'try') await told(shown, 'DROPPED')
          const found = await page.evaluate(`(async () => { const module = { exports: {} }; ${axe.source}
            const { violations } = await module.exports.run()
            return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id, nodes }) => id + ' ' + nodes.map(({ html }) => html).join(' | ')) })()`)
          expect(found, tab).toEqual([])
          expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)
        }
      },
      look,
    ),
  )
})
