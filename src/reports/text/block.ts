/** A group in a dozen lines: what happened, the packet, the cause, the best fix with its undo, and where more is. */
import { nameChain, nameRef } from '../../explain/refs.ts'
import { columns } from '../../model/columns.ts'
import { countWords } from '../../model/count-words.ts'
import type { Journey, PrintedFix, RuleRef } from '../../model/journey.ts'
import { isPassed } from '../../model/outcome-kinds.ts'
import { type Answer, answerOf, isDoubt } from '../answer.ts'
import { decidedOf } from '../decided-words.ts'
import { acceptingRule } from '../deciding-rule.ts'
import { elsewhereWords, markOfGroup, mixedWords, whyWords } from '../exchange-words.ts'
import { lookNext } from '../findings.ts'
import type { Group } from '../form.ts'
import { ruleKey } from '../journey-words.ts'
import { endText, isMixed } from '../packet-words.ts'
import { namedRule } from '../step-words.ts'
import { numberOf } from '../summary-words.ts'
import { fixRows, type Row } from './fix-rows.ts'
import { writeHead } from './head.ts'
import { cutEnd, wrap, wrapCommand, wrapRule } from './layout.ts'
import type { Page } from './page.ts'
import type { Style } from './paint.ts'

/** Lines of a block. What tells least gives way first; nothing is cut: it is told in fewer words, or goes. */
const MOST_LINES = 12

export function writeBlock(page: Page, group: Group<PrintedFix>): void {
  const answer = answerOf(group)
  writeHead(page, group)
  const found = foundRows(page, group, answer)
  const isGood = markOfGroup(group) === 'good'
  const ahead = !isGood || answer.fixes.length > 0 ? 0 : found.length
  // what proposes something for a packet that got through stands in the cause's place
  const owner = isGood ? ownerOf(answer) : undefined
  const decided = decidedOf(group)
  const headline = decided && 'ref' in decided ? decided.ref : undefined
  const told = owner ? [owner.message] : withoutName(headline, answer.cause)
  const label = owner ? ({ label: LABELS[owner.severity], labelStyle: 'cyan' } as const) : { label: causeLabel(group) }
  const [cause, behind] = causeRows(page, { ...answer, cause: told }, { ...label, headline })
  const rows = [
    ...cause,
    ...mixedRows(page, group),
    ...elsewhereWords(group).map((text): Row => ({ label: 'also', lines: wrap(text, page.room) })),
    ...found.slice(0, ahead),
    ...stillWrongRows(page, answer),
    ...answer.fixes.flatMap((fix, i) => fixRows(page, fix, { described: false, instead: i > 0 })),
    ...behind,
    ...found.slice(ahead),
    ...acceptedRows(page, group, answer),
    ...firstRows(page, group),
  ]
  const shown = fitted(rows, MOST_LINES - 3)
  for (const row of shown) page.rows(row.label, row.lines, row)
  const left = rows.flatMap((row) => (row.whole === undefined || shown.includes(row) ? [] : [row.whole]))
  const more = moreParts(group.journey, answer, left)
  if (more.length > 0) page.rows('more', [moreLine(page, more)], { style: 'dim' })
}

const LABELS = { error: 'error', warning: 'warn', note: 'note' }

/** A text in ever fewer of its sentences; `mayGo`: in the end without any. */
function sentenceForms(page: Page, text: string, mayGo = true): Pick<Row, 'lines' | 'shorter'> {
  const sentences = text.split(SENTENCE)
  const forms = sentences.map((_, gone) => wrap(beginningOf(sentences, sentences.length - gone), page.room))
  return { lines: forms[0]!, shorter: [...forms.slice(1), ...(mayGo ? [[]] : [])] }
}

const beginningOf = (sentences: readonly string[], count: number): string =>
  sentences
    .slice(0, count)
    .join(' ')
    .replace(/[,:;]$/, '.')

/** Rows of at most so many lines, as far as they can give way. */
function fitted(rows: readonly Row[], most: number): Row[] {
  let kept = rows.filter(({ lines }) => lines.length > 0)
  const total = () => kept.reduce((sum, { lines }) => sum + lines.length, 0)
  const giving = kept.filter(({ rank }) => rank !== undefined).sort((a, b) => a.rank! - b.rank!)
  for (const row of giving) {
    const over = total() - most
    if (over <= 0) break
    const { shorter = [[]] } = row
    row.lines = shorter.find(({ length }) => length <= row.lines.length - over) ?? shorter.at(-1) ?? row.lines
    kept = kept.filter(({ lines }) => lines.length > 0)
  }
  return kept
}

