/** Captures and rules that mean harm, on the page: all of it is shown as text, nothing runs, nothing is asked for. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { BIN } from '../cli/nfwhy.ts'
import { Chromium, choose, FROM_DISK, hasChromium, type Look, type Shown } from './browser.ts'

const RUN = 'window.ran=1;alert(1)'
const MARKUP = `<script>${RUN}</script><img src=x onerror='${RUN}'><a href='javascript:${RUN}'>x</a>`
/** Turns text round, rings, moves the cursor, is not seen. */
const HIDDEN = '\u202egnp.exe\u2066\u200b\u0007\u001b[31mred\u001b]0;title'
const LONG = 'x'.repeat(3000)
const folder = mkdtempSync(join(tmpdir(), 'nfwhy-hostile-'))

const rules = `*filter
:INPUT ACCEPT [0:0]
:<img/src=x> - [0:0]
:${'C'.repeat(200)} - [0:0]
-A INPUT -p tcp -m comment --comment "${MARKUP}${HIDDEN}" -j LOG --log-prefix "<i>x</i>"
-A INPUT -i <b>0 -m comment --comment "${LONG}" -j <img/src=x>
-A <img/src=x> -p tcp -m comment --comment "<h1>x</h1> ${HIDDEN}" -j ${'C'.repeat(200)}
-A ${'C'.repeat(200)} -p tcp -m comment --comment "${MARKUP}" -j DROP
COMMIT
`
const packet =
  'IN=<b>0 OUT= MAC= SRC=192.0.2.7 DST=198.51.100.1 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=1 DF PROTO=TCP SPT=40000 DPT=80 SEQ=1 ACK=0 WINDOW=64240 RES=0x00 SYN URGP=0'
const log = (host: string) =>
  [
    ...['INPUT:rule:1', 'INPUT:rule:2', '<img/src=x>:rule:1', `${'C'.repeat(200)}:rule:1`].map(
      (rule) => `Jun 16 17:44:05 ${host} kernel: TRACE: filter:${rule} ${packet}`,
    ),
    `Jun 16 17:44:06 ${host} kernel: ${MARKUP}${HIDDEN}: ${packet}`,
    MARKUP,
    '<x>'.repeat(3_500_000),
    HIDDEN,
    '',
  ].join('\n')
const sets = {
  nftables: [
    { table: { family: 'inet', name: MARKUP, handle: 1 } },
    {
      set: {
        family: 'inet',
        table: MARKUP,
        name: '<b>set</b>',
        type: 'ifname',
        handle: 2,
        elem: ['<img src=x>', HIDDEN],
      },
    },
    {
      chain: {
        family: 'inet',
        table: MARKUP,
        name: `<u>${HIDDEN}`,
        handle: 3,
        type: 'filter',
        hook: 'input',
        prio: 0,
        policy: 'accept',
      },
    },
    {
      rule: {
        ...{ family: 'inet', table: MARKUP, chain: `<u>${HIDDEN}`, handle: 4, comment: `${MARKUP}${HIDDEN}` },
        expr: [{ match: { op: '==', left: { meta: { key: 'iifname' } }, right: '@<b>set</b>' } }, { drop: null }],
      },
    },
  ],
}

