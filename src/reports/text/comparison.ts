/** Two journeys side by side; below each other where the terminal is narrow. */
import type { Both, Comparison, Parting, SideName } from '../../analysis/compare.ts'
import { single } from '../../analysis/groups.ts'
import { columns } from '../../model/columns.ts'
import type { Journey, Step } from '../../model/journey.ts'
import type { FormOptions } from '../form.ts'
import { ruleName, whereWords } from '../journey-words.ts'
import { changeWords, fieldName } from '../packet-words.ts'
import { stepName, stepWords } from '../step-words.ts'
import { writeHead } from './head.ts'
import { pad, wrap, wrapRule } from './layout.ts'
import { Page } from './page.ts'
import type { Style } from './paint.ts'
import { writeSteps } from './steps.ts'

/** From here on there is room for two columns. */
const WIDE = 110
const GAP = 3
const SIDES: readonly SideName[] = ['a', 'b']

/** A line of one side, painted whole. */
interface Line {
  text: string
  style?: Style
}

export function comparisonText(comparison: Comparison, options: Partial<FormOptions> = {}): string {
  const page = new Page(options)
  const shown = page.clean(comparison)
  const say = (sentence: string, style?: Style) => {
    for (const line of wrap(sentence, page.width)) page.line(style ? page.paint(line, style) : line)
  }
  say(shown.parted ? `A and B diverge ${partingWords(shown, shown.parted)}.` : 'A and B do not diverge.', 'bold')
  page.line()
  for (const side of SIDES) {
    page.line(page.paint(side.toUpperCase(), 'bold'))
    writeHead(page, single(shown.journeys[side]))
  }
  page.line()
  if (shown.differs.length > 0) say(`They differ in ${differences(shown)}.`)
  say(`They share ${commonWords(shown)}.`)
  page.line()
  writeSides(page, shown)
  if (page.full)
    for (const side of SIDES) {
      page.line()
      page.line(page.paint(`${side.toUpperCase()}, every step`, 'bold'))
      writeSteps(page, shown.journeys[side])
    }
  return page.take()
}

/** `port 52000 / 80`, those of A first. */
const differences = ({ differs }: Comparison): string =>
  differs.map(({ field, a = '?', b = '?' }) => `${fieldName(field)} ${a} / ${b}`).join(', ')

function commonWords({ common, parted, journeys, detours }: Comparison): string {
  const words = [common === 0 ? 'no step' : `${common} ${common === 1 ? 'step' : 'steps'}`]
  const last = lastCommon(journeys.a, parted)
  if (!parted) words.push('to the end')
  else if (last && common > 0) words.push(`up to ${stepName(last)}`)
  const places = detours.map(({ a }) => stepName(journeys.a.steps.find((one) => one.n === a)!))
  if (places.length > 0) words.push(`(except ${places.join(', ')}, which changed nothing)`)
  return words.join(' ')
}

/** The step of A before they part. */
function lastCommon({ steps }: Journey<unknown>, parted: Parting | undefined): Step | undefined {
  const at = parted?.steps.a
  return at === undefined ? steps.at(-1) : steps.find((one) => one.n === at - 1)
}

function writeSides(page: Page, comparison: Comparison): void {
  const two = page.width >= WIDE
  const width = two ? Math.floor((page.width - GAP) / 2) : page.width
  const sides: Both<Line[]> = {
    a: sideLines(page, comparison, 'a', width - INDENT),
    b: sideLines(page, comparison, 'b', width - INDENT),
  }
  const paint = ({ text, style }: Line) => (style ? page.paint(text, style) : text)
  if (!two) {
    for (const side of SIDES) {
      page.line(page.paint(side.toUpperCase(), 'bold'))
      for (const line of sides[side]) page.line(' '.repeat(INDENT) + paint(line))
    }
    return
  }
  const [left, right] = [
    [{ text: 'A', style: 'bold' as const }, ...sides.a.map(indented)],
    [{ text: 'B', style: 'bold' as const }, ...sides.b.map(indented)],
  ]
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const [one, other] = [left[i] ?? { text: '' }, right[i] ?? { text: '' }]
    page.line(`${paint(one)}${pad('', width - columns(one.text) + GAP)}${paint(other)}`)
  }
}

const INDENT = 3
const indented = ({ text, ...rest }: Line): Line => ({ text: ' '.repeat(INDENT) + text, ...rest })

function partingWords({ journeys }: Comparison, { at, matched, rule, steps }: Parting): string {
  const [a, b] = [stepAt(journeys.a, steps.a), stepAt(journeys.b, steps.b)]
  switch (at) {
    case 'end':
      return `where ${a ? 'B' : 'A'} ends and ${a ? 'A' : 'B'} goes on`
    case 'hook':
      return `at routing, which sends A to ${a?.hook ?? '?'} and B to ${b?.hook ?? '?'}`
    case 'table':
      return `where A traverses table ${a?.table ?? '?'} and B traverses table ${b?.table ?? '?'}`
    default:
      return matched && rule
        ? `at ${ruleName(rule)}, which matches only ${matched.toUpperCase()}`
        : `in chain ${a?.chain ?? '?'}`
  }
}

const stepAt = ({ steps }: Journey<unknown>, n: number | undefined) => steps.find((one) => one.n === n)

/** What one of them met where they part, and what became of it. */
function sideLines(page: Page, { journeys, parted, after }: Comparison, side: SideName, width: number): Line[] {
  const journey = journeys[side]
  const lines: Line[] = []
  const add = (texts: readonly string[], style?: Style) => {
    for (const text of texts) lines.push(style ? { text, style } : { text })
  }
  const under = (texts: readonly string[], style: Style) =>
    add(
      texts.map((text) => `  ${text}`),
      style,
    )
  const step = stepAt(journey, parted?.steps[side])
  if (parted?.matched !== undefined && parted.rule) {
    const matches = parted.matched === side
    add(wrap(`${ruleName(parted.rule)} ${matches ? 'matches' : notMatched(parted)}`, width))
    if (matches && parted.rule.rule !== undefined) under(wrapRule(parted.rule.rule, width - 2), 'dim')
    if (!matches && step) add(wrap(`next: ${stepWords(step, page.marks)}`, width))
  } else if (step) {
    add(wrap(stepWords(step, page.marks), width))
    if (step.rule !== undefined) under(wrapRule(step.rule, width - 2), 'dim')
  }
  for (const n of after[side]) {
    const telling = stepAt(journey, n)
    if (!telling || (telling === step && telling.changes.length === 0)) continue
    if (telling !== step) {
      add(wrap(stepWords(telling, page.marks), width))
      if (telling.rule !== undefined) under(wrapRule(telling.rule, width - 2), 'dim')
    }
    for (const change of telling.changes) under(wrap(changeWords(change, page.marks), width - 2), 'yellow')
  }
  add([`${journey.outcome.toUpperCase()} ${whereWords(journey) ?? ''}`.trimEnd()], 'bold')
  return lines
}

function notMatched({ failed, unknown }: Parting): string {
  if (failed.length > 0) return `does not match: ${failed.join(', ')} ${failed.length > 1 ? 'fail' : 'fails'}`
  return unknown.length > 0 ? `does not match (the condition ${unknown.join(', ')} is unknown)` : 'does not match'
}
