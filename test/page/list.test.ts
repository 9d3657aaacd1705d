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
      expect(said).toContain('The list is not filtered.')
      expect(await page.locator('.row').count()).toBe(2)
      await page.fill('#filter', 'tcp dst port 80')
      await page.keyboard.press('Enter')
      await page.waitForFunction(() => document.querySelectorAll('.row').length === 1)
      expect(await page.locator('#filter-problem').count()).toBe(0)
      await page.fill('#filter', 'tcp dst prt 80')
      await page.keyboard.press('Enter')
      await page.getByText('The list still shows what matches tcp dst port 80.').waitFor()
      expect(await page.locator('.row').count()).toBe(1)
    }))

  test('has tabs that the arrows, Home and End go through', () =>
    withShown(async ({ page }) => {
      const at = () =>
        page.evaluate(() => [document.activeElement?.id, document.querySelector('[role=tab][aria-selected=true]')?.id])
      await page.locator('#tab-way').focus()
      for (const [key, id] of [
        ...[
          ['ArrowRight', 'tab-rules'],
          ['ArrowRight', 'tab-try'],
          ['ArrowRight', 'tab-way'],
        ],
        ...[
          ['ArrowLeft', 'tab-try'],
          ['Home', 'tab-way'],
          ['End', 'tab-try'],
          ['ArrowLeft', 'tab-rules'],
        ],
      ] as const) {
        await page.keyboard.press(key)
        expect(await at()).toEqual([id, id])
      }
      // one of them alone is reached by Tab
      expect(
        await page.locator('[role=tab]').evaluateAll((all) => all.map((one) => (one as HTMLElement).tabIndex)),
      ).toEqual([-1, 0, -1])
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

  test('is linked to with its filter, outcome and tab, which Back and Forward restore', async () => {
    const rows = ({ page }: Shown) => page.locator('.row')
    const links: string[] = []
    const shows = async (shown: Shown, count: number, selected: string) => {
      await expect.poll(() => rows(shown).count()).toBe(count)
      await shown.page.locator(`#tab-${selected}[aria-selected=true]`).waitFor()
    }
    await withShown(async (shown) => {
      const { page } = shown
      const note = () => links.push(page.url())
      await expect.poll(() => page.url()).toContain('#journey=')
      note()
      await page.click('.facet.good')
      await shows(shown, 1, 'way')
      await expect.poll(() => page.url()).toMatch(/journey=\d+&outcome=DELIVERED$/)
      note()
      await page.fill('#filter', 'tcp dst port 80 and in eth0')
      await page.keyboard.press('Enter')
      await expect.poll(() => page.url()).toMatch(/journey=\d+&filter=tcp/)
      await page.getByRole('tab', { name: 'Rules' }).click()
      await expect.poll(() => page.url()).toMatch(/&tab=rules$/)
      note()
      await page.goBack()
      await shows(shown, 1, 'way')
      await page.goBack()
      await expect.poll(() => page.url()).toBe(links[1])
      await expect.poll(() => page.locator('#filter').inputValue()).toBe('')
      await page.goBack()
      await shows(shown, 2, 'way')
      expect(page.url()).toBe(links[0])
      expect(await page.locator('.facet[aria-pressed=true]').count()).toBe(0)
      for (let i = 0; i < 3; i++) await page.goForward()
      await shows(shown, 1, 'rules')
      await expect.poll(() => page.locator('#filter').inputValue()).toBe('tcp dst port 80 and in eth0')
      expect(page.url()).toBe(links[2])
    })
    const shown = await chromium.open(links[2]!)
    await shown.page.setInputFiles('input[type=file]', FILES)
    await shows(shown, 1, 'rules')
    expect(await shown.page.locator('#filter').inputValue()).toBe('tcp dst port 80 and in eth0')
    expect(await shown.page.locator('.facet.good').getAttribute('aria-pressed')).toBe('true')
    expect(shown.page.url()).toBe(links[2])
    expect(shown.errors).toEqual([])
    await shown.page.context().close()
  })

  test('says that it has no exchange of the number in a link, and shows the first', () =>
    withShown(
      async (shown) => {
        const { page } = shown
        const said = page.getByText(
          'The link names exchange 99. The list has no such exchange: the first one is shown.',
        )
        await said.waitFor()
        expect(await heading(shown).textContent()).toContain('DROPPED')
        await page.keyboard.press('j')
        await said.waitFor({ state: 'detached' })
      },
      {},
      `${server.address}#journey=99`,
    ))

  test('shows a filter of a link that cannot be read, and lists all', () =>
    withShown(
      async ({ page }) => {
        await page.getByText('The list is not filtered.').waitFor()
        expect(await page.locator('#filter').inputValue()).toBe('tcp dst prt 80')
        await expect.poll(() => page.locator('.row').count()).toBe(2)
      },
      {},
      `${server.address}#filter=tcp%20dst%20prt%2080`,
    ))

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
