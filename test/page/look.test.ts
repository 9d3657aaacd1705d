/** What a stranger needs to understand the page without its docs: in words, in reach, and not cut. */
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Chromium, choose, hasChromium, type Look, type Shown, serveFiles } from './browser.ts'

const path = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url))
const NODEPORT = [
  path('examples/nodeport-clash/dmesg.log'),
  path('examples/nodeport-clash/rules.v4'),
  ...readdirSync(path('examples/nodeport-clash/host')).map((name) => path(`examples/nodeport-clash/host/${name}`)),
]

describe.skipIf(!hasChromium)('the page', () => {
  const chromium = new Chromium()
  let server: Awaited<ReturnType<typeof serveFiles>>
  beforeAll(async () => {
    server = await serveFiles()
  })
  afterAll(async () => {
    await chromium.end()
    server.end()
  })

  async function withShown(
    test: (shown: Shown) => Promise<void>,
    look: Look = {},
    files: readonly string[] = NODEPORT,
  ) {
    const shown = await chromium.open(server.address, look)
    try {
      await choose(shown, files)
      await shown.page.waitForSelector('.explanation h2')
      await test(shown)
      expect(shown.errors).toEqual([])
    } finally {
      await shown.page.context().close()
    }
  }

  test.each([1280, 640, 390, 280])("shows each row's addresses whole at %d pixels", (width) =>
    withShown(
      async ({ page }) => {
        const rows = await page.locator('.row').evaluateAll((all) =>
          all.map((row) => {
            const inside = (one: Element, box: DOMRect) =>
              [...one.getClientRects()].every((part) => part.right <= box.right && part.bottom <= box.bottom)
            const flow = row.querySelector('.flow')!
            const addresses = row.querySelector('.addresses')!
            return {
              text: addresses.textContent!.replace(/\s/g, ' '),
              isWhole: inside(addresses, flow.getBoundingClientRect()) && inside(flow, row.getBoundingClientRect()),
              height: row.getBoundingClientRect().height,
            }
          }),
        )
        expect(rows.map(({ text }) => text)).toEqual([
          'tcp 172.28.129.2:55694 → 172.28.129.4:52000',
          'tcp 172.28.129.2:42182 → 172.28.129.4:80 ⇒ :52000',
        ])
        expect(rows.map(({ isWhole }) => isWhole)).toEqual([true, true])
        expect(rows[0]!.height).toBe(rows[1]!.height)
      },
      { width },
    ),
  )

  test('shows the answer on the first screen of a phone', () =>
    withShown(
      async ({ page }) => {
        const { y, height } = (await page.locator('.explanation h2').boundingBox())!
        expect(y + height).toBeLessThan(844)
      },
      { width: 390, height: 844 },
    ))

  test('lays nothing over the explanation at 200 % zoom', () =>
    withShown(
      async ({ page }) => {
        const totals = (await page.locator('.summary').boundingBox())!
        const tabs = (await page.locator('.tabs').boundingBox())!
        expect(totals.y + totals.height).toBeLessThanOrEqual(tabs.y)
      },
      { width: 640, height: 450 },
    ))

  test('closes the export menu at a click elsewhere', () =>
    withShown(async ({ page }) => {
      await page.locator('.export summary').click()
      await page.locator('.export[open]').waitFor()
      await page.locator('.explanation h2').click()
      expect(await page.locator('.export[open]').count()).toBe(0)
    }))

  test('names the packet of each result, and qualifies a reply that nobody has seen', () =>
    withShown(async ({ page }) => {
      await page.getByRole('button', { name: 'Try it here' }).first().click()
      const after = page.locator('[data-result="after"]')
      await after.filter({ hasText: 'DELIVERED' }).waitFor()
      for (const packet of await page.locator('.result .packet').allTextContents())
        expect(packet).toMatch(/^tcp 172\.28\.129\.2:55694 → .+ · .*SYN/)
      expect(await page.locator('.result .packet').count()).toBe(await page.locator('.result').count())
      expect(await after.locator('.packet').textContent()).toContain('reply')
    }))

  test('says beside the sign that the reply leaves by another interface', () =>
    withShown(
      async ({ page }) => {
        await page.getByRole('button', { name: 'Try it here' }).first().click()
        const after = page.locator('[data-result="after"]')
        await after.filter({ hasText: 'DELIVERED' }).waitFor()
        expect(await after.textContent()).toMatch(/reply leaves by another interface/i)
      },
      {},
      readdirSync(path('examples/rp-filter')).map((name) => path(`examples/rp-filter/${name}`)),
    ))

  test('draws no course of time of two moments', () =>
    withShown(async ({ page }) => expect(await page.locator('.times').count()).toBe(0)))

  test('says that no exchange matches, and clears the filter', () =>
    withShown(async ({ page }) => {
      const input = page.locator('.filter input')
      await input.fill('tcp dst port 1')
      await input.press('Escape')
      await input.press('Enter')
      await page.getByText('No exchange matches tcp dst port 1.').waitFor()
      await page.getByRole('button', { name: 'Clear the filter' }).click()
      await page.locator('.explanation h2').waitFor()
      expect(await page.locator('.row').count()).toBe(2)
    }))

  test('gives an unfolded chain the width of the panel', () =>
    withShown(async ({ page }) => {
      await page.getByRole('button', { name: /^filter INPUT: show the rules/ }).click()
      const box = (await page.locator('.map [data-hook="ip input"] rect').boundingBox())!
      expect(box.width).toBeGreaterThan(500)
      expect(await page.locator('.map [data-chain="ip input filter INPUT"] text.rule').count()).toBeGreaterThan(0)
    }))

  test('marks the selected row and tab in colours of the system as well', () =>
    withShown(async ({ page }) => {
      await page.emulateMedia({ forcedColors: 'active' })
      const outlines = (selector: string) =>
        page.locator(selector).evaluateAll((all) => all.map((one) => getComputedStyle(one).outlineStyle))
      expect(await outlines('.row[aria-selected=true]')).toEqual(['solid'])
      expect(await outlines('.row[aria-selected=false]')).toEqual(['none'])
      expect(await outlines('[role=tab]')).toEqual(['solid', 'none', 'none'])
    }))

  test.each([false, true])('prints the explanation and the map alone, dark on white (dark: %s)', (dark) =>
    withShown(
      async ({ page }) => {
        const controls = 'header, .side, .tabs, button, input, .fix details'
        expect(await page.locator(controls).filter({ visible: true }).count()).toBeGreaterThan(5)
        await page.emulateMedia({ media: 'print' })
        expect(await page.locator(controls).filter({ visible: true }).count()).toBe(0)
        for (const one of ['.explanation h2', '.cause', '.fix .command', '.map > svg', '.steps'])
          expect(await page.locator(one).first().isVisible(), one).toBe(true)
        const look = await page.evaluate(() => {
          const of = (selector: string) => getComputedStyle(document.querySelector(selector)!)
          const main = document.querySelector('main')!
          return {
            ...{ paper: of('body').backgroundColor, ink: of('body').color, overflow: of('main').overflowY },
            // no part of it waits for somebody to scroll
            isWhole: document.documentElement.scrollHeight >= main.scrollHeight && main.scrollHeight > innerHeight,
          }
        })
        expect(look).toEqual({ paper: 'rgb(255, 255, 255)', ink: 'rgb(0, 0, 0)', overflow: 'visible', isWhole: true })
      },
      { dark },
    ),
  )

  test('begins with a place to drop files, and says after a reload that they are gone', async () => {
    const { page, errors } = await chromium.open(server.address)
    const gone = page.getByText('The reload closed the files that were open. Drop them again.')
    const zone = page.locator('.zone')
    await zone.getByText('Drop a log or another capture here').waitFor()
    expect(await zone.evaluate((one) => getComputedStyle(one).borderTopStyle)).toBe('dashed')
    await page.reload()
    await zone.waitFor()
    expect(await gone.count()).toBe(0)
    await page.setInputFiles('input[type=file]', NODEPORT)
    await page.locator('.explanation').waitFor()
    await page.reload()
    await gone.waitFor()
    // dropped again, nothing is gone
    await page.setInputFiles('input[type=file]', NODEPORT)
    await page.locator('.explanation').waitFor()
    expect(await gone.count()).toBe(0)
    // opened afresh
    await page.goto('about:blank')
    await page.goto(server.address)
    await zone.waitFor()
    await page.waitForFunction(() => sessionStorage.length === 0)
    expect(await gone.count()).toBe(0)
    expect(errors).toEqual([])
    await page.context().close()
  })

  test('refuses files in words that name no option of the command line', async () => {
    const { page } = await chromium.open(server.address)
    await page.setInputFiles('input[type=file]', [path('LICENSE')])
    const said = await page.locator('.wrong').textContent()
    expect(said).toContain('LICENSE')
    expect(said).toContain('nfwhy reads captures')
    expect(said).not.toMatch(/--as|docs\//)
    await page.context().close()
  })
})
