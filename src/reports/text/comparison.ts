/** Two journeys side by side; below each other where the terminal is narrow. */
import type { Both, Comparison } from '../../analysis/compare.ts'
import { single } from '../../analysis/groups.ts'
import { columns } from '../../model/columns.ts'
import { comparisonWords, SIDES, type SideLine } from '../comparison-words.ts'
import type { FormOptions } from '../form.ts'
import { writeHead } from './head.ts'
import { pad, wrap, wrapRule } from './layout.ts'
import { Page } from './page.ts'
import type { Style } from './paint.ts'
import { writeSteps } from './steps.ts'

/** From here on there is room for two columns. */
const WIDE = 110
const GAP = 3

/** A line of one side, painted whole. */
interface Line {
  text: string
  style?: Style
}

export function comparisonText(comparison: Comparison, options: Partial<FormOptions> = {}): string {
  const page = new Page(options)
  const shown = page.clean(comparison)
  const { diverge, differ, share, sides } = comparisonWords(shown, page.marks)
  const say = (sentence: string, style?: Style) => {
    for (const line of wrap(sentence, page.width)) page.line(style ? page.paint(line, style) : line)
  }
  say(diverge, 'bold')
  page.line()
  for (const side of SIDES) {
    page.line(page.paint(side.toUpperCase(), 'bold'))
    writeHead(page, single(shown.journeys[side]))
  }
  page.line()
  if (differ !== undefined) say(differ)
  say(share)
  page.line()
  writeSides(page, sides)
  if (page.full)
    for (const side of SIDES) {
      page.line()
      page.line(page.paint(`${side.toUpperCase()}, every step`, 'bold'))
      writeSteps(page, shown.journeys[side])
    }
  return page.take()
}

function writeSides(page: Page, of: Both<SideLine[]>): void {
  const two = page.width >= WIDE
  const width = two ? Math.floor((page.width - GAP) / 2) : page.width
  const lines = (side: readonly SideLine[]) => side.flatMap((one) => wrapped(one, width - INDENT))
  const sides: Both<Line[]> = { a: lines(of.a), b: lines(of.b) }
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

function wrapped({ kind, text }: SideLine, width: number): Line[] {
  const under = (lines: readonly string[], style: Style) => lines.map((line) => ({ text: `  ${line}`, style }))
  switch (kind) {
    case 'rule':
      return under(wrapRule(text, width - 2), 'dim')
    case 'change':
      return under(wrap(text, width - 2), 'yellow')
    case 'end':
      return [{ text, style: 'bold' }]
    default:
      return wrap(text, width).map((line) => ({ text: line }))
  }
}
