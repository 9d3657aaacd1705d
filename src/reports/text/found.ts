/** What was found besides the cause: findings, errors first, then what to change. */
import type { Finding, Fix, Journey } from '../../model/journey.ts'
import { NOTICES, ruleName } from '../journey-words.ts'
import { wrap, wrapCommand } from './layout.ts'
import type { Page } from './page.ts'
import type { Style } from './paint.ts'
import { type Shown, tells, writeRule } from './why.ts'

/** Their sentence says what the cause has said already. */
const RETOLD = new Set(['dropped-by-rule', 'dropped-by-policy', 'dropped-by-mark', 'rejected-by-rule'])

const LABELS: Readonly<Record<Finding['severity'], { label: string; labelStyle: Style }>> = {
  error: { label: 'error', labelStyle: 'red' },
  warning: { label: 'warn', labelStyle: 'yellow' },
  note: { label: 'note', labelStyle: 'cyan' },
}
const ORDER: readonly Finding['severity'][] = ['error', 'warning', 'note']

export function writeFindings(page: Page, journey: Journey, shown: Shown): void {
  const list = journey.findings.filter((one) => !NOTICES.has(one.code) && !isRetold(one, journey))
  for (const severity of ORDER)
    for (const one of list.filter((found) => found.severity === severity && isShown(found, journey, page.full))) {
      const { label, labelStyle } = LABELS[severity]
      page.row(label, one.message, { labelStyle })
      writeRules(page, journey, one, shown)
    }
}

/** NAT has a row of its own. */
const isRetold = ({ code }: Finding, journey: Journey) =>
  (RETOLD.has(code) && tells(journey)) || code === 'dnat-changed-destination'

/** That nothing stopped a packet is shown by its mark; what to look at next is worth a line only where nothing else is told. */
function isShown({ code }: Finding, { findings, outcome }: Journey, full: boolean): boolean {
  return code !== 'not-netfilter' || full || outcome === 'vanished' || findings.length === 1
}

/** The rules that a finding speaks of, by name where there are several. */
function writeRules(page: Page, journey: Journey, { rules }: Finding, shown: Shown): void {
  for (const ref of rules) {
    if (ref.rule === undefined) continue
    const { culprit } = journey
    const guilty = culprit && ruleName(culprit) === ruleName(ref)
    if (guilty && !tells(journey)) {
      page.row('', `${ruleName(ref)}${ref.owner === undefined ? '' : `  (${ref.owner}'s rule)`}`, {
        mark: page.marks.culprit,
        style: 'bold',
      })
    }
    writeRule(page, ref, shown)
  }
}

export function writeFixes(page: Page, { findings }: Journey): void {
  const told = findings.filter((one) => !NOTICES.has(one.code) && one.code !== 'not-netfilter')
  // what fits this very case goes before what fits every drop
  const fixes = [...told.filter((one) => !RETOLD.has(one.code)), ...told.filter((one) => RETOLD.has(one.code))].flatMap(
    (one) => one.fix,
  )
  const notes = new Set<string>()
  for (const fix of distinct(fixes)) writeFix(page, fix, notes)
}

function distinct(fixes: readonly Fix[]): Fix[] {
  const seen = new Set<string>()
  return fixes.filter(({ command, description }) => {
    const key = command ?? description
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}

/** `notes`: those that a fix above has told. */
function writeFix(page: Page, fix: Fix, notes: Set<string>): void {
  const { command, description, note, undo, verified, after } = fix
  page.row('fix', command === undefined ? description : `${description}:`, { labelStyle: 'green' })
  if (command !== undefined)
    page.rows(
      '',
      wrapCommand(command, page.room - 2).map((line) => `  ${line}`),
      { style: 'bold' },
    )
  if (undo !== undefined) {
    const lines = wrapCommand(undo, page.room - 8)
    page.rows(
      '',
      lines.map((line, i) => `${i === 0 ? '  undo: ' : '        '}${line}`),
      { style: 'dim' },
    )
  }
  const says: string[] = []
  if (verified !== undefined)
    says.push(
      `tried with ${verified === 'kernel' ? "this machine's kernel" : 'the model'}${after === undefined ? '' : `: ${after}`}`,
    )
  if (note !== undefined && !notes.has(note)) says.push(note)
  if (note !== undefined) notes.add(note)
  if (page.full && command !== undefined && fix.unverified !== undefined) says.push(fix.unverified)
  for (const one of says) page.rows('', wrap(`(${one})`, page.room))
}
