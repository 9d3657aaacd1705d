/** Ctrl-C and SIGTERM before tracing is on, over connections that hang at each step; and a second one while it is taken back. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { LATEST } from '../latest.ts'
import { TestPlace, type WhenOver, whyNoPlace } from './lab/place.ts'
import { sleep } from './lab/session.ts'
import { Patience } from './lab/slowness.ts'
import { changes, changesAfter, snapshot } from './lab/snapshot.ts'

const missing = whyNoPlace('tcpdump', 'flock')
const SETUP = 'iptables-legacy -A INPUT -p udp --dport 9 -j DROP'
/** Seconds from the signal to the end. */
const PROMPT = 2.5

/** Leads on to a place; its call number `from` and all later ones never answer, and do `hangs` instead. */
function hanging(whenOver: WhenOver, from: number, hangs: string) {
  const folder = mkdtempSync(join(tmpdir(), 'nfwhy-'))
  whenOver(() => rmSync(folder, { recursive: true, force: true }))
  const program = join(folder, 'lead')
  const calls = join(folder, 'calls')
  writeFileSync(
    program,
    `#!/bin/sh\necho call >>${calls}\n[ "$(wc -l <${calls})" -ge ${from} ] || exec "$@"\n: >${folder}/hangs\n${hangs}\n`,
  )
  chmodSync(program, 0o755)
  return {
    program,
    async hangs() {
      const until = Date.now() + LATEST
      while (!existsSync(join(folder, 'hangs'))) {
        if (Date.now() > until)
          throw new Error(`there were only ${readFileSync(calls, 'utf8').split('\n').length - 1} calls`)
        await sleep(20)
      }
    },
  }
}

describe.skipIf(missing)(`ended before tracing is on${missing ? `: ${missing}` : ''}`, () => {
  test.for([
    ['it looks', 1, [], 'SIGINT', 'exec sleep 60'],
    ['it looks, at what does not end by itself', 1, [], 'SIGTERM', "trap '' TERM; while :; do sleep 0.1; done"],
    ['it reads the rules', 2, [], 'SIGINT', 'exec sleep 60'],
    ['it listens with a program', 3, ['--programs'], 'SIGTERM', 'exec sleep 60'],
    ['it sets up', 3, [], 'SIGINT', 'exec sleep 60'],
  ] as const)('while %s', async ([, from, args, signal, hangs], { onTestFinished }) => {
    const place = await TestPlace.open(onTestFinished, { setup: SETUP })
    const before = await snapshot(place)
    const lead = hanging(onTestFinished, from, hangs)
    const run = place.trace([...args, '--ndjson'], {}, `${lead.program} ${place.via}`)
    await lead.hangs()
    await sleep(100)
    const patience = new Patience(PROMPT, onTestFinished)
    run.kill(signal)
    const { code, stdout, stderr } = await run.ended
    expect(patience.isOver, stderr).toBe(false)
    expect(code, stderr).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).not.toMatch(/^Ready|bug/m)
    // what hangs as it is set up might have done so over there
    expect(stderr).toMatch(
      from === 3 && args.length === 0 ? /clean-up there runs by itself/ : /^nfwhy: .*nothing is left behind/m,
    )
    expect(await changesAfter(before, place, run.mark, 2)).toEqual([])
  })

  test.for(['SIGINT', 'SIGTERM'] as const)(
    '%s ends the document that has begun',
    async (signal, { onTestFinished }) => {
      const place = await TestPlace.open(onTestFinished, { setup: SETUP })
      const lead = hanging(onTestFinished, 2, 'exec sleep 60')
      const run = place.trace(['--json'], {}, `${lead.program} ${place.via}`)
      await lead.hangs()
      await sleep(100)
      run.kill(signal)
      const { code, stdout, stderr } = await run.ended
      expect(code, stderr).toBe(2)
      const { journeys, exchanges, warnings } = JSON.parse(stdout)
      expect([journeys, exchanges]).toEqual([[], []])
      expect(warnings.map((one: { code: string }) => one.code)).toContain('not-traced')
    },
  )

  test('one of two places hangs: what the other has set up is taken back', async ({ onTestFinished }) => {
    const place = await TestPlace.open(onTestFinished, { setup: SETUP })
    const other = await TestPlace.open(onTestFinished, { setup: SETUP })
    const before = await snapshot(other)
    const lead = hanging(onTestFinished, 2, 'exec sleep 60')
    const run = place.trace(['--via', other.via], {}, `${lead.program} ${place.via}`)
    await lead.hangs()
    const until = Date.now() + LATEST
    while (!changes(before, await snapshot(other)).some((line) => line.startsWith('+ nft: '))) {
      expect(Date.now(), run.stderr).toBeLessThan(until)
      await sleep(50)
    }
    run.kill('SIGINT')
    const { code, stderr } = await run.ended
    expect(code, stderr).toBe(2)
    expect(stderr).toContain('nothing is left behind')
    expect(await changesAfter(before, other, run.mark, 3)).toEqual([])
  })

  test('a second Ctrl-C, while it waits to take back, ends at once', async ({ onTestFinished }) => {
    const place = await TestPlace.open(onTestFinished, { setup: SETUP, without: ['nft'] })
    const before = await snapshot(place)
    const run = place.trace(['--backend', 'legacy'])
    await run.says(/^Ready/m)
    const lock = place.backgroundThere('exec flock -F /run/xtables.lock sleep 240')
    const isHeld = async () => (await place.runThere('flock -n /run/xtables.lock true')).status !== 0
    await expect.poll(isHeld).toBe(true)
    run.kill('SIGINT')
    await run.says(/Ctrl-C ends at once/)
    const patience = new Patience(1.5, onTestFinished)
    run.kill('SIGINT')
    expect((await run.ended).signal).toBe('SIGINT')
    expect(patience.isOver).toBe(false)
    lock.kill()
    expect(await changesAfter(before, place, run.mark, 4)).toEqual([])
  })
})
