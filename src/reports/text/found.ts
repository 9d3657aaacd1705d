/** What was found besides the cause: findings, errors first, then what to change. */
import type { Finding, Journey, PrintedFix } from '../../model/journey.ts'
import { distinctFixes, lookNext, spokenFindings, tellsCause } from '../findings.ts'
import { ruleName, triedWords } from '../journey-words.ts'
import { wrap, wrapCommand } from './layout.ts'
import type { Page } from './page.ts'
import type { Style } from './paint.ts'
import { type Shown, writeRule } from './why.ts'

const LABELS: Readonly<Record<Finding['severity'], { label: string; labelStyle: Style }>> = {
  error: { label: 'error', labelStyle: 'red' },
  warning: { label: 'warn', labelStyle: 'yellow' },
  note: { label: 'note', labelStyle: 'cyan' },
}
export function writeFindings(page: Page, journey: Journey<PrintedFix>, shown: Shown, further: boolean): void {
  for (const one of spokenFindings(journey, further)) {
    const { label, labelStyle } = LABELS[one.severity]
    // the headline names the rule
    if (one.code !== 'last-rule-seen') page.row(label, one.message, { labelStyle })
    for (const { command, note } of lookNext(one)) {
      if (command) page.rows('next', wrapCommand(command, page.room, page.printing), { style: 'bold' })
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

export function writeFixes(page: Page, journey: Journey<PrintedFix>): void {
  const notes = new Set<string>()
  for (const fix of distinctFixes(journey)) writeFix(page, fix, notes)
}

/** `notes`: those that a fix above has told. */
export function writeFix(page: Page, fix: PrintedFix, notes: Set<string>): void {
  const { command, description, note, undo, stops } = fix
  page.row(stops ? 'stop' : 'fix', command === undefined ? description : `${description}:`, { labelStyle: 'green' })
  if (command !== undefined)
    page.rows(
      '',
      wrapCommand(command, page.room - 2, page.printing).map((line) => `  ${line}`),
      { style: 'bold' },
    )
  if (undo !== undefined) {
    const lines = wrapCommand(undo, page.room - 8, page.printing)
    page.rows(
      '',
      lines.map((line, i) => `${i === 0 ? '  undo: ' : '        '}${line}`),
      { style: 'dim' },
    )
  }
  const says: string[] = []
  const tried = triedWords(fix)
  if (tried !== undefined) says.push(tried)
  if (note !== undefined && !notes.has(note)) says.push(note)
  if (note !== undefined) notes.add(note)
  if (page.full && command !== undefined && fix.unverified !== undefined) says.push(fix.unverified)
  for (const one of says) page.rows('', wrap(`(${one})`, page.room))
}
