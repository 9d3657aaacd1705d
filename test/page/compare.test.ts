/** Two exchanges side by side on the page: what `nfwhy compare` says, it says. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import axe from 'axe-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Chromium, choose, hasChromium, type Look, type Shown, serveFiles } from './browser.ts'
import { commandLine } from './command-line.ts'

const path = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url))
const NODEPORT = [path('examples/nodeport-clash/dmesg.log'), path('examples/nodeport-clash/rules.v4')]
const INCIDENTS = path('fixtures/incidents/')
/** Each with several exchanges. */
const CASES: Readonly<Record<string, string[]>> = {
  'nodeport-clash': NODEPORT,
  'calico-icmp-log': [`${INCIDENTS}calico-icmp-log/reported.log`],
  'nft-allow-set': ['dropped.handles.txt', 'fixed.handles.txt', 'ruleset-dropped.json'].map(
    (name) => `${INCIDENTS}nft-allow-set/${name}`,
  ),
}

describe.skipIf(!hasChromium)('two exchanges side by side', () => {
  const chromium = new Chromium()
  const folder = mkdtempSync(join(tmpdir(), 'nfwhy-compare-'))
  let server: Awaited<ReturnType<typeof serveFiles>>
  beforeAll(async () => {
    server = await serveFiles()
  })
  afterAll(async () => {
    await chromium.end()
    server.end()
    rmSync(folder, { recursive: true })
  })

  async function withShown(
    files: readonly string[],
    test: (shown: Shown) => Promise<void>,
    look: Look = {},
    address = server.address,
  ) {
    const shown = await chromium.open(address, look)
    try {
      if (files.length > 0) await choose(shown, files)
      else await shown.page.waitForSelector('.explanation')
      await test(shown)
      expect(shown.errors).toEqual([])
    } finally {
      await shown.page.context().close()
    }
  }

  /** The journey that is shown. */
  const shownId = async ({ page }: Shown) => /journey=(\d+)/.exec(page.url())![1]!
  /** Without where lines were broken. */
  const flat = (text: string) => text.replace(/\s+/g, ' ').trim()

  async function seriousOf({ page }: Shown): Promise<unknown> {
    // by the protocol, as the page takes no script but its own
    return page.evaluate(`(async () => { const module = { exports: {} }; ${axe.source}
      const { violations } = await module.exports.run()
      return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id, nodes }) => id + ' ' + nodes.map(({ html, failureSummary }) => html + ' ' + failureSummary).join(' | ')) })()`)
  }

  test.each(Object.entries(CASES))('of %s are told as the command line tells them', (_, files) =>
    withShown(files, async (shown) => {
      const { page } = shown
      const a = await shownId(shown)
      await page.keyboard.press('c')
      await page.keyboard.press('j')
      await page.locator('.comparison').waitFor()
      const b = await shownId(shown)
      expect(b).not.toBe(a)
      const printed = commandLine('compare', ...files, a, b)
      expect(await page.locator('.comparison .text').textContent()).toBe(printed)
      // what stands in view is the same in parts
      const words = flat(printed)
      const parts = ['h2', '.diverge p', '.sides .of li', '.sides .of h3'].map((one) => `.comparison ${one}`)
      let seen = 0
      for (const part of parts)
        for (const text of await page.locator(part).filter({ visible: true }).allInnerTexts()) {
          expect(words).toContain(flat(text).replace(/^[AB] /, ''))
          seen++
        }
      expect(seen).toBeGreaterThan(5)
    }),
  )

  test('names the rule, and the condition that made the difference; both ways are drawn', () =>
    withShown(NODEPORT, async (shown) => {
      const { page } = shown
      await page.getByRole('button', { name: 'Compare with …' }).click()
      expect(await page.locator('.comparing [role=status]').textContent()).toContain('A: DROPPED')
      await page.locator('.row').nth(1).click()
      await page.locator('.comparison').waitFor()
      expect(await page.locator('.comparison h2').textContent()).toBe(
        'A and B diverge at nat KUBE-NODEPORTS rule 16, which matches only A.',
      )
      // a screen reader is told where they part
      expect(await page.getByRole('status').allTextContents()).toContainEqual(
        expect.stringContaining('A and B diverge at nat KUBE-NODEPORTS rule 16'),
      )
      const b = await page.getByRole('region', { name: 'B', exact: true }).textContent()
      expect(b).toContain('nat KUBE-NODEPORTS rule 16 does not match: ')
      expect(b).toContain('--dport 52000')
      expect(await page.locator('.map g.line').count()).toBe(2)
      expect(await page.locator('.map .legend').textContent()).toMatch(/A: . dropped/)
      expect(await page.locator('.map .legend').textContent()).toMatch(/B: . delivered/)
      expect(await page.locator('.row .name').allTextContents()).toEqual(['A', 'B'])
      // no chip touches the outcome behind it
      expect(await page.locator('.row .what').allInnerTexts()).toEqual([
        expect.stringMatching(/^A DROPPED/),
        expect.stringMatching(/^B DELIVERED/),
      ])
      // a step of the map leads to the same step of its side
      await page.getByRole('button', { name: /^filter INPUT: show/ }).click()
      await page.locator('.map a[href="#step-a-25"]').click()
      expect(await page.evaluate(() => document.activeElement?.id)).toBe('step-a-25')
      await page.getByRole('button', { name: 'End the comparison' }).click()
      await page.locator('.explanation').waitFor()
      expect(await page.locator('.comparison, .comparing, .row .name').count()).toBe(0)
    }))

  test('by keyboard alone, and another one after it, until Escape', () =>
    withShown(NODEPORT, async (shown) => {
      const { page } = shown
      await page.keyboard.press('j')
      await page.locator('.explanation h2', { hasText: 'DELIVERED' }).waitFor()
      await page.keyboard.press('c')
      await page.keyboard.press('k')
      await page.locator('.comparison h2', { hasText: 'matches only B' }).waitFor()
      // back at A there is nothing to compare
      await page.keyboard.press('j')
      await page.locator('.explanation h2', { hasText: 'DELIVERED' }).waitFor()
      expect(await page.locator('.comparison').count()).toBe(0)
      await page.keyboard.press('k')
      await page.locator('.comparison').waitFor()
      await page.keyboard.press('Escape')
      await page.locator('.explanation h2', { hasText: 'DROPPED' }).waitFor()
      expect(await page.locator('.comparing').count()).toBe(0)
    }))

  test('in a report that holds its capture, and not in one that does not', async () => {
    const [whole, narrowed] = [join(folder, 'whole.html'), join(folder, 'narrowed.html')]
    commandLine('explain', ...NODEPORT, '-o', whole)
    commandLine('explain', ...NODEPORT, '--filter', 'tcp', '-o', narrowed)
    await withShown(
      [],
      async ({ page }) => {
        await page.keyboard.press('c')
        await page.keyboard.press('j')
        await page.locator('.comparison').waitFor()
        expect(await page.locator('.comparison .text').textContent()).toBe(
          commandLine('compare', ...NODEPORT, '1', '2'),
        )
      },
      {},
      pathToFileURL(whole).href,
    )
    await withShown(
      [],
      async ({ page }) => {
        expect(await page.locator('.row').count()).toBe(2)
        expect(await page.getByRole('button', { name: 'Compare with …' }).count()).toBe(0)
        await page.keyboard.press('c')
        expect(await page.locator('.comparing').count()).toBe(0)
      },
      {},
      pathToFileURL(narrowed).href,
    )
  })

  test.each([
    { width: 1280, dark: false },
    { width: 390, dark: true },
    { width: 1280, dark: true },
    { width: 390, dark: false },
  ])('tells a screen reader all that is there (%o)', (look) =>
    withShown(
      NODEPORT,
      async (shown) => {
        const { page } = shown
        await page.keyboard.press('c')
        expect(await seriousOf(shown)).toEqual([])
        await page.keyboard.press('j')
        await page.locator('.comparison').waitFor()
        for (const steps of await page.locator('.comparison .steps').all())
          await steps.evaluate((one) => ((one as HTMLDetailsElement).open = true))
        expect(await seriousOf(shown)).toEqual([])
        expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)
        // a jump to a step moves what scrolls, and not the whole page
        expect(await page.evaluate(() => document.documentElement.scrollHeight <= innerHeight)).toBe(true)
        const [a, b] = await page
          .locator('.sides > .of')
          .evaluateAll((both) => both.map((one) => one.getBoundingClientRect()))
        expect(look.width === 390 ? a!.bottom <= b!.top : a!.right <= b!.left).toBe(true)
        await page.locator('.comparison').evaluate((one) => one.scrollIntoView())
        const shots = process.env.NFWHY_SHOTS
        const name = `compare-${look.width}-${look.dark ? 'dark' : 'light'}.png`
        if (shots) await page.screenshot({ path: `${shots}/${name}` })
      },
      look,
    ),
  )
})