describe.skipIf(!hasChromium)('what means harm', () => {
  const chromium = new Chromium()
  const running: ChildProcess[] = []
  const files = {
    log: join(folder, `<img src=x onerror=alert(1)>\u202egol.log`),
    rules: join(folder, 'rules <script>.v4'),
    sets: join(folder, 'sets.json'),
  }
  writeFileSync(files.log, log('<b>host</b>'))
  writeFileSync(files.rules, rules)
  writeFileSync(files.sets, JSON.stringify(sets))
  afterEach(() => {
    for (const child of running.splice(0)) child.kill('SIGKILL')
  })
  afterAll(async () => {
    await chromium.end()
    rmSync(folder, { recursive: true })
  })

  /** Notes dialogs, and what the policy had to stop: nothing may come so far. */
  async function watched(address: string, look: Look = {}): Promise<Shown & { dialogs: string[] }> {
    const shown = await chromium.open(address, look)
    const dialogs: string[] = []
    shown.page.on('dialog', (dialog) => {
      dialogs.push(dialog.message())
      void dialog.dismiss()
    })
    await shown.page.evaluate(() => {
      const all: string[] = []
      Object.assign(globalThis, { violations: all })
      document.addEventListener('securitypolicyviolation', ({ violatedDirective }) => all.push(violatedDirective))
    })
    return { ...shown, dialogs }
  }

  async function expectHarmless({ page, errors, dialogs }: Awaited<ReturnType<typeof watched>>): Promise<void> {
    expect(await page.evaluate(() => (globalThis as unknown as { ran?: number }).ran)).toBeUndefined()
    expect(await page.evaluate(() => (globalThis as unknown as { violations: string[] }).violations)).toEqual([])
    expect(errors).toEqual([])
    expect(dialogs).toEqual([])
    expect(await page.title()).toBe('nfwhy: why did netfilter do that to my packet?')
    expect(
      await page
        .locator('#page img, #page script, #page i, #page u, #page iframe, main h1, a[href^=javascript]')
        .count(),
    ).toBe(0)
    const text = await page.evaluate(() =>
      [...document.querySelectorAll('*')]
        .flatMap((one) => [
          ...[...one.childNodes].filter(({ nodeType }) => nodeType === 3).map(({ nodeValue }) => nodeValue),
          ...[...one.attributes].map(({ value }) => value),
          one.matches('[type=file]') ? '' : ((one as HTMLInputElement).value ?? ''),
        ])
        .join('\n'),
    )
    expect(
      /.{0,30}[\p{Bidi_Control}\u200b\u2028\u0000-\u0008\u000b-\u001f\u007f-\u009f]/u.exec(text)?.[0],
    ).toBeUndefined()
  }

  /** No wider than the window; what is wide scrolls by itself. */
  const tooWide = ({ page }: Shown) =>
    page.evaluate(() =>
      [
        document.documentElement,
        document.body,
        ...document.querySelectorAll('.main, main, .explanation, .map, .what-if'),
      ]
        .filter((one) => one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0)
        .map((one) => `${one.tagName}.${one.className} ${one.scrollWidth} > ${one.clientWidth}`),
    )

  async function everyTab(shown: Awaited<ReturnType<typeof watched>>, words: readonly string[]): Promise<void> {
    const { page } = shown
    const seen: string[] = []
    const look = async () => {
      await expectHarmless(shown)
      expect(await tooWide(shown)).toEqual([])
      seen.push((await page.locator('#page').textContent())!)
    }
    await look()
    for (const fold of await page.locator('.map .fold').all()) {
      await fold.focus()
      await page.keyboard.press('Enter')
    }
    for (const folded of await page.locator('summary').all())
      await folded.evaluate((one) => ((one.parentElement as HTMLDetailsElement).open = true))
    for (const choice of await page.locator('.choice input').all()) await choice.check()
    await look()
    await page.keyboard.press('?')
    await page.waitForSelector('.keys')
    await look()
    await page.keyboard.press('Escape')
    for (const tab of ['rules', 'try']) {
      await page.locator(`#tab-${tab}`).click()
      if (tab === 'try') await page.waitForSelector('[data-result="without changes"]')
      else await page.locator('.table').first().waitFor()
      for (const folded of await page.locator('main summary').all())
        await folded.evaluate((one) => ((one.parentElement as HTMLDetailsElement).open = true))
      await look()
    }
    for (const one of words) expect(seen.join('\n')).toContain(one)
  }

  const SHOWN = ['<b>0', '<img/src=x>', '<h1>x</h1>', String.raw`\u202e`, String.raw`\x1b`, `<script>${RUN}</script>`]

  test.each([1280, 390])('is text at %d pixels, from disk, and nothing is asked for', async (width) => {
    const shown = await watched(FROM_DISK, { width })
    await choose(shown, [files.log, files.rules])
    await everyTab(shown, SHOWN)
    expect(shown.requests.filter((one) => !/^(?:file|blob|data):/.test(one))).toEqual([])
    const own = new URL('.', FROM_DISK).href
    expect(shown.requests.filter((one) => one.startsWith('file:') && !one.startsWith(own))).toEqual([])
    await shown.page.context().close()
  })

  test('is text in sets and chains of nft, without a capture', async () => {
    const shown = await watched(FROM_DISK, { width: 390 })
    await choose(shown, [files.sets])
    await shown.page.locator('#tab-rules').click()
    await shown.page.locator('.table').first().waitFor()
    for (const folded of await shown.page.locator('main summary').all())
      await folded.evaluate((one) => ((one.parentElement as HTMLDetailsElement).open = true))
    await expectHarmless(shown)
    expect(await tooWide(shown)).toEqual([])
    expect(await shown.page.locator('main').textContent()).toContain('<b>set</b>')
    await shown.page.context().close()
  })

  test('is text in what nfwhy serve shows', async () => {
    const child = spawn(process.execPath, [BIN, 'serve', files.log, files.rules], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    running.push(child)
    const link = await new Promise<string>((done) => {
      let said = ''
      child.stdout!.on('data', (part) => {
        said += part
        const found = /http:\S+/.exec(said)?.[0]
        if (found !== undefined && said.endsWith('\n')) done(found)
      })
    })
    const shown = await watched(link)
    await shown.page.waitForSelector('.explanation')
    await everyTab(shown, SHOWN)
    expect(
      shown.requests.filter((one) => !one.startsWith(new URL(link).origin) && !/^(?:data|blob):/.test(one)),
    ).toEqual([])
    await shown.page.context().close()
  })

  test('is text in the address, the filter, the packet and the command', async () => {
    const shown = await watched(`${FROM_DISK}#journey=<img src=x onerror="${RUN}">`, { width: 390 })
    const { page } = shown
    await choose(shown, [files.log, files.rules])
    await page.locator('#filter').fill(`host "${MARKUP}${LONG}`)
    await page.keyboard.press('Enter')
    await page.waitForSelector('.wrong')
    // what a person types stands in its field as it was typed; what is said of it does not
    expect(await tooWide(shown)).toEqual([])
    await expectHarmless(shown)
    await page.locator('#tab-try').click()
    await page.waitForSelector('#command')
    await page.locator('#command').fill(`iptables -A ${MARKUP} -j "${LONG}`)
    await page.getByRole('button', { name: 'Try the command', exact: true }).click()
    await page.waitForSelector('.what-if .wrong')
    await expectHarmless(shown)
    expect(await tooWide(shown)).toEqual([])
    await page.context().close()
  })

  test('is text in the name of a file that cannot be read', async () => {
    const name = join(folder, '<img src=x onerror=alert(1)>\u202egnp.bin')
    writeFileSync(name, Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3]))
    const shown = await watched(FROM_DISK, { width: 390 })
    await choose(shown, [name])
    await expectHarmless(shown)
    expect(await shown.page.locator('.wrong').textContent()).toContain('<img src=x')
    await shown.page.context().close()
  })
})
