/** `nfwhy serve --live` in a browser: packets arrive on the page and are amended, and nothing stays behind, however it ends. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { nfwhy } from '../cli/nfwhy.ts'
import { LATEST } from '../latest.ts'
import { Chromium, hasChromium, type Shown } from '../page/browser.ts'
import { firstBlock } from '../page/command-line.ts'
import { TestPlace, type WhenOver, whyNoPlace } from './lab/place.ts'
import { TraceRun } from './lab/session.ts'
import { changes, changesAfter, type Snapshot, snapshot } from './lab/snapshot.ts'

const missing = whyNoPlace('socat') ?? (hasChromium ? undefined : 'there is no Chromium')
const NFT = `nft -f - <<E
table inet filter {
  chain input { type filter hook input priority 0; policy accept; tcp dport 81 drop; }
}
E`
const LEGACY = 'iptables-legacy -A INPUT -p tcp --dport 81 -j DROP'
/** Seconds. */
const RESTORED = 30

interface Live {
  place: TestPlace
  run: TraceRun
  link: string
  before: Snapshot
}

describe.skipIf(missing).concurrent(`serve --live${missing === undefined ? '' : `: ${missing}`}`, () => {
  const chromium = new Chromium()
  afterAll(() => chromium.end())

  async function serve(whenOver: WhenOver, args: readonly string[] = [], setup = NFT): Promise<Live> {
    const place = await TestPlace.open(whenOver, { setup })
    place.background('exec socat TCP-LISTEN:80,fork,reuseaddr SYSTEM:"echo hello"')
    const before = await snapshot(place)
    const run = new TraceRun([...args, 'tcp port 80 or tcp port 81', '--via', place.via], {
      words: ['serve', '--live'],
    })
    whenOver(() => run.kill())
    await run.says(/Ready/)
    while (!/http:\S+\/ in/.test(run.stdout)) await new Promise((done) => setTimeout(done, 10))
    return { place, run, before, link: /http:\S+/.exec(run.stdout)![0] }
  }

  const send = (place: TestPlace, port: number) =>
    place.run(`timeout 1 socat -u TCP:127.0.0.1:${port},connect-timeout=0.5 - || :`)

  const said = ({ page }: Shown, words: string) =>
    page.locator('.live', { hasText: words }).waitFor({ timeout: LATEST })
  const row = ({ page }: Shown, words: string | RegExp) =>
    page.locator('[role=row], [role=option]', { hasText: words }).first().waitFor({ timeout: LATEST })
  const restored = async ({ before, place, run }: Live) =>
    expect(await changesAfter(before, place, run.mark, RESTORED)).toEqual([])

  test.for([
    ['nft', [], NFT, /filter input/],
    ['legacy', ['--backend', 'legacy'], LEGACY, /INPUT rule 1/],
  ] as const)(
    'by %s: shows packets as they come, until it is stopped',
    async ([, args, setup, culprit], { onTestFinished }) => {
      const live = await serve(onTestFinished, args, setup)
      const { place, run, link } = live
      const shown = await chromium.open(link)
      const { page } = shown
      onTestFinished(() => page.context().close())
      await said(shown, 'Send the packet that fails')
      await send(place, 81)
      await row(shown, 'DROPPED')
      expect(await page.locator('.explanation h2').textContent()).toMatch(culprit)
      await page.getByRole('tab', { name: 'What if' }).click()
      await page
        .getByRole('button', { name: /^Switch off: .*input/i })
        .first()
        .click()
      await page.locator('[data-result="after"]').waitFor({ timeout: LATEST })
      await send(place, 80)
      await row(shown, /ANSWERED|DELIVERED/)
      // what was tried stays, and what was looked at is still looked at
      expect(await page.locator('[data-result="after"]').count()).toBe(1)
      await page.getByRole('tab', { name: 'Explanation' }).click()
      expect(await page.locator('.explanation h2').textContent()).toContain('DROPPED')
      await page.getByRole('button', { name: 'Pause' }).click()
      const packets = page.locator('.summary')
      // the list that was being made is still shown
      await page.locator('.summary[aria-busy=false]').waitFor({ timeout: LATEST })
      const held = await packets.textContent()
      await send(place, 81)
      await page.waitForTimeout(1500)
      expect(await packets.textContent()).toBe(held)
      await page.getByRole('button', { name: 'Pause' }).click()
      await page.locator('.summary', { hasNotText: held! }).waitFor({ timeout: LATEST })
      await page.getByRole('button', { name: 'Stop' }).click()
      await said(shown, 'Everything that it set up is removed')
      // the server is still there, and its trace is not
      expect(changes(live.before, await snapshot(place)).filter((one) => !one.includes('process:'))).toEqual([])
      expect(run.child.exitCode).toBeNull()
      // the rules, with what met them
      await page.getByRole('tab', { name: 'Rules' }).click()
      await page.locator('#panel', { hasText: /filter/ }).waitFor({ timeout: LATEST })
      // another page shows the same of it
      const other = await chromium.open(link)
      await row(other, 'DROPPED')
      expect(await other.page.locator('.summary').textContent()).toBe(await packets.textContent())
      await other.page.context().close()
      expect(shown.errors).toEqual([])
      run.kill('SIGINT')
      await run.ended
      await restored(live)
    },
  )

  test('says what the command line says of the same packets', async ({ onTestFinished }) => {
    const live = await serve(onTestFinished)
    const { place, link } = live
    const folder = mkdtempSync(join(tmpdir(), 'nfwhy-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const saved = place.trace(['tcp port 80 or tcp port 81', '--save', join(folder, 'bundle')])
    await saved.says(/Ready/)
    const shown = await chromium.open(link)
    onTestFinished(() => shown.page.context().close())
    await place.run('timeout 0.5 socat -u TCP:127.0.0.1:81,sourceport=40001 - || :')
    await row(shown, 'DROPPED')
    saved.kill('SIGINT')
    await saved.ended
    await shown.page.getByRole('button', { name: 'Stop' }).click()
    await said(shown, 'Everything that it set up is removed')
    const { stdout } = await nfwhy([
      'explain',
      '--full',
      '--unmatched',
      '--filter',
      'src port 40001',
      join(folder, 'bundle'),
    ])
    // each session has tables, and times, of its own
    const plain = (text: string) =>
      firstBlock(text)
        .replace(/^.*nfwhy-\d{6,}.*$\n?/gm, '')
        .replace(/\d{4}-\d\d-\d\d[T ][\d:.]+Z|#\d+| {2,}/g, '')
    expect(plain((await shown.page.locator('.explanation .text').textContent())!)).toBe(plain(stdout))
  })

  test('of two hosts, what is looked at, tried and compared stays the packet of its own', async ({
    onTestFinished,
  }) => {
    const first = await TestPlace.open(onTestFinished, { setup: NFT })
    const live = await serve(onTestFinished, ['--via', first.via])
    const { place, link } = live
    const shown = await chromium.open(link)
    onTestFinished(() => shown.page.context().close())
    const { page } = shown
    const from = (port: number, on: TestPlace) =>
      on.run(`timeout 0.5 socat -u TCP:127.0.0.1:81,sourceport=${port} - || :`)
    const told = page.locator('.explanation .text')
    await said(shown, 'Send the packet that fails')
    await from(42001, place)
    await row(shown, ':42001')
    expect(firstBlock((await told.textContent())!)).toContain('42001')
    await page.getByRole('tab', { name: 'What if' }).click()
    await page.locator('[data-result="now"], [data-result="after"], [data-result]').first().waitFor({ timeout: LATEST })
    // what comes on the first host is numbered before it
    await from(41001, first)
    await row(shown, ':41001')
    expect(await page.locator('[role=option][aria-selected=true]').textContent()).toContain(':42001')
    await page
      .getByRole('button', { name: /^Switch off: .*input/i })
      .first()
      .click()
    await page.locator('[data-result="after"]').waitFor({ timeout: LATEST })
    // nothing listens there
    expect(await page.locator('[data-result="after"]').textContent()).toContain('REFUSED')
    await page.getByRole('tab', { name: 'Explanation' }).click()
    expect(firstBlock((await told.textContent())!)).toContain('42001')
    await page.locator('[aria-keyshortcuts=c]').click()
    await page.locator('[role=option]', { hasText: ':41001' }).first().click()
    const comparison = page.locator('.comparison')
    await comparison.waitFor({ timeout: LATEST })
    expect(await comparison.textContent()).toMatch(/42001.*41001/s)
    expect(shown.errors).toEqual([])
  })

  test('a packet that was typed is played anew where the rules change', async ({ onTestFinished }) => {
    const live = await serve(onTestFinished)
    const { place, link } = live
    const shown = await chromium.open(link)
    onTestFinished(() => shown.page.context().close())
    const { page } = shown
    await said(shown, 'Send the packet that fails')
    await send(place, 81)
    await row(shown, 'DROPPED')
    await page.locator('.explanation h2').waitFor({ timeout: LATEST })
    await page.getByRole('tab', { name: 'What if' }).click()
    await page.locator('#words').fill('in lo tcp 127.0.0.1:40002 > 127.0.0.1:80 syn')
    await page.locator('#words').press('Enter')
    const result = page.locator('[data-result] h2')
    await result.filter({ hasText: 'DELIVERED' }).first().waitFor({ timeout: LATEST })
    await place.run('nft add rule inet filter input tcp dport 80 drop')
    await result.filter({ hasText: 'DROPPED' }).first().waitFor({ timeout: LATEST })
    expect(await page.locator('#words').inputValue()).toContain(':40002')
    // what came meanwhile has not taken its place
    await send(place, 81)
    await page.waitForTimeout(1500)
    expect(await page.locator('#words').inputValue()).toContain(':40002')
  })

  test('ends soon after its last page is closed', async ({ onTestFinished }) => {
    const live = await serve(onTestFinished)
    const shown = await chromium.open(live.link)
    await said(shown, 'Tracing')
    await shown.page.reload()
    await said(shown, 'Tracing')
    await shown.page.context().close()
    await live.run.says(/The trace has ended/)
    expect(changes(live.before, await snapshot(live.place)).filter((one) => !one.includes('process:'))).toEqual([])
    live.run.kill('SIGINT')
    await live.run.ended
    await restored(live)
  })

  test('Ctrl-C ends it, and the page has all of it', async ({ onTestFinished }) => {
    const live = await serve(onTestFinished)
    const shown = await chromium.open(live.link)
    onTestFinished(() => shown.page.context().close())
    await said(shown, 'Tracing')
    await send(live.place, 81)
    live.run.kill('SIGINT')
    expect(await live.run.ended).toMatchObject({ code: 0 })
    await row(shown, 'DROPPED')
    await shown.page.locator('.wrong', { hasText: 'nfwhy serve has ended' }).waitFor({ timeout: LATEST })
    await restored(live)
  })

  test('leaves nothing when it is killed', async ({ onTestFinished }) => {
    const live = await serve(onTestFinished)
    const shown = await chromium.open(live.link)
    onTestFinished(() => shown.page.context().close())
    await said(shown, 'Tracing')
    live.run.kill('SIGKILL')
    await live.run.ended
    await restored(live)
  })

  test('of a deadline that comes, says so', async ({ onTestFinished }) => {
    const live = await serve(onTestFinished, ['--deadline', '4s'])
    const shown = await chromium.open(live.link)
    onTestFinished(() => shown.page.context().close())
    await said(shown, 'Everything that it set up is removed')
    live.run.kill('SIGINT')
    await live.run.ended
    await restored(live)
  })
})

test.each([
  [['--live', '--as', 'kernel-log:x'], /--live takes no --as/],
  [['--rate', '5/second', 'x'], /--rate is for a trace: give --live as well/],
  [['--live', 'tcp prot 80'], /prot/],
])('serve %j is refused', async (args, why) => {
  const { code, stderr } = await nfwhy(['serve', ...args])
  expect(code).toBe(2)
  expect(stderr).toMatch(why)
})
