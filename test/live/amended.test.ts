/**
 * What is said of an exchange follows what becomes known of it: a reply, silence, a reset, and the kernel's word, which may
 * come seconds later. What was saved tells the same in the end.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { describe, expect, test } from 'vitest'
import type { Exchange } from '../../src/model/exchange.ts'
import { nfwhy } from '../cli/nfwhy.ts'
import { LATEST } from '../latest.ts'
import { whyNoPlace } from './lab/place.ts'
import { ADDRESSES, openNetwork } from './lab/router.ts'
import { sleep, TraceRun } from './lab/session.ts'

const missing = whyNoPlace('python3', 'curl')
const { server } = ADDRESSES.ip
const NOBODY = server.replace(/\d+$/, '9')

const RULES = {
  nft: "nft add table inet fw; nft 'add chain inet fw forward { type filter hook forward priority 0; policy accept; }'",
  legacy: 'iptables-legacy -A FORWARD -p udp --dport 9 -j DROP',
}
/** Port 80 answers, 81 is silent, at 82 nobody listens; the other address is nobody's. */
const EXPECTED = {
  [`${server}:80`]: 'answered',
  [`${server}:81`]: 'unanswered',
  [`${server}:82`]: 'refused',
  [`${NOBODY}:80`]: 'lost',
}

describe.skipIf(missing)(`what is said follows what is known${missing ? `: ${missing}` : ''}`, () => {
  test.for(['nft', 'legacy'] as const)('%s', async (backend, { onTestFinished }) => {
    const folder = mkdtempSync(`${tmpdir()}/nfwhy-amended-`)
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const network = await openNetwork(onTestFinished, [])
    await network.router.run(RULES[backend])
    await network.server.run('iptables-legacy -A INPUT -p tcp --dport 81 -j DROP')
    network.server.background('exec python3 -m http.server 80')
    const run = new TraceRun([
      ...['--backend', backend, '--rate', 'unlimited', '--ndjson', '--save', `${folder}/saved`],
      ...['--via', network.router.via, 'tcp'],
    ])
    onTestFinished(() => run.kill())
    await run.says(/^Ready/m)
    const ask = (where: string) => network.client.run(`curl -s -o /dev/null -m 3 http://${where}/; :`)
    // whoever waits for the server asks again
    for (
      let i = 0;
      i < 50 &&
      !/200/.test(
        (await network.client.run(`curl -s -o /dev/null -w '%{http_code}' -m 1 http://${server}:80/; :`)).output,
      );
      i++
    )
      await sleep(100)
    await Promise.all([ask(`${server}:81`), ask(`${server}:82`), ask(`${NOBODY}:80`)])
    const until = Date.now() + LATEST
    while (!agrees(last(run.stdout)) && Date.now() < until) await sleep(100)
    expect(last(run.stdout), 'while it runs').toMatchObject(EXPECTED)
    run.kill('SIGINT')
    const { stdout } = await run.ended
    expect(last(stdout), 'in the end').toMatchObject(EXPECTED)
    expectAmends(stdout)
    const saved = await nfwhy(['explain', `${folder}/saved`, '--ndjson'])
    expect(last(saved.stdout), 'saved').toMatchObject(EXPECTED)
  })
})

const exchanges = (stdout: string): Exchange[] =>
  stdout
    .split('\n')
    .filter((line) => line.startsWith('{"exchange"'))
    .map((line) => JSON.parse(line).exchange)

/** What was said last of each address and port. */
const last = (stdout: string): Record<string, string> =>
  Object.fromEntries(exchanges(stdout).map(({ asked, status }) => [`${asked.dst}:${asked.dport}`, status]))

const agrees = (found: Record<string, string>): boolean =>
  Object.entries(EXPECTED).every(([who, status]) => found[who] === status)

/** Each word that replaces another counts on. */
function expectAmends(stdout: string): void {
  const times = new Map<string, number>()
  for (const { id, amends = 0 } of exchanges(stdout)) {
    expect(amends).toBe(times.has(id) ? times.get(id)! + 1 : 0)
    times.set(id, amends)
  }
}
