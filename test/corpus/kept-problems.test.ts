/**
 * Problems that were played and kept (NFWHY_PROBLEMS_KEEP, test/problems/problems.test.ts), explained again without some
 * of their files: what is said and is not so, and how many are still named, for each choice of files. Plays nothing.
 *
 *     NFWHY_KEPT=/tmp/kept npx vitest run --config vitest.corpus.config.ts kept-problems
 *     NFWHY_KEPT_LESS='no routes,trace' …  # choices of files whose names begin so (test/problems/with-less.ts)
 *     NFWHY_KEPT_NAMES=docker-,kube- …     # problems whose names begin so
 *     NFWHY_KEPT_PART=0/2 …                # every second problem
 *     NFWHY_KEPT_OUT=/tmp/judged.ndjson …  # a line for each problem and choice, with all that is said
 */
import { appendFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { type Exchange, type Input, printCommand, printedExchange } from '../../src/index.ts'
import { claims } from '../problems/judge.ts'
import { PROBLEMS } from '../problems/library.ts'
import type { Problem } from '../problems/problem.ts'
import { isKnown, WITH_LESS } from '../problems/still-wrong.ts'
import { type JudgedWithLess, judgeWithLess, LESS } from '../problems/with-less.ts'

const { NFWHY_KEPT: folder, NFWHY_KEPT_OUT: out } = process.env
const begins = (asked: string | undefined) => (name: string) =>
  !asked || asked.split(',').some((start) => name.startsWith(start))
const [part, parts] = (process.env.NFWHY_KEPT_PART ?? '0/1').split('/').map(Number) as [number, number]

const kept = PROBLEMS.filter(({ name }) => folder !== undefined && existsSync(join(folder, name)))
  .filter((_, i) => i % parts === part)
  .filter(({ name }) => begins(process.env.NFWHY_KEPT_NAMES)(name))
const choices = Object.keys(LESS).filter(begins(process.env.NFWHY_KEPT_LESS))
if (kept.length === 0) console.warn('no problems are judged with less: NFWHY_KEPT names no folder with any')

it.skipIf(kept.length === 0)(
  'says of no problem what is not so, whatever files are missing',
  async () => {
    if (out !== undefined) writeFileSync(out, '')
    const figures: object[] = []
    const wrong: string[] = []
    for (const less of choices) {
      const figure = { less, problems: 0, named: 0, 'wrong problems': 0, wrong: 0, undetermined: 0, 'fixes tried': 0 }
      for (const problem of kept) {
        const inputs = inputsOf(problem)
        if (less !== 'all files' && inputs.every(({ name }) => LESS[less]!(name))) continue
        const judged = await judgeWithLess(problem, inputs, LESS[less]!, sportOf(problem))
        if (out !== undefined) appendFileSync(out, `${JSON.stringify({ less, ...told(problem, judged) })}\n`)
        figure.problems++
        if (judged.named) figure.named++
        if (judged.wrong.length > 0) figure['wrong problems']++
        figure.wrong += judged.wrong.length
        if (judged.exchange?.status === 'undetermined') figure.undetermined++
        if (fixesOf(judged.exchange).some(claims)) figure['fixes tried']++
        const unknown = judged.wrong.filter((said) => !isKnown(WITH_LESS, problem.name, said))
        wrong.push(...unknown.map((said) => `${problem.name}, ${less}: ${said}`))
      }
      figures.push(figure)
    }
    console.table(figures)
    expect(wrong).toEqual([])
  },
  3_600_000,
)

function inputsOf({ name }: Problem): Input[] {
  const own = join(folder!, name)
  return readdirSync(own, { recursive: true, encoding: 'utf8' })
    .filter((file) => statSync(join(own, file)).isFile())
    .map((file) => ({ name: file, bytes: readFileSync(join(own, file)) }))
}

/** The port that what fails was sent from. */
function sportOf({ name }: Problem): number | undefined {
  const path = join(folder!, `${name}.json`)
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as { sport?: number }).sport : undefined
}

const fixesOf = (exchange: Exchange | undefined) =>
  exchange ? printedExchange(exchange).findings.flatMap(({ fix }) => fix) : []

const told = ({ name, truth }: Problem, { exchange, named, wrong }: JudgedWithLess) => ({
  name,
  truth: truth.status,
  status: exchange?.status,
  basis: exchange?.basis,
  named,
  wrong,
  findings: exchange?.findings.map(({ code, severity, message }) => `${severity} ${code}: ${message}`),
  claimed: fixesOf(exchange)
    .filter(claims)
    .map(({ command }) => (command ? printCommand(command) : '')),
})
