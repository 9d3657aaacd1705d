/** The rules that decided, with how many packets each. */

import { columns } from '../../model/columns.ts'
import { countWords } from '../../model/count-words.ts'
import { withoutChain } from '../../reports/step-words.ts'
import { MARK_STYLES } from '../../reports/text/head.ts'
import { cutEnd, cutMiddle, pad, wrapRule } from '../../reports/text/layout.ts'
import type { Page } from '../../reports/text/page.ts'
import { shortName } from '../../reports/text/why.ts'
import type { Counts, RuleCount } from './state.ts'

const ORDER = { bad: 0, unsure: 1, look: 2, good: 3 } as const
/** Columns for a rule's name at most, and those that its text needs to be worth showing. */
const NAME_MOST = 32
const TEXT_LEAST = 12
/** With fewer columns the mark alone tells what became of the packets. */
const ROOMY = 56

/** What stopped packets first, then by number. */
const sorted = ({ rules }: Counts): RuleCount[] =>
  [...rules.values()].sort((a, b) => ORDER[a.mark] - ORDER[b.mark] || b.count - a.count)

/** A rule a line, at most so many; that there are more is told in the last of them. */
export function ruleLines(counts: Counts, page: Page, width: number, rows: number): string[] {
  const { shown, left } = fitting(counts, rows)
  const fronts = frontsOf(shown, page, width)
  const room = Math.max(0, width - columns(fronts[0] ?? ''))
  const names = shown.map(({ deciding }) => nameOf(deciding, page, Math.min(room, NAME_MOST)))
  const nameColumns = Math.max(0, ...names.map(columns))
  const lines = shown.map(({ deciding, mark }, i) => {
    const text = textOf(deciding, page)
    const textColumns = room - nameColumns - 2
    const rule =
      text === '' || textColumns < TEXT_LEAST
        ? names[i]!
        : `${pad(names[i]!, nameColumns)}  ${page.paint(cutEnd(text, textColumns, page.marks.cut), 'dim')}`
    return page.paint(fronts[i]!, MARK_STYLES[mark]) + rule
  })
  return rows > 0 && left > 0 ? [...lines, othersLine(page, left)] : lines
}

/** The same with each rule's text below its name: all of it where there is no end of rows, else a line. */
export function ruleBlocks(counts: Counts, page: Page, width: number, rows = Number.POSITIVE_INFINITY): string[] {
  const { shown, left } = fitting(counts, Math.floor(rows / 2))
  const fronts = frontsOf(shown, page, width)
  const inset = columns(fronts[0] ?? '')
  const room = Math.max(1, width - inset)
  const lines = shown.flatMap(({ deciding, mark }, i) => {
    const text = textOf(deciding, page)
    const texts = text === '' ? [] : wrapRule(text, room)
    const below = rows === Number.POSITIVE_INFINITY || texts.length < 2 ? texts : [cutEnd(text, room, page.marks.cut)]
    return [
      page.paint(fronts[i]!, MARK_STYLES[mark]) + page.paint(nameOf(deciding, page, room), 'bold'),
      ...below.map((text) => ' '.repeat(inset) + page.paint(text, 'dim')),
    ]
  })
  return left > 0 ? [...lines, othersLine(page, left)] : lines
}

/** The rules that have room, and how many packets the others decided on. */
function fitting(counts: Counts, rows: number): { shown: RuleCount[]; left: number } {
  const all = sorted(counts)
  const shown = all.slice(0, all.length > rows || counts.otherRules > 0 ? Math.max(0, rows - 1) : rows)
  return { shown, left: all.slice(shown.length).reduce((sum, { count }) => sum + count, counts.otherRules) }
}

const othersLine = ({ paint }: Page, left: number) => paint(`  and ${countWords(left)} by other rules`, 'dim')

/** `✗ 1,200 dropped  `, all of one width. */
function frontsOf(shown: readonly RuleCount[], { marks }: Page, width: number): string[] {
  const digits = Math.max(0, ...shown.map(({ count }) => countWords(count).length))
  const words = width < ROOMY ? 0 : Math.max(0, ...shown.map(({ outcome }) => outcome.length))
  return shown.map(({ mark, count, outcome }) => {
    const word = words === 0 ? '' : ` ${pad(outcome, words)}`
    return `${marks[mark]} ${countWords(count).padStart(digits)}${word}  `
  })
}

function nameOf(deciding: RuleCount['deciding'], page: Page, width: number): string {
  const name = 'ref' in deciding ? shortName(page.clean(deciding.ref), width, page) : page.clean(deciding.place)
  return cutMiddle(name, width, page.marks.cut)
}

const textOf = (deciding: RuleCount['deciding'], page: Page): string =>
  'ref' in deciding ? withoutChain(page.clean(deciding.ref.rule ?? '')) : ''
