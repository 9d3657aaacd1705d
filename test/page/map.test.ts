/** The map in real Chromium: a stranger sees where a packet went and where it ended, without colour, mouse or eyes. */
import { fileURLToPath } from 'node:url'
import axe from 'axe-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Chromium, choose, hasChromium, type Look, type Shown, serveFiles } from './browser.ts'

const path = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url))
const HOST = ['ip-addr.json', 'ip-route.json', 'ip-rule.json', 'sysctl.txt']
const NODEPORT = [path('examples/nodeport-clash/dmesg.log'), path('examples/nodeport-clash/rules.v4')]
const SET = path('fixtures/incidents/nft-allow-set/')
const hostOf = HOST.map((name) => `${SET}host/${name}`)
const DROPPED = [`${SET}dropped.handles.txt`, `${SET}ruleset-dropped.json`, ...hostOf]
const FIXED = [`${SET}fixed.handles.txt`, `${SET}ruleset-fixed.json`, ...hostOf]
const INCIDENTS = {
  'nodeport-clash': NODEPORT,
  'nft-allow-set': DROPPED,
  'openstack-snat': ['reported.log', 'reported.rules'].map((name) => path(`fixtures/incidents/openstack-snat/${name}`)),
  'calico-icmp-log': [path('fixtures/incidents/calico-icmp-log/reported.log')],
  'firewalld-port-forward': [path('fixtures/incidents/firewalld-port-forward/nflog.pcap')],
}

