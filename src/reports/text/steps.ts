/** Every step of a journey, under the hooks in which it happened. */

import { columns } from '../../model/columns.ts'
import type { Journey, Step, UnmatchedRule } from '../../model/journey.ts'
import { changeWords } from '../packet-words.ts'
import { stepWords, withoutChain } from '../step-words.ts'
import { wrap, wrapRule } from './layout.ts'
import type { Page } from './page.ts'
import type { Style } from './paint.ts'

/** Deeper jumps are not set in further. */
const DEEPEST = 8
/** The rule's text is set in from its name. */
const INSET = 4

export function writeSteps(page: Page, { steps, culprit }: Journey<unknown>): void {
  const digits = String(steps.at(-1)?.n ?? 0).length
  let heading: string | undefined
  for (const step of steps) {
    const here = hookWords(step)
    if (here !== heading) {
      page.line()
      page.line(`  ${page.paint(here, 'cyan')}`)
      heading = here
    }
    for (const rule of step.unmatched ?? []) writeUnmatched(page, step, rule, digits)
    writeStep(page, step, digits, step.n === culprit?.step)
  }
}

function hookWords({ hook, in: input, out }: Step): string {
  const words = [hook ?? 'at an unknown hook']
  if (input !== undefined) words.push(`in ${input}`)
  if (out !== undefined) words.push(`out ${out}`)
  return words.join('  ')
}

/** In front of the step that came next. */
function writeUnmatched(
  page: Page,
  step: Step,
  { ruleNumber, rule, failed, unknown = [] }: UnmatchedRule,
  digits: number,
): void {
  const front = ' '.repeat(digits + 4 + 2 * Math.min(step.depth ?? 0, DEEPEST))
  const why = failed.length > 0 ? `no: ${failed.join(', ')}` : `not known: ${unknown.join(', ')}`
  const room = page.width - columns(front) - INSET
  const lines = [
    ...wrap(`${ruleNumber} ${why}`, room),
    ...wrapRule(withoutChain(rule), room).map((line) => `  ${line}`),
  ]
  for (const line of lines) page.line(front + page.paint(line, 'dim'))
}

function writeStep(page: Page, step: Step, digits: number, guilty: boolean): void {
  const { marks, paint } = page
  const mark = guilty ? marks.culprit : ' '
  const front = `${mark} ${String(step.n).padStart(digits)}  ${'  '.repeat(Math.min(step.depth ?? 0, DEEPEST))}`
  const indent = columns(front)
  const write = (lines: readonly string[], style?: Style) => {
    for (const line of lines) page.line(' '.repeat(indent + INSET) + (style ? paint(line, style) : line))
  }
  const [name = '', ...more] = wrap(stepWords(step, marks), page.width - indent - INSET)
  page.line(paint(front, guilty ? 'bold' : 'dim') + (guilty ? paint(name, 'bold') : name))
  write(more)
  if (step.rule !== undefined) write(wrapRule(withoutChain(step.rule), page.width - indent - INSET), 'dim')
  for (const change of step.changes) write([changeWords(change, marks)], 'yellow')
}
