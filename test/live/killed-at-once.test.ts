/**
 * nfwhy and the shells that hold its session are killed, one, some or all at once, in every phase and every way to trace. A
 * bounded share; `npm run kills -- --runs 200` kills as often as one likes, and prints a table.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { showAllNamespaces } from './lab/kernel-log.ts'
import { type Kill, KillingLab, PHASES, type Phase, PROCESSES, type Process } from './lab/killing.ts'
import { whyNoPlace } from './lab/place.ts'
import { WAYS } from './lab/ways.ts'

const RUNS = Number(process.env.NFWHY_KILLS_RUNS ?? 14)
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
      { timeout: 60_000 + count * 30_000 },
      async ({ onTestFinished }) => {
        const lab = await KillingLab.open(onTestFinished, way)
        const failures: string[] = []
        let [all, nothing, noted] = [0, 0, 0]
        for (const one of killsOf(i, count)) {
          try {
            const { victims, result } = await lab.kill(one)
            if (victims.includes('all of')) all++
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
  const some: Process[][] = sets(shells).flatMap((set) => [set, ['nfwhy' as const, ...set]])
  describe.concurrent.each(['setting up', 'running'] as const)('%s', (phase) => {
    test('whoever of the four is left takes all back, or nfwhy from here', { timeout: 240_000 }, async ({
      onTestFinished,
    }) => {
      const lab = await KillingLab.open(onTestFinished, WAYS.find(({ name }) => name === 'legacy without nft')!)
      for (const victims of some.filter((set) => set.length < PROCESSES.length))
        expect(await lab.kill({ phase, after: phase === 'running' ? 0 : 350, victims }), victims.join()).toMatchObject({
          result: 'nothing stays',
        })
    })
  })
})
