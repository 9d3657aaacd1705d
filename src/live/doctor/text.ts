/** A diagnosis as text: what works, shortly, and then what does not, with the mend. */
import { command, operands } from '../../model/command.ts'
import type { FormOptions } from '../../reports/form.ts'
import { wrap, wrapCommand } from '../../reports/text/layout.ts'
import { Page } from '../../reports/text/page.ts'
import type { Style } from '../../reports/text/paint.ts'
import type { TraceHost } from '../trace-host.ts'
import type { Diagnosis } from './diagnose.ts'
import { isProblem } from './diagnose.ts'
import type { Mend, Problem } from './problem.ts'
import { type Proof, WAY_WORDS } from './prove.ts'
import { typedMend } from './typed.ts'
import { type Work, worksOf } from './works.ts'

const COLOURS: Readonly<Record<Problem['severity'], Style>> = { error: 'red', warning: 'yellow', note: 'cyan' }
const WORK_COLUMN = 13

/** `named`: several places were asked. */
export function diagnosisText(
  { place, facts, problems }: Diagnosis,
  filter: string | undefined,
  options: Partial<FormOptions>,
  named: boolean,
): string {
  const page = new Page(options)
  if (named) page.line(page.paint(page.clean(place.name), 'bold'))
  if (!problems.some(isProblem)) {
    writeHealthy(page, place.prefix.length === 0 ? undefined : place.name, filter)
    page.line()
  }
  for (const problem of problems) {
    writeProblem(page, page.clean(typedProblem(place, problem)))
    page.line()
  }
  for (const work of worksOf(facts, place)) writeWork(page, page.clean(work))
  return page.take()
}

function writeWork(page: Page, { works, what, text }: Work): void {
  const sign = works === 'yes' ? page.marks.good : works === 'no' ? page.marks.until : page.marks.unsure
  const style: Style = works === 'yes' ? 'green' : works === 'no' ? 'dim' : 'yellow'
  const lines = wrap(text, page.width - WORK_COLUMN)
  lines.forEach((line, i) => {
    const head = i === 0 ? `${page.paint(sign, style)} ${what.padEnd(WORK_COLUMN - 2)}` : ' '.repeat(WORK_COLUMN)
    page.line(head + line)
  })
}

const typedProblem = (place: TraceHost, { fix, ...rest }: Problem): Problem => ({
  ...rest,
  ...(fix ? { fix: typedMend(place, fix) } : {}),
})

function writeProblem(page: Page, { severity, message, evidence, fix }: Problem): void {
  const mark = page.marks[severity === 'error' ? 'bad' : severity === 'warning' ? 'look' : 'until']
  wrap(message, page.width - 2).forEach((line, i) => {
    page.line(page.paint(`${i === 0 ? mark : ' '} ${line}`, COLOURS[severity], 'bold'))
  })
  page.row('seen', evidence, { style: 'dim' })
  if (fix) writeMend(page, fix)
}

export function writeMend(page: Page, { description, commands, undo, safe, unsafe }: Mend): void {
  page.row('fix', commands ? `${description}:` : description, { labelStyle: 'green' })
  for (const command of commands ?? [])
    page.rows(
      '',
      wrapCommand(command, page.room - 2, page.printing).map((line) => `  ${line}`),
      { style: 'bold' },
    )
  for (const [n, command] of (undo ?? []).entries()) {
    const lines = wrapCommand(command, page.room - 8, page.printing)
    page.rows(
      '',
      lines.map((line, i) => `${n + i === 0 ? '  undo: ' : '        '}${line}`),
      { style: 'dim' },
    )
  }
  if (commands && !safe && unsafe !== undefined) page.rows('', wrap(`(not run by --fix: ${unsafe})`, page.room))
}

/** Nothing, where nothing was to be proved. */
export function proofsText(proofs: readonly Proof[], options: Partial<FormOptions>): string {
  const page = new Page(options)
  for (const where of ['throw-away', 'here'] as const) {
    const of = proofs.filter((proof) => proof.where === where)
    if (of.length === 0) continue
    page.line()
    page.line(where === 'here' ? 'A test packet in this namespace:' : 'A test packet in a throw-away namespace:')
    for (const { way, result, said } of page.clean(of)) {
      const sign = result === 'seen' ? page.marks.good : result === 'not-seen' ? page.marks.bad : page.marks.until
      const style: Style = result === 'seen' ? 'green' : result === 'not-seen' ? 'red' : 'dim'
      const words = { seen: 'was seen by', 'not-seen': 'was not seen by', 'not-tried': 'was not tried with' }[result]
      const [first = '', ...rest] = wrap(`${words} ${WAY_WORDS[way]}`, page.width - 2)
      page.line(`${page.paint(sign, style)} ${first}`)
      for (const line of [...rest, ...wrap(said, page.width - 4).map((one) => `  ${page.paint(one, 'dim')}`)])
        page.line(`  ${line}`)
    }
  }
  return page.take()
}

function writeHealthy(page: Page, via: string | undefined, filter: string | undefined): void {
  page.line(page.paint(`${page.marks.good} No problem was found.`, 'green', 'bold'))
  const place = via === undefined ? [] : ['--via', via]
  const trace = command('nfwhy', 'trace', ...place, ...operands(filter ?? ''))
  page.rows('next', wrapCommand(trace, page.room, page.printing), { style: 'bold' })
  if (filter === undefined) page.rows('', ["(add a filter for your packets: 'tcp dst port 80')"])
}
