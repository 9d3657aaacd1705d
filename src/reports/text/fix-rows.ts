/** A fix in rows: its command, what the test on the model said, its undo. */
import type { PrintedFix } from '../../model/journey.ts'
import { ONLY_LOOKS } from '../../model/only-looks.ts'
import { trialWords } from '../journey-words.ts'
import { wrap, wrapCommand, wrapTight } from './layout.ts'
import type { Page, RowOptions } from './page.ts'

export interface Row extends RowOptions {
  label: string
  lines: string[]
  /** The lowest gives way first where there is no room; absent: never. */
  rank?: number
  /** Lines that it keeps. */
  least?: number
  /** Fewer lines with the same words, where there is no room. */
  tight?: string[]
  /** As the last line names it where it gives way: a command is never cut. */
  whole?: string
}

/** What is done by hand is no command to paste, and what only looks mends nothing. */
const labelOf = ({ command, stops, unverified }: PrintedFix): string =>
  unverified === ONLY_LOOKS ? 'look' : command === undefined ? 'do' : stops ? 'stop' : 'fix'

/** `described`: with what it does, which tells it from others. `instead`: of the fix above. */
export function fixRows(
  page: Page,
  fix: PrintedFix,
  { described, instead = false }: { described: boolean; instead?: boolean },
): Row[] {
  const { command, description, note, undo } = fix
  const label = instead && command === undefined ? 'or' : labelOf(fix)
  const labelStyle = 'green'
  const says = [trialWords(fix), note].filter((one) => one !== undefined).join(` ${page.marks.between} `)
  const test: Row = { label: '', lines: says === '' ? [] : wrap(says, page.room), rank: 2 }
  if (command === undefined)
    return [{ label, lines: wrap(description, page.room), labelStyle, rank: 5, least: 1 }, test]
  const lines = wrapCommand(command, page.room, page.printing)
  const rows: Row[] = described
    ? [
        { label, lines: wrap(`${description}:`, page.room), labelStyle },
        { label: '', lines, style: 'bold' },
      ]
    : [{ label, lines, labelStyle, style: 'bold', tight: wrapTight(command, page.room, page.printing) }]
  rows.push({ ...test, least: 1 })
  const back = undo && wrapCommand(undo, page.room, page.printing)
  if (back) rows.push({ label: 'undo', lines: back, labelStyle, style: 'dim', rank: 2.5, whole: 'the undo' })
  return rows
}

/** `notes`: those that a fix above has told. */
export function writeFix(page: Page, fix: PrintedFix, notes: Set<string>): void {
  const { note, ...rest } = fix
  const told = note === undefined || notes.has(note)
  if (note !== undefined) notes.add(note)
  for (const row of fixRows(page, told ? rest : fix, { described: true })) page.rows(row.label, row.lines, row)
}
