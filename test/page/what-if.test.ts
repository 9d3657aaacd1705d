/** What if: rules are changed, and the packet is played again, in the browser. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import axe from 'axe-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Chromium, choose, hasChromium, type Look, type Shown, serveFiles } from './browser.ts'

const path = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url))
const HOST = ['ip-addr.json', 'ip-route.json', 'ip-rule.json', 'sysctl.txt']
const NODEPORT = [
  path('examples/nodeport-clash/dmesg.log'),
  path('examples/nodeport-clash/rules.v4'),
  ...HOST.map((name) => path(`examples/nodeport-clash/host/${name}`)),
]
const SET = path('fixtures/incidents/nft-allow-set/')
const ALLOW_SET = [
  `${SET}dropped.handles.txt`,
  `${SET}ruleset-dropped.json`,
  ...HOST.map((name) => `${SET}host/${name}`),
]

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

  const result = ({ page }: Shown, which: string) => page.locator(`[data-result="${which}"] h2`)
  /** Waits until this result says that. */
  const says = (shown: Shown, which: string, word: string) => result(shown, which).filter({ hasText: word }).waitFor()

  async function seriousOf({ page }: Shown): Promise<unknown> {
    // by the protocol, as the page takes no script but its own
    return page.evaluate(`(async () => { const module = { exports: {} }; ${axe.source}
      const { violations } = await module.exports.run()
      return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id, nodes }) => id + ' ' + nodes.map(({ html, failureSummary }) => html + ' ' + failureSummary).join(' | ')) })()`)
  }

  test.each([
    ['nodeport-clash', NODEPORT, 'iptables -t nat -D KUBE-NODEPORTS 16', 'DELIVERED'],
    ['nft-allow-set', ALLOW_SET, 'nft add element inet filter allow_in', 'FORWARDED'],
  ])('applies the fix of %s, and the packet gets through', (_, files, command, word) =>
    withShown(files, async (shown) => {
      await shown.page.getByRole('button', { name: 'Try it here' }).first().click()
      await says(shown, 'after', word)
      expect(await result(shown, 'before').textContent()).toContain('DROPPED')
      expect(await shown.page.locator('.changes').textContent()).toContain(command)
      expect(await shown.page.locator('.changes li > span').textContent()).toMatch(/^Fix: ./)
      await shown.page.getByRole('button', { name: 'Undo change 1' }).click()
      await says(shown, 'without changes', 'DROPPED')
      expect(await shown.page.locator('.changes').count()).toBe(0)
      await shown.page.getByRole('button', { name: 'Redo' }).click()
      await says(shown, 'after', word)
      expect(await shown.page.locator('.changes').textContent()).toContain(command)
      expect(await shown.page.getByRole('button', { name: 'Redo' }).count()).toBe(0)
    }),
  )

  test('switches a rule off, edits one, and goes back to where it began', () =>
    withShown(NODEPORT, async (shown) => {
      const { page } = shown
      await page.getByRole('tab', { name: 'What if' }).click()
      await says(shown, 'without changes', 'DROPPED')
      await page.getByRole('button', { name: 'Switch off: filter KUBE-FIREWALL rule 1' }).click()
      await says(shown, 'after', 'DELIVERED')
      expect(await page.locator('.changes').textContent()).toContain('iptables -t filter -D KUBE-FIREWALL 1')
      await page.getByRole('button', { name: 'Reset' }).click()
      await says(shown, 'without changes', 'DROPPED')

      await page.getByRole('button', { name: 'Edit: filter KUBE-FIREWALL rule 1' }).click()
      const words = page.getByRole('textbox', { name: 'Words of filter KUBE-FIREWALL rule 1' })
      await words.fill('-m mark --mrk 0x8000/0x8000 -j ACCEPT')
      await page.getByRole('button', { name: 'Apply' }).click()
      const wrong = await page.locator('.actions .wrong').textContent()
      expect(wrong).toContain('--mrk')
      expect(wrong).toContain('^^^^^')
      await words.fill('-m mark --mark 0x8000/0x8000 -j ACCEPT')
      await page.getByRole('button', { name: 'Apply' }).click()
      await says(shown, 'after', 'DELIVERED')
      expect(await page.locator('.changes').textContent()).toContain('iptables -R KUBE-FIREWALL 1')
    }))

  test('takes a typed command, and points at what is wrong with another', () =>
    withShown(ALLOW_SET, async (shown) => {
      const { page } = shown
      await page.getByRole('tab', { name: 'What if' }).click()
      await says(shown, 'without changes', 'DROPPED')
      await page.locator('#command').fill('nft ad element inet filter allow_in { 192.168.70.10 . 22 }')
      await page.keyboard.press('Enter')
      expect(await page.locator('.typed .wrong').textContent()).toContain('^^')
      await page.locator('#command').fill('nft add element inet filter allow_in { 192.168.70.10 . 22 }')
      await page.keyboard.press('Enter')
      await says(shown, 'after', 'FORWARDED')
      expect(await page.locator('.wrong').count()).toBe(0)
    }))

  test('plays a packet on a ruleset alone, typed as words or as fields', () =>
    withShown([NODEPORT[1]!, ...NODEPORT.slice(2)], async (shown) => {
      const { page } = shown
      await page.getByRole('tab', { name: 'Explanation' }).click()
      expect(await page.locator('#panel').textContent()).toContain('No packets were captured')
      await page.getByRole('tab', { name: 'What if' }).click()
      await page.locator('#words').fill('in eth0 tcp 172.28.129.2:55694 > 172.28.129.4:52000 syn')
      await page.keyboard.press('Enter')
      await says(shown, 'without changes', 'DROPPED')
      expect(await page.locator('input[name=dport]').inputValue()).toBe('52000')
      await page.locator('input[name=dport]').fill('80')
      await page.keyboard.press('Enter')
      await says(shown, 'without changes', 'DELIVERED')
      expect(await page.locator('#words').inputValue()).toContain('172.28.129.4:80')
      // another protocol has no flags, and perhaps no ports
      const field = (name: string) => page.locator(`input[name=${name}]`).inputValue()
      await page.locator('input[name=protocol]').fill('icmp')
      await page.keyboard.press('Enter')
      await page.locator('[data-result]', { hasText: 'icmp' }).waitFor()
      expect([await field('sport'), await field('dport'), await field('flags')]).toEqual(['', '', ''])
      await page.locator('input[name=dport]').fill('80')
      await page.keyboard.press('Enter')
      expect(await page.locator('.packet-form .wrong').textContent()).toContain('icmp has no ports')
      await page.locator('input[name=src]').fill('172.28.129')
      await page.keyboard.press('Enter')
      expect(await page.locator('.packet-form .wrong').textContent()).toContain('^')
    }))

  test('draws no line of a reply that traverses no chain, and says so', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nfwhy-what-if-'))
    const rules = join(folder, 'rules.nft')
    writeFileSync(
      rules,
      'table inet t {\n\tchain in {\n\t\ttype filter hook input priority 0; policy accept;\n\t}\n}\n',
    )
    await withShown([rules, ...NODEPORT.slice(2)], async (shown) => {
      const { page } = shown
      await page.locator('#words').fill('in eth0 tcp 172.28.129.2:55694 > 172.28.129.4:52000 syn')
      await page.keyboard.press('Enter')
      await says(shown, 'without changes', 'DELIVERED')
      const [request, reply] = await page.locator('.legend > span').all()
      expect(await request!.textContent()).toBe('request: ✓ delivered to this host')
      expect(await reply!.textContent()).toMatch(/^its reply, as simulated: ✓ .+ \(traverses no chain\)$/)
      expect([await request!.locator('svg').count(), await reply!.locator('svg').count()]).toEqual([1, 0])
      expect(await page.locator('.map g.line').count()).toBe(1)
    })
    rmSync(folder, { recursive: true })
  })

  test('keeps what is being typed when the packet of an exchange comes late', () =>
    withShown(NODEPORT, async (shown) => {
      const { page } = shown
      await page.getByRole('tab', { name: 'What if' }).click()
      await says(shown, 'without changes', 'DROPPED')
      const typed = 'in eth0 tcp 172.28.129.2:40009 > 172.28.129.4:80 syn'
      await page.locator('#words').fill(typed)
      // chosen as a page that is slow would: the one who types is still in the field
      await page.locator('[role=option][aria-selected=false]').first().dispatchEvent('click')
      await result(shown, 'without changes').filter({ hasNotText: 'DROPPED' }).waitFor()
      expect(await page.locator('#words').inputValue()).toBe(typed)
      await page.keyboard.press('Enter')
      await page.locator('[data-result]', { hasText: ':40009' }).waitFor()
      // what is chosen once nobody types is shown
      await page.locator('#words').blur()
      await page.locator('[role=option][aria-selected=false]').first().click()
      await expect.poll(() => page.locator('#words').inputValue()).not.toContain(':40009')
    }))

  test('does it by keyboard alone', () =>
    withShown(NODEPORT, async (shown) => {
      const { page } = shown
      const tabTo = async (name: RegExp) => {
        for (let i = 0; i < 200; i++) {
          await page.keyboard.press('Tab')
          const at = await page.evaluate(
            () => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '',
          )
          if (name.test(at)) return
        }
        throw new Error(`no key leads to ${name}`)
      }
      // the other tabs are reached from it
      await tabTo(/^Explanation$/)
      await page.keyboard.press('ArrowLeft')
      await says(shown, 'without changes', 'DROPPED')
      await tabTo(/^Switch off: filter KUBE-FIREWALL rule 1$/)
      await page.keyboard.press('Enter')
      await says(shown, 'after', 'DELIVERED')
    }))

  test('lists rules with their hits, finds them, and follows a jump there and back', () =>
    withShown(NODEPORT, async (shown) => {
      const { page } = shown
      await page.getByRole('tab', { name: 'Rules' }).click()
      await page.getByRole('searchbox').fill('KUBE-FIREWALL')
      await page.getByRole('button', { name: 'INPUT rule 1', exact: true }).click()
      expect(await page.locator('.rule.meant').textContent()).toContain('2 packets')
      await page.getByRole('button', { name: 'Go to chain KUBE-FIREWALL' }).click()
      await page.getByRole('region', { name: 'Chain KUBE-FIREWALL' }).waitFor()
      expect(await page.locator('.callers').textContent()).toContain('INPUT rule 1')
      await page.getByRole('button', { name: '← Back' }).click()
      await page.getByRole('region', { name: 'Chain INPUT' }).waitFor()
    }))

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
        await page.getByRole('button', { name: 'Try it here' }).first().click()
        await says(shown, 'after', 'DELIVERED')
        expect(await seriousOf(shown)).toEqual([])
        expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)
        const shots = process.env.NFWHY_SHOTS
        const name = `${look.width}-${look.dark ? 'dark' : 'light'}.png`
        if (shots) await page.screenshot({ path: `${shots}/what-if-${name}` })
        await page.getByRole('tab', { name: 'Rules' }).click()
        await page.locator('.table').first().waitFor()
        expect(await seriousOf(shown)).toEqual([])
        if (shots) await page.screenshot({ path: `${shots}/rules-${name}` })
        await page
          .getByRole('button', { name: /^PREROUTING/ })
          .nth(1)
          .click()
        await page.locator('.opened').waitFor()
        expect(await seriousOf(shown)).toEqual([])
        expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)
        if (shots) await page.screenshot({ path: `${shots}/chain-${name}` })
      },
      look,
    ),
  )
})
