/**
 * Problems that were played and kept (NFWHY_PROBLEMS_KEEP with NFWHY_PROBLEMS_FORMS, test/problems/problems.test.ts),
 * explained again with the same facts in other forms (test/problems/forms): is the answer the same? Plays nothing.
 *
 *     NFWHY_KEPT=/tmp/kept npx vitest run --config vitest.corpus.config.ts kept-forms
 *     NFWHY_KEPT_FORMS='pasted,log: dmesg' … # forms whose names begin so
 *     NFWHY_KEPT_NAMES=docker-,kube- …       # problems whose names begin so
 *     NFWHY_KEPT_PART=0/2 …                  # every second problem
 *     NFWHY_KEPT_WRITE=/tmp/forms …          # and writes the files of each form into NAME/FORM, for `nfwhy explain`
 *     NFWHY_KEPT_OUT=/tmp/judged.ndjson …    # a line for each problem and form, with all that is said
 */
import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { type Asked, tsharkOf } from '../problems/forms/asked.ts'
import { FORMS } from '../problems/forms/index.ts'
import { type JudgedForm, judgeForm } from '../problems/forms/judge.ts'
import { bytesOf, encodingOf, inputsOf, type Kept } from '../problems/forms/kept.ts'
import { keepInputs } from '../problems/keep.ts'
import { PROBLEMS } from '../problems/library.ts'
import type { Problem } from '../problems/problem.ts'
import { judgeWithLess } from '../problems/with-less.ts'

const { NFWHY_KEPT: folder, NFWHY_KEPT_OUT: out, NFWHY_KEPT_WRITE: written } = process.env
const begins = (asked: string | undefined) => (name: string) =>
  !asked || asked.split(',').some((start) => name.startsWith(start))
const [part, parts] = (process.env.NFWHY_KEPT_PART ?? '0/1').split('/').map(Number) as [number, number]

const problems = PROBLEMS.filter(({ name }) => folder !== undefined && existsSync(join(folder, name)))
  .filter((_, i) => i % parts === part)
  .filter(({ name }) => begins(process.env.NFWHY_KEPT_NAMES)(name))
const forms = Object.keys(FORMS).filter(begins(process.env.NFWHY_KEPT_FORMS))
if (problems.length === 0) console.warn('no problems are judged in other forms: NFWHY_KEPT names no folder with any')

it.skipIf(problems.length === 0)(
  'says of no problem what is not so, in whatever form it comes',
  async () => {
    if (out !== undefined) writeFileSync(out, '')
    const figures: Record<string, Record<string, number>> = {}
    const wrong: string[] = []
    for (const problem of problems) {
      const kept = keptOf(problem)
      const sport = sportOf(problem)
      const asKept = await judgeWithLess(problem, inputsOf(kept.files), () => true, sport)
      for (const form of forms) {
        const inputs = FORMS[form]!(kept)
        if (!inputs) continue
        if (written !== undefined) keepInputs(join(written, problem.name, form.replaceAll(/[^\w.-]+/g, '-')), inputs)
        const one = await judgeForm(problem, inputs, sport, asKept)
        figures[form] ??= { problems: 0, same: 0, less: 0, wrong: 0, error: 0, differs: 0, warned: 0 }
        const figure = figures[form]!
        figure.problems!++
        figure[one.outcome]!++
        if (one.outcome === 'same' && one.lost.length + one.gained.length > 0) figure.differs!++
        if (Object.keys(one.warned).length > 0) figure.warned!++
        if (one.outcome === 'wrong' || one.outcome === 'error')
          wrong.push(`${form}: ${problem.name}: ${one.error ?? one.judged?.wrong.join(' | ')}`)
        if (out !== undefined)
          appendFileSync(out, `${JSON.stringify({ form, ...told(problem, one, asKept.exchange?.status) })}\n`)
      }
    }
    console.table(figures)
    expect(wrong).toEqual([])
  },
  3_600_000,
)

function keptOf({ name }: Problem): Kept {
  const own = join(folder!, name)
  const files = Object.fromEntries(
    readdirSync(own)
      .sort()
      .map((file) => [file, readFileSync(join(own, file), encodingOf(file))]),
  )
  const path = `${own}.asked.json`
  const asked = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Asked) : {}
  const pcap = files['nflog.pcap']
  return { files, asked: { ...asked, ...(pcap === undefined ? {} : tsharkOf(bytesOf('nflog.pcap', pcap))) } }
}

/** The port that what fails was sent from. */
function sportOf({ name }: Problem): number | undefined {
  const path = join(folder!, `${name}.json`)
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as { sport?: number }).sport : undefined
}

const told = ({ name, truth }: Problem, { judged, ...one }: JudgedForm, keptStatus: string | undefined) => ({
  name,
  ...one,
  truth: truth.status,
  keptStatus,
  status: judged?.exchange?.status,
  named: judged?.named,
  wrong: judged?.wrong,
  findings: judged?.exchange?.findings.map(({ code, severity, message }) => `${severity} ${code}: ${message}`),
})