/** Where the packet's line has `*`, the block speaks of one of them. */
const firstRows = (page: Page, group: Group<unknown>): Row[] =>
  isMixed(group) ? [{ label: 'first', lines: [firstWords(page, group.journey)], rank: 4 }] : []

export function firstWords({ marks }: Page, { packet }: Journey<unknown>): string {
  const { src, dst, sport, dport } = packet
  return `the packet shown is ${endText(src, sport)} ${marks.to} ${endText(dst, dport)}`
}

/** Of what got through it says how that is known. */
export const causeLabel = (group: Group<unknown>): string => (markOfGroup(group) === 'good' ? 'reply' : 'cause')

/** The headline has named the rule: the cause goes on to speak of it. */
function withoutName(headline: RuleRef | undefined, texts: readonly string[]): string[] {
  if (!headline) return [...texts]
  const name = nameRef(headline)
  const what = name.endsWith(' policy') ? 'policy' : 'rule'
  return texts.map((text) => {
    const [, owner, rest] =
      /^(?:, a rule of (.+?),)?( .*)$/.exec(text.startsWith(name) ? text.slice(name.length) : '') ?? []
    return rest === undefined ? text : `This ${owner === undefined ? '' : `${owner} `}${what}${rest}`
  })
}

/** Whoever reads six lines reads the fix: the cause and the first command share what is left of them behind the head. */
const FIRST_LINES = 4

/**
 * In front of the fix, and behind it. The first sentence stands in front and keeps two lines at least; what the fix has no
 * need of is for more of them, and the rule's own words come last.
 */
function causeRows(
  page: Page,
  { cause: [first, second], rule, fixes, isBoth }: Answer,
  { label, labelStyle = 'red', headline }: { label: string; labelStyle?: Style; headline: RuleRef | undefined },
): [Row[], Row[]] {
  if (first === undefined) return [[], []]
  const most = fixes[0] === undefined || isBoth ? MOST_LINES : FIRST_LINES - neededLines(page, fixes[0])
  const [ahead, rest] = firstSentences(page, first, most)
  const before: Row[] = [{ label, ...sentenceForms(page, ahead, false), labelStyle, rank: 6 }]
  const behind: Row[] = []
  let left = most - before[0]!.lines.length
  const place = (row: Row, labelBehind: string) => {
    const fits = row.lines.length <= left && behind.length === 0
    if (fits) left -= row.lines.length
    ;(fits ? before : behind).push(fits ? row : { ...row, label: labelBehind })
  }
  if (rest !== '') behind.push({ label: 'also', ...sentenceForms(page, rest), rank: 5.8, whole: MORE_OF_CAUSE })
  if (second !== undefined) place({ label: '', ...sentenceForms(page, second), rank: 3, whole: MORE_OF_CAUSE }, 'also')
  // a policy's text is its name again
  if (rule?.ruleNumber !== undefined || rule?.handle !== undefined) {
    const row = ruleRow(page, rule, headline)
    if (row.lines.length <= MOST_OF_RULE) place(row, 'rule')
  }
  return [before, behind]
}

/** As the last line names what found no room. */
const MORE_OF_CAUSE = 'more of the cause'
/** Lines that a rule's words may have; one with a long comment stands with its step. */
const MOST_OF_RULE = 3

/** Lines of the first command up to what it does: nft's comment, by which it is undone, comes behind that. */
function neededLines(page: Page, { command }: PrintedFix): number {
  if (command === undefined) return 2
  const lines = wrapCommand(command, page.room, page.printing)
  const last = lines.findIndex((line) => !line.endsWith('\\') || COMMENT.test(line))
  return Math.min(3, /^ *comment /.test(lines[last]!) ? last : last + 1)
}

const COMMENT = /(^| )comment( |$)/

/** As many sentences as so many lines have room for, the first in any case; and the others. */
function firstSentences(page: Page, text: string, most: number): [string, string] {
  if (wrap(text, page.room).length <= most) return [text, '']
  const sentences = text.split(SENTENCE)
  let ahead = sentences.length
  const fits = () => wrap(sentences.slice(0, ahead).join(' '), page.room).length <= most
  while (ahead > 1 && !fits()) ahead--
  const rest = sentences.slice(ahead).join(' ').replace(/^and /, '')
  return [beginningOf(sentences, ahead), /^nat /.test(rest) ? rest : rest.charAt(0).toUpperCase() + rest.slice(1)]
}

/** Between two sentences, or in front of what the packet has instead, or of what follows from it. */
const SENTENCE = new RegExp(
  [
    '(?<=[^.][.?)]) (?=[A-Z])',
    '(?<=;) (?=the packet |its )',
    '(?<=:) (?=only a chain )',
    '(?<=:) (?=this host replies |nat does not rewrite |no reply can come back|routers behind |a host drops |this host does not )',
    '(?<=,) (?=and no later rule accepts )',
  ].join('|'),
)

