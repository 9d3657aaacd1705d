/** `nfwhy watch --page` in a browser: what is counted comes on the page by itself, with its explanation, and stays when it ends. */
import axe from 'axe-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nfwhy } from '../cli/nfwhy.ts'
import { until, whyNoDrops } from '../kernel/drops/available.ts'
import { buildDrops } from '../kernel/drops/build.ts'
import { from } from '../kernel/drops/cases.ts'
import { Network, ROUTER } from '../kernel/drops/network.ts'
import { whyNot } from '../kernel/namespaces.ts'
import { Chromium, hasChromium } from '../page/browser.ts'
import { startWatching } from './lab/watching.ts'

const { thread } = await buildDrops()
const reason = whyNot('nft') ?? (hasChromium ? await whyNoDrops(thread) : 'there is no Chromium')

describe.skipIf(reason)(`the page of a watch${reason === undefined ? '' : `: ${reason}`}`, () => {
  const chromium = new Chromium()
  let network: Network

  beforeAll(() => {
    network = new Network()
    network.withoutIpv6()
    network.onRouter(`nft -f - <<'END'
table inet fw {
 chain input {
  type filter hook input priority 0; policy accept;
  udp dport 666 drop
  udp dport 777 drop
 }
}
END`)
  })
  afterAll(async () => {
    await chromium.end()
    network?.remove()
  })

  it('shows what is counted, while it is counted', async ({ onTestFinished }) => {
    const watching = startWatching(network, ['--page', '--plain'], 'via')
    onTestFinished(() => void watching.child.kill('SIGKILL'))
    await until(() => /Watching/.test(watching.stderr()))
    const link = /http:\S+/.exec(watching.stderr())![0]
    const shown = await chromium.open(link)
    const { page } = shown
    const counted = (words: RegExp) => page.locator('.watch > p', { hasText: words }).waitFor()
    await counted(/^0 drops in the last ten minutes/)
    network.send([from(ROUTER, 1, { dport: 666, times: 300 }), from(ROUTER, 2, { dport: 777, times: 5 })])
    await counted(/^305 drops in the last ten minutes, 305 since/)
    const rows = () => page.locator('.kinds tbody tr').allInnerTexts()
    expect((await rows()).map((row) => row.split('\t')[0])).toEqual(['300', '5'])
    // the most frequent is explained first; the other one when it is chosen, and it stays chosen
    const behind = page.locator('.watch section')
    expect(await behind.innerText()).toContain('udp dport 666 drop')
    await page
      .getByRole('button', { name: /NETFILTER_DROP/ })
      .nth(1)
      .focus()
    await page.keyboard.press('Enter')
    await behind.filter({ hasText: 'udp dport 777 drop' }).waitFor()
    network.send([from(ROUTER, 1, { dport: 666, times: 1 })])
    await counted(/^306 drops/)
    expect(await behind.innerText()).toContain('udp dport 777 drop')
    if (process.env.NFWHY_SHOTS) await page.screenshot({ path: `${process.env.NFWHY_SHOTS}/watch.png` })
    await page.evaluate(axe.source)
    const found = await page.evaluate(async () => {
      const { violations } = await (globalThis as unknown as { axe: typeof axe }).axe.run()
      return violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 100))])
    })
    expect(found).toEqual([])
    await page.setViewportSize({ width: 390, height: 800 })
    expect(
      await page.locator('html').evaluate(({ scrollWidth }: { scrollWidth: number }) => scrollWidth),
    ).toBeLessThanOrEqual(390)
    expect(shown.errors).toEqual([])
    watching.child.kill('SIGINT')
    expect(await watching.ended, watching.stderr()).toBe(0)
    await page.getByText('nfwhy watch has ended').waitFor()
    expect((await rows()).length).toBe(2)
    await page.context().close()
  })

  it('refuses what makes no sense', async () => {
    for (const [args, says] of [
      [['--port', '8080'], '--port is for the page'],
      [['--page', '--print-unit'], 'a service shows no page'],
      [['--via', 'ip netns exec x', '--print-unit'], 'the network namespace that it is started in'],
      [['--page', '--port', '0'], 'give a number from 1 to 65535'],
    ] as const)
      expect(await nfwhy(['watch', ...args])).toMatchObject({ code: 2, stderr: expect.stringContaining(says) })
  })
})