describe.skipIf(!hasChromium)('the map', () => {
  const chromium = new Chromium()
  let server: Awaited<ReturnType<typeof serveFiles>>
  beforeAll(async () => {
    server = await serveFiles()
  })
  afterAll(async () => {
    await chromium.end()
    server.end()
  })

  async function withMap(files: readonly string[], test: (shown: Shown) => Promise<void>, look: Look = {}) {
    const shown = await chromium.open(server.address, look)
    try {
      await choose(shown, files)
      await shown.page.waitForSelector('.map')
      await test(shown)
      expect(shown.errors).toEqual([])
    } finally {
      await shown.page.context().close()
    }
  }

  test('ends the line at the chain whose rule dropped it, in words beside its sign', () =>
    withMap(NODEPORT, async ({ page }) => {
      const line = page.locator('.map [data-way="request"]')
      expect(await line.locator('[data-met]').last().getAttribute('data-met')).toBe('ip input filter INPUT')
      expect(await line.locator('.end.bad text').textContent()).toContain('✗')
      const words = page.locator('.map [data-chain="ip input filter INPUT"] text.end')
      expect(await words.locator('tspan').allTextContents()).toEqual(['dropped by filter ', 'KUBE-FIREWALL rule 1 '])
      const [sign, beside] = [(await line.locator('.end').boundingBox())!, (await words.boundingBox())!]
      expect(sign.x + sign.width).toBeLessThanOrEqual(beside.x)
      expect(sign.y).toBeLessThan(beside.y + beside.height)
      expect(sign.y + sign.height).toBeGreaterThan(beside.y)
    }))

  test('says what NAT and marks changed at the chain that did it', async () => {
    await withMap(NODEPORT, async ({ page }) => {
      const change = page.locator('.map [data-chain="ip prerouting nat PREROUTING"] text.change')
      expect(await change.textContent()).toContain('⇒ mark 0 → 0x8000')
    })
    await withMap(DROPPED, async ({ page }) => {
      const changes = await page
        .locator('.map [data-chain="ip prerouting nat prerouting"] text.change')
        .allTextContents()
      expect(changes.join(' ').replace(/\s+/g, '')).toContain('192.168.70.10')
      expect(changes.every((one) => one.startsWith('⇒'))).toBe(true)
    })
  })

  test('draws the reply dashed, and says so', () =>
    withMap(FIXED, async ({ page }) => {
      const dash = (way: string) =>
        page
          .locator(`.map [data-way="${way}"] > path`)
          .first()
          .evaluate((one) => getComputedStyle(one).strokeDasharray)
      expect(await dash('request')).toBe('none')
      expect(await dash('played')).not.toBe('none')
      expect(await page.locator('.map .legend').textContent()).toContain('its reply')
      expect(await page.locator('.map text.end').allTextContents()).toEqual(
        expect.arrayContaining([expect.stringContaining('reply: forwarded')]),
      )
    }))

  test('unfolds a chain to the rules that the packet matched, with the keyboard alone', () =>
    withMap(NODEPORT, async ({ page }) => {
      const fold = page.getByRole('button', { name: /^filter INPUT: show the rules/ })
      // Tab alone reaches it
      await page.locator('#tab-way').focus()
      for (let i = 0; i < 30 && !(await fold.evaluate((one) => one === document.activeElement)); i++)
        await page.keyboard.press('Tab')
      expect(await fold.evaluate((one) => one === document.activeElement)).toBe(true)
      await page.keyboard.press('Enter')
      const chain = page.locator('.map [data-chain="ip input filter INPUT"]')
      await chain.locator('[aria-expanded="true"]').waitFor()
      const steps = (await chain.locator('text.step').allTextContents()).join('\n')
      expect(steps).toContain('jump')
      expect(steps).toContain('KUBE-FIREWALL')
      expect(steps).toMatch(/KUBE-FIREWALL rule 1 → drop/)
      await page.keyboard.press(' ')
      await chain.locator('[aria-expanded="false"]').waitFor()
      expect(await chain.locator('text.step').count()).toBe(0)
      // a step leads to the explanation
      await page.keyboard.press('Enter')
      await chain.locator('[aria-expanded="true"]').waitFor()
      const step = chain.locator('a').last()
      await step.focus()
      await page.keyboard.press('Enter')
      expect(`#${await page.evaluate(() => document.activeElement?.id)}`).toBe(await step.getAttribute('href'))
    }))

  test.each(Object.entries(INCIDENTS))('tells a screen reader of %s the same, in the same order', (name, files) =>
    withMap(files, async ({ page }) => {
      const { drawn, told } = await page.evaluate(() => {
        const stops = [...document.querySelectorAll('.map [data-met]')].map((one) => (one as SVGElement).dataset.met!)
        return { drawn: stops, told: [...document.querySelectorAll('.aloud li')].map((one) => one.textContent!) }
      })
      // a LOG line alone tells of no chain
      expect(drawn.length > 0).toBe(name !== 'calico-icmp-log')
      expect(told.length).toBeGreaterThan(0)
      // each chain of the drawing is told, none before the one before it
      let at = 0
      for (const chain of drawn) {
        const [, hook, ...name] = chain.split(' ')
        const found = told.findIndex((one, i) => i >= at && one.includes(`, ${hook}: `) && one.includes(name.join(' ')))
        expect([chain, found >= 0]).toEqual([chain, true])
        at = found
      }
      const [legend] = await page.locator('.map .legend').allTextContents()
      const ends = told.filter((one) => /^(?:request|its reply[^:,]*): /.test(one))
      expect(ends.length).toBeGreaterThan(0)
      for (const end of ends) expect(legend!.replace(/[✗✓!?] /g, '')).toContain(end)
    }),
  )

  for (const width of [1280, 390])
    test.each(Object.entries(INCIDENTS))(`shows %s whole at ${width} pixels, in letters that can be read`, (_, files) =>
      withMap(
        files,
        async ({ page }) => {
          const cut = await page.evaluate(() => {
            const svg = document.querySelector('.map > svg')!.getBoundingClientRect()
            const all = [...document.querySelectorAll('.map > svg text')]
            const texts = all.filter((one) => {
              const box = one.getBoundingClientRect()
              return (
                box.left < svg.left ||
                box.right > svg.right ||
                box.top < svg.top ||
                box.bottom > svg.bottom ||
                box.height < 10
              )
            })
            return all.length < 5 ? ['hardly anything is drawn'] : texts.map((one) => one.textContent)
          })
          expect(cut).toEqual([])
          const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
          expect(over).toBeLessThanOrEqual(0)
        },
        { width },
      ),
    )

  test.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 390],
    ['dark', 390],
  ] as const)('has nothing serious for axe, %s at %d', (scheme, width) =>
    withMap(
      FIXED,
      async ({ page }) => {
        for (const fold of await page.locator('.map .fold').all()) {
          await fold.focus()
          await page.keyboard.press('Enter')
        }
        const found = await page.evaluate(`(async () => { const module = { exports: {} }; ${axe.source}
          const { violations } = await module.exports.run()
          return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id, nodes }) => id + ' ' + nodes.map(({ html, failureSummary }) => html + ' ' + failureSummary).join(' | ')) })()`)
        expect(found).toEqual([])
      },
      { width, dark: scheme === 'dark' },
    ),
  )
})
