/**
 * The library's problems in other words (variants/): is the cause still named, and is still nothing said that is not so?
 *
 *     NFWHY_VARIANTS=sixes,wrapped npx vitest run test/problems/variants.test.ts   # all of these kinds
 *     NFWHY_VARIANTS_OF=docker-,kube- …                        # of these problems alone, with what is said of each
 *     NFWHY_VARIANTS_KEEP=/tmp/kept …                          # and keeps what was collected, and an outcome of each
 */
import { appendFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { whyNoLab } from '../kernel/lab/available.ts'
import { holdLogs } from '../kernel/lab/hold-logs.ts'
import { isPlayedHere } from '../kernel/lab/lane.ts'
import { whyNot } from '../kernel/namespaces.ts'
import { keepInputs } from './keep.ts'
import { isInShare, PROBLEMS } from './library.ts'
import { type Played, play } from './play.ts'
import type { Problem } from './problem.ts'
import { isLogged } from './trace.ts'
import { VARIANTS } from './variants/index.ts'

const asked = process.env.NFWHY_VARIANTS
const of = process.env.NFWHY_VARIANTS_OF?.split(',')
const kept = process.env.NFWHY_VARIANTS_KEEP
/** Without being told otherwise, one of so many of each kind. */
const SHARE = 80

interface Varied {
  kind: string
  problem: Problem
}

const varied: readonly Varied[] = Object.entries(VARIANTS).flatMap(([kind, change]) => {
  if (asked !== undefined && !asked.split(',').includes(kind)) return []
  const all = PROBLEMS.flatMap((one) => change(one) ?? [])
  return all
    .filter(({ name }) =>
      of ? of.some((prefix) => name.startsWith(prefix)) : asked !== undefined || isInShare(`${kind} ${name}`, SHARE),
    )
    .filter((one) => isPlayedHere(isLogged(one), false))
    .map((problem) => ({ kind, problem }))
})
const figures: Record<string, number> = {}

const reason = whyNot('nft', 'iptables-nft', 'ipset', 'ss', 'conntrack', 'dmesg', 'ping') ?? (await whyNoLab())
if (reason) console.warn(`no problems are played in other words: ${reason}`)

describe.skipIf(reason)('problems in other words', () => {
  holdLogs()
  afterAll(() => console.info(JSON.stringify(figures)))

  const [logged, traced] = [true, false].map((is) => varied.filter(({ problem }) => isLogged(problem) === is))
  it.concurrent.each(traced!)('$kind: $problem.name', check)
  it.each(logged!)('$kind: $problem.name', check)

  async function check({ kind, problem }: Varied): Promise<void> {
    const one = await played(problem)
    // other words, other traffic: no such problem, then
    if ('broken' in one || one.differences.length > 0) return note(kind, problem, 'no such problem', one)
    const { judgement, fix } = one
    note(kind, problem, judgement.named ? 'named' : 'not named', one)
    if (fix.command !== undefined) note(kind, problem, fix.result)
    expect(judgement.wrong).toEqual([])
    expect(['differs', 'refused', 'missing']).not.toContain(fix.undo)
  }
})

async function played(problem: Problem): Promise<Played | { broken: string }> {
  try {
    return await play(problem)
  } catch (error) {
    return { broken: (error as Error).message }
  }
}

function note(kind: string, problem: Problem, what: string, one?: Played | { broken: string }): void {
  figures[`${kind}: ${what}`] = (figures[`${kind}: ${what}`] ?? 0) + 1
  if (kept === undefined || one === undefined) return
  const folder = join(kept, kind)
  mkdirSync(folder, { recursive: true })
  const told =
    'broken' in one
      ? one
      : {
          ...{ status: one.exchange?.status, judgement: one.judgement, fix: one.fix, differences: one.differences },
          findings: one.exchange?.findings.map(({ code, severity, message }) => `${severity} ${code}: ${message}`),
        }
  appendFileSync(join(folder, 'outcomes.jsonl'), `${JSON.stringify({ name: problem.name, what, ...told })}\n`)
  if ('inputs' in one) keepInputs(join(folder, problem.name), one.inputs)
}
