/** A packet that two machines traced: on the page, what the command line says of it. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { Chromium, hasChromium } from './browser.ts'
import { expectSame } from './same.ts'
import { toldOf } from './told.ts'
import { Ways } from './ways.ts'

const line = (words: string): string =>
  `[ 9.0] TRACE: filter:${words} SRC=192.0.2.1 DST=198.51.100.9 LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=4711 ` +
  'PROTO=TCP SPT=40000 DPT=23 SEQ=77 ACK=0 WINDOW=64240 RES=0x00 SYN URGP=0 \n'
const rules = (chain: string, policy: string, more = ''): string =>
  `*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${more}COMMIT\n`.replace(
    `:${chain} ACCEPT`,
    `:${chain} ${policy}`,
  )

describe.skipIf(!hasChromium)('the page', () => {
  const chromium = new Chromium()
  const ways = new Ways(chromium)
  const folder = mkdtempSync(join(tmpdir(), 'nfwhy-two-hosts-'))
  afterAll(async () => {
    await chromium.end()
    ways.end()
    rmSync(folder, { recursive: true })
  })

  test('says where else a packet was seen', async () => {
    const bundle = join(folder, 'b')
    for (const [name, log, ruleset] of [
      ['router', line('FORWARD:policy:1 IN=eth0 OUT=eth1'), rules('FORWARD', 'ACCEPT')],
      ['server', line('INPUT:rule:1 IN=eth0 OUT='), rules('INPUT', 'ACCEPT', '-A INPUT -p tcp --dport 23 -j DROP\n')],
    ] as const) {
      mkdirSync(join(bundle, name), { recursive: true })
      writeFileSync(join(bundle, name, 'kern.log'), log)
      writeFileSync(join(bundle, name, 'rules.v4'), ruleset)
    }
    const archive = join(folder, 'b.tgz')
    execFileSync('tar', ['-czf', archive, '-C', folder, 'b'])
    const told = await toldOf([archive])
    expect(told.flatMap(({ said }) => said).filter((one) => one.startsWith('the same packet on '))).toHaveLength(2)
    await ways.each(['dropped on a page from disk', 'a report'], [archive], (shown, way) =>
      expectSame(shown, told, way),
    )
  })
})
