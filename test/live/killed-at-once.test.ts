/**
 * nfwhy and the shells that hold its session are killed, one, some or all at once, in every phase and every way to trace. A
 * bounded share; `npm run kills -- --runs 200` kills as often as one likes, and prints a table.
 */

import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { shellTokens } from '../../src/edits/shell.ts'
import { BIN } from '../cli/nfwhy.ts'
import { share, some } from '../share.ts'
import { showAllNamespaces } from './lab/kernel-log.ts'
import { type Kill, KillingLab, kill9, PHASES, type Phase, PROCESSES, type Process } from './lab/killing.ts'
import { itself, TestPlace, whyNoPlace } from './lab/place.ts'
import { WAYS } from './lab/ways.ts'

const RUNS = Number(process.env.NFWHY_KILLS_RUNS ?? Math.max(WAYS.length, share(40)))
const SEED = Number(process.env.NFWHY_KILLS_SEED ?? 1)
/** Milliseconds that each phase takes, roughly. */
const LENGTHS: Readonly<Record<Phase, number>> = { looking: 1200, 'setting up': 700, running: 600, ending: 400 }
const missing = whyNoPlace('tcpdump', 'dmesg')

/** Every set of some of them. */
function sets<T>(of: readonly T[]): T[][] {
  const all: T[][] = []
  for (const one of of) all.push(...all.map((set) => [...set, one]), [one])
  return all
}
const SETS = sets(PROCESSES)

/** Numbers below 1 (mulberry32). */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Of each two, one kills everything; the phases in turn. */
function killsOf(way: number, count: number): Kill[] {
  const next = random(SEED * 1000 + way)
  return Array.from({ length: count }, (_, i) => {
    // the first ones where the most is to be lost
    const phase = PHASES[(2 - (i >> 1) + 4 * count) % 4]!
    const victims = i % 2 === 0 ? 'all' : SETS[Math.floor(next() * SETS.length)]!
    return { phase, after: next() * LENGTHS[phase], victims }
  })
}

const row = (kills: number, all: number, nothing: number, noted: number, failed: number): string =>
  [kills, all, nothing, noted, failed].map((n) => String(n).padStart(9)).join('')