/** Which one it is, where the first line names another. */
const ruleRow = (page: Page, ref: RuleRef, headline: RuleRef | undefined): Row => ({
  label: 'rule',
  lines: wrapRule(`${isSameRule(ref, headline) ? '' : numberOfRule(ref)}${ref.rule ?? ''}`, page.room),
  style: 'dim',
  rank: 1,
})

/** Which rule let it through; where a finding speaks of that, it has named the rule. */
function acceptedRows(page: Page, group: Group<PrintedFix>, { more }: Answer): Row[] {
  const ref = markOfGroup(group) === 'good' ? acceptingRule(group.journey) : undefined
  if (ref?.rule === undefined || more.some(({ code }) => code === 'let-through')) return []
  const text = namedRule(ref, ref.rule)
  return [{ label: 'rule', lines: [cutEnd(text, page.room, page.marks.cut)], style: 'dim', rank: 1 }]
}

const isSameRule = (ref: RuleRef, other: RuleRef | undefined): boolean =>
  other !== undefined && ruleKey(ref) === ruleKey(other)

/** `4: `, `handle 6: `. */
const numberOfRule = (ref: RuleRef): string =>
  `${nameRef(ref)
    .slice(nameChain(ref).length + 1)
    .replace(/^rule /, '')}: `

/** Who opens what stopped it would do so in vain. */
const stillWrongRows = (page: Page, { stillWrong }: Answer): Row[] =>
  stillWrong === undefined
    ? []
    : [{ label: 'but', lines: wrap(`even if accepted, ${stillWrong}`, page.room), rank: 5.9 }]

function mixedRows(page: Page, group: Group<unknown>): Row[] {
  const mixed = mixedWords(group)
  return mixed === undefined ? [] : [{ label: 'reply', lines: wrap(mixed, page.room) }]
}

const ownerOf = ({ fixes: [first], more }: Pick<Answer, 'fixes' | 'more'>): Answer['more'][number] | undefined =>
  more.find(({ fix }) => first !== undefined && fix.includes(first))

/** What is not known; of a packet that got through what else was found; and the command that shows more. */
function foundRows(page: Page, group: Group<PrintedFix>, { cause, fixes, more }: Answer): Row[] {
  const mark = markOfGroup(group)
  const isGood = mark === 'good'
  const isOpen = mark === 'unsure' && isPassed(group.journey.outcome)
  // that no reply came is known, and not why
  const isBare = cause.length === 1 && cause[0] === whyWords(group) && isPassed(group.journey.outcome)
  // what proposes the fix stands in front of it
  const owner = ownerOf({ fixes, more })
  const found = more
    .filter((one) => !(isGood && one === owner) && !cause.includes(one.message))
    .filter((one) => isGood || isOpen || isBare || isDoubt(one))
    .map(
      (one): Row => ({
        label: LABELS[one.severity],
        // no fix stands without its reason
        ...sentenceForms(page, one.message, one !== owner),
        rank: one === owner ? 5.9 : 5.5,
      }),
    )
  if (fixes.length > 0) return found
  const next = more.flatMap(lookNext).flatMap(({ command, note }): Row[] => {
    if (command) return [{ label: 'look', lines: wrapCommand(command, page.room, page.printing), style: 'bold' }]
    return note === undefined ? [] : [{ label: '', lines: wrap(note, page.room), rank: 2 }]
  })
  return [...found, ...next]
}

/** `14 steps, 2 other fixes, 1 note`. `left`: what found no room. */
function moreParts({ steps }: Journey<unknown>, { others, more }: Answer, left: readonly string[]): string[] {
  const fixes = others.length
  const counts = (['error', 'warning', 'note'] as const).map(
    (severity) => [severity, more.filter((one) => one.severity === severity).length] as const,
  )
  return [
    ...new Set(left),
    ...(steps.length === 0 ? [] : [numberOf(steps.length, 'step')]),
    ...(fixes === 0 ? [] : [`${countWords(fixes)} other ${fixes === 1 ? 'fix' : 'fixes'}`]),
    ...counts.flatMap(([severity, count]) => (count === 0 ? [] : [numberOf(count, severity)])),
  ]
}

/** As many of them as one line has room for, each of them whole. */
export function moreLine({ room, marks: { cut } }: Pick<Page, 'room' | 'marks'>, parts: readonly string[]): string {
  const lines = parts.map((_, left) => {
    const told = parts.slice(0, parts.length - left).join(', ')
    return `--full: ${told}${left > 0 ? `, ${cut}` : ''}`
  })
  return lines.find((line) => columns(line) <= room) ?? cutEnd(lines.at(-1)!, room, cut)
}
