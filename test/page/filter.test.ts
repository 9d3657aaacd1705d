/** The filter on the page: completed as it is typed, and wrong ones shown where they are wrong. */
import { fileURLToPath } from 'node:url'
import axe from 'axe-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Chromium, choose, hasChromium, type Look, type Shown, serveFiles } from './browser.ts'

const path = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url))
const FILES = [path('examples/nodeport-clash/dmesg.log'), path('examples/nodeport-clash/rules.v4')]

describe.skipIf(!hasChromium)('the filter', () => {
  const chromium = new Chromium()
  let server: Awaited<ReturnType<typeof serveFiles>>
  beforeAll(async () => {
    server = await serveFiles()
  })
  afterAll(async () => {
    await chromium.end()
    server.end()
  })

  async function withShown(test: (shown: Shown) => Promise<void>, look: Look = {}) {
    const shown = await chromium.open(server.address, look)
    try {
      await choose(shown, FILES)
      await test(shown)
      expect(shown.errors).toEqual([])
    } finally {
      await shown.page.context().close()
    }
  }

  const input = ({ page }: Shown) => page.getByRole('combobox', { name: 'Filter' })
  const option = ({ page }: Shown, text: string) =>
    page.getByRole('option').filter({ has: page.locator('code', { hasText: new RegExp(`^${text}$`) }) })

  /** Types on, and gives what is proposed once this is among it. */
  async function proposed(shown: Shown, typed: string, awaited: string): Promise<string[]> {
    await shown.page.keyboard.type(typed)
    await option(shown, awaited).waitFor()
    // what was proposed before may still stand there
    const last = await input(shown).evaluate(
      (one: HTMLInputElement) => /\S*$/.exec(one.value.slice(0, one.selectionStart!))![0],
    )
    await shown.page.waitForFunction(
      (word) =>
        [...document.querySelectorAll('#filter-options code')].every((one) => one.textContent!.startsWith(word)),
      last,
    )
    return shown.page.locator('#filter-options code').allTextContents()
  }

  /** And waits until nothing of what was proposed before stands there. */
  async function empty(shown: Shown): Promise<void> {
    await input(shown).fill('')
    await option(shown, 'host').waitFor()
  }

  test('proposes the words that the language allows next', () =>
    withShown(async (shown) => {
      await input(shown).focus()
      const first = await proposed(shown, 't', 'tcp')
      expect(first).toEqual(['tcp'])
      const behind = await proposed(shown, 'cp ', 'port')
      expect(behind).toContain('dst')
      expect(behind).toContain('and')
      expect(behind).not.toContain('host')
      expect(await proposed(shown, 'and ', 'host')).not.toContain('and')
    }))

  test('proposes the addresses, ports and interfaces of the exchanges, the most frequent first', () =>
    withShown(async (shown) => {
      await input(shown).focus()
      // both exchanges are of the same two hosts
      expect((await proposed(shown, 'host ', '172.28.129.4')).slice(0, 2).sort()).toEqual([
        '172.28.129.2',
        '172.28.129.4',
      ])
      expect(await option(shown, '172.28.129.4').textContent()).toContain('×2')
      await empty(shown)
      expect((await proposed(shown, 'src ', '172.28.129.2'))[0]).toBe('172.28.129.2')
      await empty(shown)
      expect((await proposed(shown, 'tcp dst port ', '52000')).slice(0, 2).sort()).toEqual(['52000', '80'])
      expect(await proposed(shown, '5', '52000')).not.toContain('80')
      await empty(shown)
      expect((await proposed(shown, 'in ', 'eth0'))[0]).toBe('eth0')
    }))

  test('is written and used by keyboard alone', () =>
    withShown(async (shown) => {
      const { page } = shown
      await page.keyboard.press('/')
      await proposed(shown, 'tc', 'tcp')
      expect(await input(shown).getAttribute('aria-expanded')).toBe('true')
      await page.keyboard.press('Tab')
      await option(shown, 'dst').waitFor()
      expect(await input(shown).inputValue()).toBe('tcp ')
      await proposed(shown, 'dst po', 'port')
      await page.keyboard.press('ArrowDown')
      const active = await input(shown).getAttribute('aria-activedescendant')
      expect(await page.locator(`#${active}`).textContent()).toContain('port')
      expect(await page.locator(`#${active}`).getAttribute('aria-selected')).toBe('true')
      await page.keyboard.press('Enter')
      await option(shown, '52000').waitFor()
      expect(await input(shown).inputValue()).toBe('tcp dst port ')
      expect(await proposed(shown, '5', '52000')).toEqual(['52000', '55694'])
      await page.keyboard.press('ArrowUp')
      await page.keyboard.press('ArrowUp')
      await page.keyboard.press('Enter')
      expect(await input(shown).inputValue()).toBe('tcp dst port 52000 ')
      // none is chosen: the filter is taken as it stands
      await option(shown, 'and').waitFor()
      await page.keyboard.press('Enter')
      await page.waitForFunction(() => document.querySelectorAll('.row').length === 1)
      expect(await page.getByRole('option', { name: 'and' }).count()).toBe(0)
      await page.keyboard.type(' o')
      await option(shown, 'or').waitFor()
      // first the list of words is closed, then the input is left
      await page.keyboard.press('Escape')
      expect(await input(shown).getAttribute('aria-expanded')).toBe('false')
      expect(await page.evaluate(() => document.activeElement?.id)).toBe('filter')
      await page.keyboard.press('Escape')
      expect(await page.evaluate(() => document.activeElement?.className)).toBe('list')
    }))

  test('completes the word at the cursor, and keeps what stands around it; a click does it too', () =>
    withShown(async (shown) => {
      const { page } = shown
      await input(shown).fill('tcp d 80')
      await input(shown).evaluate((one: HTMLInputElement) => one.setSelectionRange(5, 5))
      await page.keyboard.press('ArrowDown')
      await option(shown, 'dst').click()
      expect(await input(shown).inputValue()).toBe('tcp dst 80')
      expect(await input(shown).evaluate((one: HTMLInputElement) => one.selectionStart)).toBe(7)
      await proposed(shown, ' po', 'port')
      await option(shown, 'port').click()
      expect(await input(shown).inputValue()).toBe('tcp dst port 80')
    }))

  test.each([
    { width: 1280, dark: false },
    { width: 390, dark: true },
    { width: 1280, dark: true },
    { width: 390, dark: false },
  ])('shows what is wrong at its place, as the command line does, and tells a screen reader (%o)', (look) =>
    withShown(async (shown) => {
      const { page } = shown
      const shots = process.env.NFWHY_SHOTS
      const name = `${look.width}-${look.dark ? 'dark' : 'light'}.png`
      await input(shown).focus()
      await proposed(shown, 'src ', '172.28.129.2')
      await page.keyboard.press('ArrowDown')
      expect(await seriousOf(shown)).toEqual([])
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)
      if (shots) await page.screenshot({ path: `${shots}/filter-${name}` })

      const filter = 'src host 172.28.129.2 and host 172.28.129.4 and dst prt 80'
      await input(shown).fill(filter)
      await page.keyboard.press('Enter')
      const problem = page.locator('#filter-problem')
      await problem.waitFor()
      const [line, marker] = (await problem.locator('pre').textContent())!.split('\n')
      expect(line!.slice(2)).toBe(filter)
      expect(marker!.indexOf('^')).toBe(2 + filter.indexOf('prt'))
      expect(marker!.trim()).toBe('^^^')
      // both lines are as wide as their letters, and none is broken
      const { lines, family } = await problem.locator('pre').evaluate((one) => ({
        lines: one.getBoundingClientRect().height / Number.parseFloat(getComputedStyle(one).lineHeight),
        family: getComputedStyle(one).fontFamily,
      }))
      expect(family).toContain('monospace')
      expect(Math.round(lines)).toBeLessThanOrEqual(3)
      expect(await input(shown).getAttribute('aria-invalid')).toBe('true')
      // the rows are others than those that the filter is to give
      expect(await problem.textContent()).toContain('The list is not filtered.')
      expect((await page.locator('header').boundingBox())!.height).toBeLessThan(200)
      // it stays to be corrected
      expect(await input(shown).inputValue()).toBe(filter)
      expect(await seriousOf(shown)).toEqual([])
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)
      if (shots) await page.screenshot({ path: `${shots}/filter-wrong-${name}` })
      expect(await page.locator('.row').count()).toBe(2)
    }, look),
  )

  async function seriousOf({ page }: Shown): Promise<unknown> {
    // by the protocol, as the page takes no script but its own
    return page.evaluate(`(async () => { const module = { exports: {} }; ${axe.source}
      const { violations } = await module.exports.run()
      return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id, nodes }) => id + ' ' + nodes.map(({ html, failureSummary }) => html + ' ' + failureSummary).join(' | ')) })()`)
  }
})
