/** `explain -o report.html`: one file that says what the command line says, asks for nothing, and runs nothing of its input. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import type { ReportData } from '../../src/ui/report/report-data.ts'
import { Chromium, hasChromium, type Shown } from './browser.ts'
import { commandLineWith } from './command-line.ts'
import { expectSame } from './same.ts'
import { unfold } from './seen.ts'
import { toldOf } from './told.ts'

const INCIDENTS = fileURLToPath(new URL('../../fixtures/incidents/', import.meta.url))
const EXAMPLE = fileURLToPath(new URL('../../examples/nodeport-clash', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'nfwhy-report-'))

const NFT_ALLOW_SET = ['dropped.handles.txt', 'ruleset-dropped.json', 'host']
const CASES: Readonly<Record<string, string[]>> = {
  'nodeport-clash': [EXAMPLE],
  'nft-allow-set': NFT_ALLOW_SET.map((name) => `${INCIDENTS}nft-allow-set/${name}`),
  'openstack-snat': [`${INCIDENTS}openstack-snat`],
  'calico-icmp-log': [`${INCIDENTS}calico-icmp-log`],
  'firewalld-port-forward': [`${INCIDENTS}firewalld-port-forward`],
}

const NAMES = String.raw`[0-9]{1,3}(\.[0-9]{1,3}){3}|([0-9a-f]{2}:){5}[0-9a-f]{2}|ootob9[a-z0-9]*`
/** Loopback, networks without a host, masks, bridges' groups, everybody. */
const NOBODY = /^(?:127\.|0\.|22[4-9]\.|255\.|169\.254\.|00:00:00:00:00:00|01:80:c2|ff:ff:ff:ff:ff:ff)|\.0$/

/** The text of what the file holds, unpacked. */
function heldBy(file: string): string {
  const [, packed = ''] = /id="nfwhy-report">([^<]*)</.exec(readFileSync(file, 'utf8')) ?? []
  const text = gunzipSync(Buffer.from(packed, 'base64')).toString()
  const { files = [] } = JSON.parse(text) as ReportData
  const contents = files.map((file) =>
    'text' in file ? file.text : Buffer.from(file.base64, 'base64').toString('latin1'),
  )
  return [text, ...contents].join('\n')
}

describe.skipIf(!hasChromium)('a report', () => {
  const chromium = new Chromium()
  afterAll(async () => {
    await chromium.end()
    rmSync(folder, { recursive: true })
  })

  let reports = 0

  async function withReport(
    args: readonly string[],
    test: (shown: Shown, file: string) => Promise<void>,
    input: Buffer | '' = '',
  ) {
    const file = join(folder, `${++reports}.html`)
    commandLineWith(input, 'explain', ...args, '-o', file)
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
    withReport(files, async (shown, file) => {
      await expectSame(shown, await toldOf(files), 'a report')
      expect(statSync(file).size).toBeLessThan(1_000_000)
    }),
  )

  /** The first fix, tried in the report: what it says of the packet then. */
  async function tryFix({ page }: Shown): Promise<string> {
    await page.locator('.fix.fix button', { hasText: 'Try it here' }).first().click()
    return (await page.locator('[data-result="after"] h2').textContent())!
  }

  test('plays the packet with the fix, in a worker that it holds', () =>
    withReport(CASES['nft-allow-set']!, async (shown) => expect(await tryFix(shown)).toContain('FORWARDED')))

  test('of an archive, and of redacted files, plays it as well: its worker neither unpacks nor redacts', async () => {
    const archive = join(folder, 'ticket.tgz')
    execFileSync('tar', ['-C', `${INCIDENTS}nft-allow-set`, '-czf', archive, ...NFT_ALLOW_SET])
    for (const args of [[archive], [archive, '--redact']])
      await withReport(args, async (shown) => expect(await tryFix(shown)).toContain('FORWARDED'))
  })

  test('plays it on rules that came by standard input', () =>
    withReport(
      [`${INCIDENTS}nft-allow-set/dropped.handles.txt`, `${INCIDENTS}nft-allow-set/host`, '-'],
      async (shown) => expect(await tryFix(shown)).toContain('FORWARDED'),
      readFileSync(`${INCIDENTS}nft-allow-set/ruleset-dropped.json`),
    ))

  test('that is narrowed holds the rules, and no other packet', () =>
    withReport([...CASES['nodeport-clash']!, '--filter', 'tcp dst port 52000'], async (shown, file) => {
      const held = heldBy(file)
      expect(held).toContain('KUBE-FIREWALL')
      expect(held).toMatch(/\b41569\b/)
      expect(held).not.toMatch(/\b52941\b/)
      const whole = join(folder, 'whole.html')
      commandLineWith('', 'explain', ...CASES['nodeport-clash']!, '-o', whole)
      expect(heldBy(whole)).toMatch(/\b52941\b/)
      expect(await tryFix(shown)).toContain('DELIVERED')
    }))

  test('holds nothing of a file that is none of nfwhy', () => {
    const beside = join(folder, 'beside')
    mkdirSync(beside)
    execFileSync('cp', ['-r', EXAMPLE, beside])
    writeFileSync(join(beside, 'id_ed25519'), 'secret of somebody\n')
    const archive = join(folder, 'beside.tgz')
    execFileSync('tar', ['czf', archive, '-C', beside, '.'])
    return withReport([archive], async (_, file) => {
      expect(heldBy(file)).toContain('KUBE-FIREWALL')
      expect(heldBy(file)).not.toContain('secret of somebody')
    })
  })

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
      await unfold(page)
      await page.locator('.warnings summary').click()
      const seen = await page.locator('#page').innerText()
      for (const markup of ['in <b>0', '<h1>x</h1>', bad.replaceAll('"', "'"), 'odd <b>name.log'])
        expect(seen).toContain(markup)
      // the page has none of these elements itself, and bold words are its own
      expect(await page.locator('main :is(h1, img, script, i), .side :is(h1, img, script, i)').count()).toBe(0)
      const bold = await page.locator('main b, .side b').allTextContents()
      expect([...new Set(bold)].sort()).toEqual(['DROPPED', ' → continue', ' → drop'].sort())
      // what turns text round, or rings, is shown as what it is
      expect(seen).toContain(String.raw`\u202e`)
      expect(seen).toContain(String.raw`\x07`)
      expect(await page.locator('#page').textContent()).not.toMatch(/[\u202e\u0007\u001b]/)
    })
  })

  /** Addresses, link addresses and host names that stand in a file or folder; without those that name nobody. */
  function namesIn(path: string): Set<string> {
    const text = execFileSync('grep', ['-raohE', NAMES, path], { encoding: 'utf8', maxBuffer: 1 << 28 })
    return new Set(text.split('\n').filter((one) => one !== '' && !NOBODY.test(one)))
  }

  test.each(Object.entries(CASES))(
    'of %s with --redact holds none of its names, and plays packets all the same',
    (_, files) => {
      const names = new Set(files.flatMap((path) => [...namesIn(path)]))
      expect(names.size).toBeGreaterThan(1)
      return withReport(['--redact-key', 'k', ...files], async ({ page }, file) => {
        const held = heldBy(file)
        expect([...names].filter((one) => held.includes(one))).toEqual([])
        await page.locator('#tab-try').click()
        await page.waitForSelector('[data-result="without changes"]')
      })
    },
  )
})
