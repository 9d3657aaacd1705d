/** A fix in rows: its command, what the test on the model said, who undoes it, its undo. */
import { keeps, restores } from '../../explain/owners/undone.ts'
import type { FixOwner, PrintedFix } from '../../model/journey.ts'
import { ONLY_LOOKS } from '../../model/only-looks.ts'
import { clausesOf, withoutSaid } from '../fix-notes.ts'
import { trialWords } from '../journey-words.ts'
import { wrap, wrapCommand, wrapTight } from './layout.ts'
import type { Page, RowOptions } from './page.ts'

export interface Row extends RowOptions {
  label: string
  lines: string[]
  /** The lowest gives way first where there is no room; absent: never. */
  rank?: number
  /** The same in fewer words, the longest first; nothing is ever cut. Empty lines: it goes. Absent: it goes at once. */
  shorter?: string[][]
  /** As the last line names it where it goes. */
  whole?: string
}

/** What is done by hand is no command to paste, and what only looks mends nothing. */
const labelOf = ({ command, stops, unverified }: PrintedFix): string =>
  unverified === ONLY_LOOKS ? 'look' : command === undefined ? 'do' : stops ? 'stop' : 'fix'

/** `described`: with what it does, which tells it from others, and all that is to be said of it. `instead`: of the fix above. */
export function fixRows(
  page: Page,
  fix: PrintedFix,
  { described, instead = false }: { described: boolean; instead?: boolean },
): Row[] {
  const { command, description, owner, undo } = fix
  const label = instead && command === undefined ? 'or' : labelOf(fix)
  const labelStyle = 'green'
  const test = testRow(page, fix, described ? clausesOf(fix) : clausesOf(fix).filter((one) => !isOfOwner(one, owner)))
  if (command === undefined)
    return [{ label, lines: wrap(description, page.room), labelStyle, rank: 5, shorter: [] }, test]
  const lines = wrapCommand(command, page.room, page.printing)
  const rows: Row[] = described
    ? [
        { label, lines: wrap(`${description}:`, page.room), labelStyle },
        { label: '', lines, style: 'bold' },
      ]
    : [
        {
          ...{ label, lines, labelStyle, style: 'bold', rank: 6.5 },
          shorter: [wrapTight(command, page.room, page.printing)],
        },
      ]
  rows.push(test)
  if (owner && !described)
    rows.push({ label: '', lines: wrap(undoneWords(owner), page.room), rank: 6.6, whole: `${owner.name} undoes it` })
  const back = undo && wrapCommand(undo, page.room, page.printing)
  if (back) rows.push({ label: 'undo', lines: back, labelStyle, style: 'dim', rank: 2.5, whole: 'the undo' })
  return rows
}

/** What the test said stays; of the notes as many as there is room for. */
function testRow(page: Page, fix: PrintedFix, clauses: readonly string[]): Row {
  const trial = trialWords(fix)
  const forms = Array.from({ length: clauses.length + 1 }, (_, gone) => {
    const note = clauses.slice(0, clauses.length - gone).join('; ')
    const says = [trial, note].filter(Boolean).join(` ${page.marks.between} `)
    return says === '' ? [] : wrap(says, page.room)
  })
  return { label: '', lines: forms[0]!, rank: 2, shorter: forms.slice(1) }
}

/** Does the half-sentence say it? */
const isOfOwner = (clause: string, owner: FixOwner | undefined): boolean =>
  owner !== undefined && (restores(owner).split('; ').includes(clause) || clause === lastsBy(owner))

const lastsBy = ({ lasting }: FixOwner): string | undefined => lasting && keeps({ lasting })

/** `kube-proxy will undo this; to keep it, change nodePortAddresses`. */
const undoneWords = (owner: FixOwner): string =>
  [`${owner.name} ${owner.beside ? 'may' : 'will'} undo this`, lastsBy(owner)].filter(Boolean).join('; ')

/** `notes`: what fixes above have told. */
export function writeFix(page: Page, fix: PrintedFix, notes: Set<string>): void {
  for (const row of fixRows(page, withoutSaid(fix, notes), { described: true })) page.rows(row.label, row.lines, row)
}
