/** A watch for people, in lines: each kind of drop once, and what was counted now and then. */
import type { DropKind } from '../../analysis/drops/tally.ts'
import { single } from '../../analysis/groups.ts'
import { DEVICE } from '../../explain/kernel-drops/stages.ts'
import { Command, printCommand } from '../../model/command.ts'
import { countWords } from '../../model/count-words.ts'
import type { FormOptions } from '../form.ts'
import { FORMS } from '../index.ts'
import { Page } from '../text/page.ts'
import { type NewKind, recentKinds, tuplesByKind, type WatchSnapshot } from './snapshot.ts'
import {
  clockWords,
  counted,
  gapWords,
  interfacesOf,
  meaningWords,
  packetWords,
  reasonWords,
  ruleWords,
  tupleCount,
} from './words.ts'

/** A kind that came for the first time, and why it is dropped. Ends with an empty line. */
export function newKindText({ kind: given, journey, rulesRead }: NewKind, terminal: FormOptions): string {
  const page = new Page(terminal)
  const kind = page.clean(given)
  const { marks } = page
  const { example, meaning } = kind
  const head = [clockWords(kind.first), 'new drop:', reasonWords(kind)].join(' ')
  page.line(page.paint(head, 'bold'))
  if (example) {
    const where = interfacesOf(kind)
    page.row('', [packetWords(example.packet, marks), where].filter(Boolean).join('  '))
  } else page.row('', 'counted without its packet')
  // what follows says more
  if (!journey) {
    page.row('why', sentence(meaningWords(kind)) + (kind.isHarmless ? ' Nothing is lost with it.' : ''))
    if (kind.rule) page.row('rule', `${ruleWords(kind).replace(/^rule /, '')}${asOf(kind.rule.known, rulesRead)}`)
    if (kind.rule?.known && kind.rule.ref.rule !== undefined) page.row('', kind.rule.ref.rule)
    if (meaning?.check !== undefined) page.row('check', sentence(meaning.check))
    const look = lookOf(kind)
    if (look !== undefined) page.row('', printCommand(look, page.printing))
    return `${page.take()}\n`
  }
  const group = single({ ...journey, id: String(kind.id) })
  const writer = FORMS.text.open(terminal)
  writer.begin([group])
  page.row(
    'model',
    `Simulated with the rules${rulesRead === undefined ? '' : ` read at ${clockWords(rulesRead)} UTC`}:`,
  )
  return `${page.take()}${writer.journey(group).trimEnd()}\n\n`
}

/** ` (simulated, rules read at 12:31:05 UTC)` */
const asOf = (isKnown: boolean, rulesRead: number | undefined): string => {
  const words = [
    isKnown ? 'simulated' : undefined,
    rulesRead === undefined ? undefined : `rules read at ${clockWords(rulesRead)} UTC`,
  ].filter(Boolean)
  return words.length === 0 ? '' : ` (${words.join(', ')})`
}

const sentence = (text: string): string => `${text[0]!.toUpperCase()}${text.slice(1)}.`

/** What shows more of it, where its interface is known. */
function lookOf({ meaning, in: input, out }: DropKind): Command | undefined {
  const device = meaning?.stage === 'out' ? out : input
  const words = meaning?.look?.map((word) => (word === DEVICE ? device : word))
  return words?.every((word) => word !== undefined) ? Command.of(words as string[]) : undefined
}

/** Kinds that a summary names. */
const MOST_NAMED = 10

/** What was counted in the last ten minutes, the most frequent first. */
export function summaryText(snapshot: WatchSnapshot, terminal: FormOptions): string {
  const page = new Page(terminal)
  const { tally, now, began } = snapshot
  const kinds = recentKinds(snapshot)
  const recent = tally.minutes.sum(now)
  const since = `since ${clockWords(began)} UTC`
  page.line(
    page.paint(
      `${clockWords(now)} ${counted(tally.count, 'drop')} ${since}, ${countWords(recent)} in the last ten minutes`,
      'bold',
    ),
  )
  const tuples = tuplesByKind(snapshot, 1, true)
  for (const { kind: given, recent: count } of kinds.slice(0, MOST_NAMED)) {
    const kind = page.clean(given)
    const [most] = tuples.get(given) ?? []
    const packet = most && packetWords(page.clean(most.packet), page.marks)
    const what = [`${page.marks.times}${countWords(count)}`, reasonWords(kind), ruleWords(kind), interfacesOf(kind)]
    page.row('', [...what, kind.isHarmless ? 'harmless' : ''].filter(Boolean).join('  '))
    if (packet !== undefined)
      page.row('', `  ${packet}${kind.tuples > 1 || kind.manyTuples ? ` and others, ${tupleCount(kind)}` : ''}`)
  }
  if (kinds.length > MOST_NAMED) page.row('', `and ${counted(kinds.length - MOST_NAMED, 'more kind')}`)
  for (const line of gapWords(snapshot)) page.row('', line)
  const { rulesProblem } = snapshot
  if (rulesProblem !== undefined)
    page.row('', page.clean(`Rules are not named, as these cannot be read: ${rulesProblem}.`))
  return page.take()
}