describe.skipIf(missing)(`killed at once${missing ? `: ${missing}` : ''}`, () => {
  let hideAgain = async (): Promise<unknown> => undefined
  const table: string[] = []
  beforeAll(async () => {
    hideAgain = await showAllNamespaces()
  })
  afterAll(async () => {
    await hideAgain()
    if (process.env.NFWHY_KILLS_RUNS === undefined) return
    const head = ['kills', 'all', 'nothing', 'noted', 'failed'].map((word) => word.padStart(9)).join('')
    process.stdout.write(`\n${'way'.padEnd(32)}${head}\n${table.toSorted().join('\n')}\n`)
  })

  describe.concurrent.each(WAYS.map((way, i) => ({ ...way, i })))('$name', ({ i, ...way }) => {
    const count = Math.floor(RUNS / WAYS.length) + (i < RUNS % WAYS.length ? 1 : 0)
    test.skipIf(count === 0)(
      `${count} kills from seed ${SEED}`,
      { timeout: 240_000 + count * 30_000 },
      async ({ onTestFinished }) => {
        const lab = await KillingLab.open(onTestFinished, way)
        const failures: string[] = []
        let [all, nothing, noted] = [0, 0, 0]
        for (const one of killsOf(i, count)) {
          try {
            const { wereAll, result } = await lab.kill(one)
            if (wereAll) all++
            if (result === 'nothing stays') nothing++
            else noted++
          } catch (error) {
            failures.push(`${JSON.stringify(one)}: ${(error as Error).message}`)
          }
        }
        table.push(way.name.padEnd(32) + row(count, all, nothing, noted, failures.length))
        expect(failures).toEqual([])
      },
    )
  })

  const shells = PROCESSES.filter((name) => name !== 'nfwhy')
  const several: Process[][] = sets(shells).flatMap((set) => [set, ['nfwhy' as const, ...set]])
  const legacy = WAYS.find(({ name }) => name === 'legacy without nft')!
  // so that it is killed between two changes, while one is made
  const slow = { 'iptables-legacy': `case $* in *-I*TRACE) sleep 1 ;; esac\n${itself('iptables-legacy')}` }
  describe.concurrent.each([
    ['setting up', { ...legacy, instead: slow }, 350],
    ['running', legacy, 0],
  ] as const)('%s', (phase, way, after) => {
    test('whoever of the four is left restores everything, or nfwhy from here', { timeout: 300_000 }, async ({
      onTestFinished,
    }) => {
      const lab = await KillingLab.open(onTestFinished, way)
      for (const victims of some(several.filter((set) => set.length < PROCESSES.length)))
        expect(await lab.kill({ phase, after, victims }), victims.join()).toMatchObject({ result: 'nothing stays' })
    })
  })

  describe('what is told', () => {
    const nfwhy = (words: readonly string[]) =>
      new Promise<{ code: number; text: string }>((resolve) => {
        execFile(process.execPath, [BIN, ...words], (error, stdout, stderr) =>
          resolve({ code: Number(error?.code ?? 0), text: `${stdout}@@\n${stderr}` }),
        )
      })

    test('each command that asks the machine says so, with the command that restores it', async ({
      onTestFinished,
    }) => {
      const place = await TestPlace.open(onTestFinished, legacy)
      const run = place.trace(legacy.args)
      await run.says(/^Ready/m)
      const before = run.id!
      kill9(run.processes())
      await run.ended
      const line = new RegExp(`^nfwhy: .*${before}.*: nfwhy (trace --cleanup --via '[^']*')$`, 'm')
      const folder = mkdtempSync(join(tmpdir(), 'nfwhy-'))
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
      const via = ['--via', place.via]
      for (const words of [
        ['trace', '--dry-run', ...via],
        ['trace', '--for', '100ms', ...via],
        ['collect', '-o', join(folder, 'bundle'), ...via],
      ]) {
        const { text } = await nfwhy(words)
        const [, told = ''] = text.split('@@\n')
        expect(told, words.join(' ')).toMatch(line)
      }
      const doctor = await nfwhy(['doctor', ...via])
      expect(doctor.code).toBe(1)
      expect(doctor.text).toContain(`${before} was killed`)
      const [, command] = line.exec((await nfwhy(['trace', '--dry-run', ...via])).text)!
      expect((await nfwhy(shellTokens(command!).map(({ text }) => text))).code).toBe(0)
      expect((await nfwhy(['trace', '--dry-run', ...via])).text).not.toMatch(line)
    })

    // iptables-legacy could not hold its lock there
    const marked = WAYS.find(({ name }) => name === 'legacy, marked by an nft table')!
    const READ_ONLY = (path: string) => `mkdir -p ${path}; mount -t tmpfs none ${path}; mount -o remount,ro ${path}`

    test('where /run cannot be written, the note is elsewhere', async ({ onTestFinished }) => {
      const place = await TestPlace.open(onTestFinished, marked)
      await place.runThere(`${READ_ONLY('/run')}; mount -t tmpfs -o mode=1777 none /dev/shm`)
      const run = place.trace(marked.args)
      await run.says(/^Ready/m)
      expect((await place.runThere('ls /dev/shm/nfwhy-0')).output.trim()).toBe(run.id)
      kill9(run.processes())
      await run.ended
      expect((await nfwhy(['trace', '--cleanup', '--via', place.via])).text).toContain(
        'nf_log.2 = nfnetlink_log; it is',
      )
      expect((await place.runThere('ls -A /dev/shm')).output).toBe('')
    })

    test('where no folder is safe, it goes on, and says so', async ({ onTestFinished }) => {
      const place = await TestPlace.open(onTestFinished, marked)
      await place.runThere(`mount -t tmpfs -o mode=1777 none /tmp; mkdir -m 777 /tmp/nfwhy-0; chown 65534 /tmp/nfwhy-0
mount -t tmpfs -o mode=1777 none /dev/shm; ln -s /etc /dev/shm/nfwhy-0; ${READ_ONLY('/run')}`)
      const run = place.trace([...marked.args, '--for', '200ms'])
      expect((await run.ended).code).toBe(0)
      expect(run.stderr).toContain('no folder there can hold a session note')
      expect((await place.runThere('ls -A /tmp/nfwhy-0; ls /etc | grep nfwhy')).output).toBe('')
    })
  })
})
