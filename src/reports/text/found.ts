/** What was found besides the cause, errors first, with the rules that it is about. */
import type { Finding, Journey, PrintedFix } from '../../model/journey.ts'
import { isInHeadline, lookNext, tellsCause } from '../findings.ts'
import { ruleName } from '../journey-words.ts'
import { wrap, wrapCommand } from './layout.ts'
import type { Page } from './page.ts'
import type { Style } from './paint.ts'
import { type Shown, writeRule } from './why.ts'

const LABELS: Readonly<Record<Finding['severity'], { label: string; labelStyle: Style }>> = {
  error: { label: 'error', labelStyle: 'red' },
  warning: { label: 'warn', labelStyle: 'yellow' },
  note: { label: 'note', labelStyle: 'cyan' },
}
export function writeFindings(
  page: Page,
  journey: Journey<PrintedFix>,
  findings: readonly Finding<PrintedFix>[],
  shown: Shown,
): void {
  for (const one of findings) {
    const { label, labelStyle } = LABELS[one.severity]
    if (!isInHeadline(one)) page.row(label, one.message, { labelStyle })
    for (const { command, note } of lookNext(one)) {
      if (command) page.rows('look', wrapCommand(command, page.room, page.printing), { style: 'bold' })
      else if (note !== undefined) page.rows('', wrap(`(${note})`, page.room))
    }
    writeRules(page, journey, one, shown)
  }
}

/** The rules that a finding speaks of, by name where there are several. */
function writeRules(page: Page, journey: Journey<unknown>, { rules }: Finding<unknown>, shown: Shown): void {
  for (const ref of rules) {
    if (ref.rule === undefined) continue
    const { culprit } = journey
    const guilty = culprit && ruleName(culprit) === ruleName(ref)
    if (guilty && !tellsCause(journey)) {
      page.row('', `${ruleName(ref)}${ref.owner === undefined ? '' : `  (${ref.owner}'s rule)`}`, {
        mark: page.marks.culprit,
        style: 'bold',
      })
    }
    writeRule(page, ref, shown)
  }
}
