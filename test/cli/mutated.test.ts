import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Groups, single } from '../../src/analysis/groups.ts'
import { runCaptures } from '../../src/analysis/run.ts'
import { worstFirst } from '../../src/analysis/worst-first.ts'
import { readInputs } from '../../src/cli/inputs.ts'
import { Progress } from '../../src/cli/progress.ts'
import type { Journey } from '../../src/model/journey.ts'
import { UserError } from '../../src/model/user-error.ts'
import { FORMS } from '../../src/reports/index.ts'
import { journeyDocument } from '../../src/reports/journey-document.ts'
import { cpu } from '../cpu.ts'
import { printed } from '../printed.ts'
import { checkJourney } from '../schemas.ts'
import { share } from '../share.ts'
import { changes, mutate } from './mutate.ts'
import { folder } from './nfwhy.ts'

const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url))
const RUNS = Number(process.env.NFWHY_RUNS ?? share(250))
/** One run takes a few. Milliseconds of processor time. */
const SLOW = 5000

/** Every example's files: its name → content. */
const examples = readdirSync(EXAMPLES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) =>
    readdirSync(join(EXAMPLES, name), { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .map((entry) => ({ name: entry.name, bytes: new Uint8Array(readFileSync(join(entry.parentPath, entry.name))) })),
  )

/** As `nfwhy explain` does it, in every form; undefined where it is refused with a sentence. */
async function explainAll(path: string): Promise<Journey[] | undefined> {
  try {
    const inputs = await readInputs([path], [])
    if (inputs.captures.length === 0) return undefined
    const journeys: Journey[] = []
    const groups = new Groups(() => true)
    const take = (closed: Parameters<Parameters<typeof runCaptures>[1]>[0]) => {
      groups.add(closed)
      journeys.push(closed.explain())
    }
    const stats = await runCaptures(inputs, take, { idle: 1, progress: new Progress() })
    for (const form of Object.values(FORMS)) {
      const writer = form.open({ full: journeys.length % 2 === 0 })
      const list = form.folds ? worstFirst(groups.list) : journeys.map(single)
      writer.begin(form.folds ? list : undefined)
      for (const group of list) writer.journey(group)
      writer.end({ inputs: inputs.files, warnings: inputs.warnings, stats })
    }
    return journeys
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    expect(error.message).not.toBe('')
    return undefined
  }
}

describe('files that were damaged', () => {
  const damaged = fc.nat(examples.length - 1).chain((which) =>
    fc.record({
      which: fc.constant(which),
      list: fc.array(changes, { minLength: 0, maxLength: examples[which]!.length }),
    }),
  )

  test(
    'are explained as far as they go, or refused with a sentence; never more, and in no time',
    async () => {
      const cwd = folder()
      let [explained, runs] = [0, 0]
      await fc.assert(
        fc.asyncProperty(damaged, async ({ which, list }) => {
          examples[which]!.forEach(({ name, bytes }, i) => {
            writeFileSync(join(cwd, name), mutate(bytes, list[i] ?? []))
          })
          const from = cpu()
          const journeys = await explainAll(cwd)
          expect(cpu() - from).toBeLessThan(SLOW)
          for (const journey of journeys ?? []) checkJourney(printed(journeyDocument(journey)))
          runs++
          if (journeys) explained++
        }),
        { numRuns: RUNS },
      )
      // else the damage was such that nothing was judged
      expect(explained).toBeGreaterThan(runs / 10)
    },
    RUNS * 1000 + 60_000,
  )
})
