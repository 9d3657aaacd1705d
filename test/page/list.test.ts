/** The list on the page: filters, facets, the keyboard, links; and what a screen reader is told. */
import { fileURLToPath } from 'node:url'
import axe from 'axe-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Chromium, choose, hasChromium, type Look, type Shown, serveFiles } from './browser.ts'

const example = (name: string) => fileURLToPath(new URL(`../../examples/nodeport-clash/${name}`, import.meta.url))
const FILES = [example('dmesg.log'), example('rules.v4')]

describe.skipIf(!hasChromium)('the list', () => {
  const chromium = new Chromium()
  let server: Awaited<ReturnType<typeof serveFiles>>
  beforeAll(async () => {
    server = await serveFiles()
  })
  afterAll(async () => {
    await chromium.end()
    server.end()
  })

  async function withShown(test: (shown: Shown) => Promise<void>, look: Look = {}, address = server.address) {
    const shown = await chromium.open(address, look)
    try {
      await choose(shown, FILES)
      await test(shown)
      expect(shown.errors).toEqual([])
    } finally {
      await shown.page.context().close()
    }
  }
  const heading = ({ page }: Shown) => page.locator('.explanation h2')

  test('has the worst first, and goes on to the next by keyboard alone', () =>
    withShown(async (shown) => {
      const { page } = shown
      expect(await heading(shown).textContent()).toContain('DROPPED by filter KUBE-FIREWALL rule 1')
      await page.keyboard.press('j')
      await page.waitForFunction(() => document.querySelector('.explanation h2')?.textContent?.includes('DELIVERED'))
      await page.keyboard.press('k')
      await page.waitForFunction(() => document.querySelector('.explanation h2')?.textContent?.includes('DROPPED'))
      await page.keyboard.press('/')
      await page.keyboard.type('tcp dst port 80')
      await page.keyboard.press('Enter')
      await page.waitForFunction(() => document.querySelectorAll('.row').length === 1)
      expect(await heading(shown).textContent()).toContain('DELIVERED')
      await page.keyboard.press('Escape')
      expect(await page.evaluate(() => document.activeElement?.className)).toBe('list')
    }))

  test('points at what is wrong with a filter, and stays as it was', () =>
    withShown(async ({ page }) => {
      await page.fill('#filter', 'tcp dst prt 80')
      await page.keyboard.press('Enter')
      const said = await page.locator('#filter-problem').textContent()
      expect(said).toContain('tcp dst prt 80')
      expect(said).toContain('^')
      expect(await page.locator('.row').count()).toBe(2)
    }))

  test('is narrowed to an outcome, and no longer', () =>
    withShown(async ({ page }) => {
      await page.click('.facet.good')
      await page.waitForFunction(() => document.querySelectorAll('.row').length === 1)
      expect(await page.locator('.row b').textContent()).toBe('DELIVERED')
      await page.click('.facet.good')
      await page.waitForFunction(() => document.querySelectorAll('.row').length === 2)
    }))

  test('is linked to: the same exchange is shown once the files are open', async () => {
    let link = ''
    await withShown(async ({ page }) => {
      await page.keyboard.press('j')
      await page.waitForFunction(
        () => location.hash !== '' && document.querySelector('h2')?.textContent?.includes('DELIVERED'),
      )
      link = page.url()
    })
    await withShown(async (shown) => expect(await heading(shown).textContent()).toContain('DELIVERED'), {}, link)
  })

  test.each([
    { width: 1280, dark: false },
    { width: 390, dark: true },
  ])('tells a screen reader all that is there (%o)', (look) =>
    withShown(async ({ page }) => {
      // by the protocol, as the page takes no script but its own
      const found = await page.evaluate(`(async () => { const module = { exports: {} }; ${axe.source}
        const { violations } = await module.exports.run()
        return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id, nodes }) => id + ' ' + nodes.map(({ html, failureSummary }) => html + ' ' + failureSummary).join(' | ')) })()`)
      expect(found).toEqual([])
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)
    }, look),
  )
})
