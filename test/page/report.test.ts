/** `explain -o report.html`: one file that says what the command line says, asks for nothing, and runs nothing of its input. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { Chromium, hasChromium, type Shown } from './browser.ts'
import { commandLine, firstBlock } from './command-line.ts'

const INCIDENTS = fileURLToPath(new URL('../../fixtures/incidents/', import.meta.url))
const EXAMPLE = fileURLToPath(new URL('../../examples/nodeport-clash', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'nfwhy-report-'))

const CASES: Readonly<Record<string, string[]>> = {
  'nodeport-clash': [EXAMPLE],
  'nft-allow-set': ['dropped.handles.txt', 'ruleset-dropped.json', 'host'].map(
    (name) => `${INCIDENTS}nft-allow-set/${name}`,
  ),
  'openstack-snat': [`${INCIDENTS}openstack-snat`],
  'calico-icmp-log': [`${INCIDENTS}calico-icmp-log`],
  'firewalld-port-forward': [`${INCIDENTS}firewalld-port-forward`],
}

/** The text of what the file holds, unpacked. */
function heldBy(file: string): string {
  const [, packed = ''] = /id="nfwhy-report">([^<]*)</.exec(readFileSync(file, 'utf8')) ?? []
  const text = gunzipSync(Buffer.from(packed, 'base64')).toString()
  const { files = [] } = JSON.parse(text) as { files?: { bytes: string }[] }
  return text + files.map(({ bytes }) => Buffer.from(bytes, 'base64').toString('latin1')).join('\n')
}

describe.skipIf(!hasChromium)('a report', () => {
  const chromium = new Chromium()
  afterAll(async () => {
    await chromium.end()
    rmSync(folder, { recursive: true })
  })

  async function withReport(args: readonly string[], test: (shown: Shown, file: string) => Promise<void>) {
    const file = join(folder, `${Math.random().toString(36).slice(2)}.html`)
    commandLine('explain', ...args, '-o', file)
    const shown = await chromium.open(pathToFileURL(file).href)
    try {
      await shown.page.waitForSelector('.explanation')
      await test(shown, file)
      expect(shown.errors).toEqual([])
      expect(shown.requests.filter((one) => one !== pathToFileURL(file).href && !/^(?:data|blob):/.test(one))).toEqual(
        [],
      )
    } finally {
      await shown.page.context().close()
    }
  }

  test.each(Object.entries(CASES))('of %s says what the command line says', (_, files) =>
    withReport(files, async ({ page }, file) => {
      const printed = commandLine('explain', '--full', '--unmatched', ...files)
      const told = firstBlock((await page.locator('.explanation .text').textContent())!)
      expect(printed).toContain(told)
      expect(told.length).toBeGreaterThan(100)
      expect(statSync(file).size).toBeLessThan(1_000_000)
    }),
  )

  test('plays the packet with the fix, in a worker that it holds', () =>
    withReport(CASES['nft-allow-set']!, async ({ page }) => {
      await page.locator('.fix.fix button', { hasText: 'Try it here' }).first().click()
      await page.waitForFunction(() => document.querySelector('.results')?.textContent?.includes('FORWARDED'))
    }))

  test('of many different exchanges has the worst hundred, says so, and is small', () => {
    const rules = join(folder, 'rules.v4')
    const log = join(folder, 'many.log')
    const drops = Array.from({ length: 250 }, (_, i) => `-A INPUT -p tcp -m tcp --dport ${1000 + i} -j DROP\n`)
    writeFileSync(rules, `*filter\n:INPUT ACCEPT [0:0]\n${drops.join('')}COMMIT\n`)
    const lines = drops.map(
      (_, i) =>
        `[  ${i}.000000] TRACE: filter:INPUT:rule:${i + 1} IN=eth0 OUT= MAC= SRC=192.0.2.7 DST=198.51.100.1 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=${i + 1} DF PROTO=TCP SPT=40000 DPT=${1000 + i} SEQ=${i} ACK=0 WINDOW=64240 RES=0x00 SYN URGP=0 \n`,
    )
    writeFileSync(log, lines.join(''))
    return withReport([log, rules], async ({ page }, file) => {
      expect(await page.locator('.summary').textContent()).toContain('This report has 100 of 250 rows')
      expect(statSync(file).size).toBeLessThan(1_000_000)
    })
  })

  test('of a hostile capture shows its text, and runs none of it', () => {
    const bad = '</script><img src=x onerror=alert(1)><script>document.title="bad"</script>'
    const name = join(folder, 'odd <b>name.log')
    const rules = join(folder, 'hostile.v4')
    writeFileSync(
      rules,
      `*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp -m comment --comment "${bad.replaceAll('"', "'")} \u202egnp" -j LOG --log-prefix "<i>x</i>"\n-A INPUT -p tcp -m comment --comment "<h1>x</h1>\u0007" -j DROP\nCOMMIT\n`,
    )
    const line = (rule: string, rest = '') =>
      `TRACE: filter:INPUT:${rule} IN=<b>0 OUT= MAC= SRC=192.0.2.7 DST=198.51.100.1 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=1 DF PROTO=TCP SPT=40000 DPT=80 SEQ=1 ACK=0 WINDOW=64240 RES=0x00 SYN URGP=0 ${rest}\n`
    writeFileSync(name, `${line('rule:1')}${line('rule:2')}${bad}\n${'<x>'.repeat(3_500_000)}\n\u001b]0;bad\u0007\n`)
    return withReport([name, rules], async ({ page }) => {
      expect(await page.title()).not.toBe('bad')
      expect(
        await page
          .locator('.explanation b:not([class]), .explanation img, .explanation script, .explanation i')
          .allTextContents(),
      ).not.toContain('0')
      expect(await page.locator('main').textContent()).toContain('<h1>x</h1>')
      expect(await page.locator('main h1, main img, main i').count()).toBe(0)
      // what turns text round, or rings, is shown as what it is
      const text = await page.locator('#page').textContent()
      expect(text).not.toMatch(/[\u202e\u0007\u001b]/)
    })
  })

  test('with --redact holds nothing of the original addresses', () => {
    const copy = join(folder, 'redact')
    mkdirSync(copy)
    execFileSync('cp', ['-r', EXAMPLE, copy])
    return withReport(['--redact-key', 'k', copy], async ({ page }, file) => {
      expect(await page.locator('.explanation h2').textContent()).toContain('DROPPED')
      expect(heldBy(file)).not.toMatch(/172\.28\.129\.|ootob9/)
      expect(await page.locator('#tab-try').count()).toBe(0)
    })
  })
})
