/**
 * Every sniffer, reader and redactor takes what strangers wrote in time and memory that grow as its length does. Here a
 * share of all attacks; `npm run hostile` runs more of them, with longer inputs.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ROOT } from '../docs/sources.ts'
import { stride } from '../share.ts'
import { buildHarness, runHarness } from './run.ts'

/** Attacks on each subject. */
const SHARE = Number(process.env.NFWHY_HOSTILE_SHARE ?? 2)
/** Of all attacks one in so many; each where somebody says how many he wants. */
const STEP = process.env.NFWHY_HOSTILE_SHARE === undefined ? stride(1) : 1
/** Bytes of the longest input. */
const MOST = Number(process.env.NFWHY_HOSTILE_MOST ?? 1 << 18)
const SEED = Number(process.env.NFWHY_HOSTILE_SEED ?? 1)
const ONLY = process.env.NFWHY_HOSTILE_ONLY ?? ''
const ATTACK = process.env.NFWHY_HOSTILE_ATTACK ?? ''
/** Of JavaScript's memory; Node, the code and the fixtures take some 60. */
const MEGABYTES = 200 + Math.ceil((100 * MOST) / 1e6)

const folder = join(ROOT, `tmp/hostile-${process.pid}`)
let program: string
beforeAll(async () => {
  mkdirSync(folder, { recursive: true })
  program = await buildHarness(folder)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test(
  'twice the input takes at most 2.5 times the time',
  async () => {
    const work = { seed: SEED, share: SHARE, step: STEP, most: MOST, only: ONLY, attack: ATTACK }
    const { attacks, problems, slow } = await runHarness(program, work, MEGABYTES, (line) =>
      process.stderr.write(`${line}\n`),
    )
    process.stderr.write(
      `${attacks} attacks with seed ${SEED}; ${slow.length} slow\n${slow.map((line) => `${line}\n`).join('')}`,
    )
    expect(problems).toEqual([])
    expect(attacks).toBeGreaterThan(0)
  },
  24 * 3_600_000,
)
