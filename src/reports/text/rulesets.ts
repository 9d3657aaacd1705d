/** Two rulesets compared: what counted in between, then what was added, removed and moved. */

import type { ChainComparison, Counted, RulesetComparison } from '../../analysis/rulesets.ts'
import { countWords } from '../../model/count-words.ts'
import type { SetComparison } from '../../rules/difference.ts'
import type { FormOptions } from '../form.ts'
import { ruleName } from '../journey-words.ts'
import { withoutChain } from '../step-words.ts'
import { pad, widest, wrap, wrapRule } from './layout.ts'
import { Page } from './page.ts'
import type { Style } from './paint.ts'

/** Set elements that are shown without --full. */
const MOST_ELEMENTS = 5
/** Room for `+ 12  `. */
const SIGNED = 7

export function rulesetsText(comparison: RulesetComparison, options: Partial<FormOptions> = {}): string {
  const page = new Page(options)
  const shown = page.clean(comparison)
  page.line(page.paint(totals(shown), 'bold'))
  writeCounted(page, shown)
  for (const chain of shown.chains) writeChain(page, chain)
  for (const set of shown.sets) writeSet(page, set)
  return page.take().replace(/\n+$/, '\n')
}

const STOPS = /^(?:drop|reject)/

function writeCounted(page: Page, { counted, counters, reset }: RulesetComparison): void {
  const say = (text: string) => {
    for (const line of wrap(text, page.width)) page.line(line)
  }
  for (const { family, table } of reset)
    say(`The counters of table ${familyWord(family)}${table} were reset in between; they count only since the reset.`)
  if (counted.length === 0) {
    say(
      counters
        ? 'No rule counted a packet in between.'
        : 'Which rules counted packets in between is unknown: save with iptables-save -c; nft rules count only with the statement counter.',
    )
    page.line()
    return
  }
  page.line(page.paint('In between these counted, what stops packets first:', 'bold'))
  const isStop = ({ verdict }: Counted) => STOPS.test(verdict ?? '')
  const width = widest(counted.map(({ packets }) => countWords(packets)))
  for (const one of counted) if (isStop(one)) writeCount(page, one, width)
  for (const one of counted) if (!isStop(one)) writeCount(page, one, width)
  page.line()
}

function writeCount(page: Page, { rule, verdict, packets, added }: Counted, width: number): void {
  const isStop = STOPS.test(verdict ?? '')
  const mark = isStop ? page.marks.bad : ' '
  const many = countWords(packets).padStart(width)
  const note = added ? '  (new)' : ''
  const end = verdict === undefined ? '' : `  ${page.marks.to} ${verdict}`
  const head = `${mark} ${many} ${packets === 1 ? 'packet ' : 'packets'}  ${familyWord(rule.family)}${ruleName({ ...rule, family: 'ip' })}${end}${note}`
  page.line(isStop ? page.paint(head, 'red') : head)
  if (rule.rule === undefined) return
  const indent = width + 12
  for (const line of wrapRule(withoutChain(rule.rule), page.width - indent))
    page.line(' '.repeat(indent) + page.paint(line, 'dim'))
}

const familyWord = (family: string): string => (family === 'ip' ? '' : `${family} `)

const CHANGES = { added: 'new chain', removed: 'chain is gone' } as const

function writeChain(
  page: Page,
  { family, table, chain, change, policy, added, removed, moved }: ChainComparison,
): void {
  const name = `${familyWord(family)}${table} ${chain}`
  page.line(page.paint(change === undefined ? name : `${name}  (${CHANGES[change]})`, 'bold'))
  if (policy) page.line(`  policy ${policy.from ?? '?'} ${page.marks.becomes} ${policy.to ?? '?'}`)
  for (const { ruleNumber, rule } of removed) writeRule(page, '-', String(ruleNumber), rule, 'red')
  for (const { ruleNumber, rule } of added) writeRule(page, '+', String(ruleNumber), rule, 'green')
  for (const { from, to, rule } of moved) writeRule(page, ' ', `${from} ${page.marks.becomes} ${to}`, rule, 'yellow')
  page.line()
}

function writeRule(page: Page, sign: string, number: string, rule: string, style: Style): void {
  const front = pad(`  ${sign} ${number}`, SIGNED)
  const indent = front.length + 1
  wrapRule(withoutChain(rule), page.width - indent).forEach((line, i) => {
    page.line(`${i === 0 ? page.paint(front, style) : ' '.repeat(front.length)} ${page.paint(line, style)}`)
  })
}

function writeSet(page: Page, { family, table, name, change, added, removed }: SetComparison): void {
  const where = table === undefined ? '' : `${family} ${table} `
  const changed = change === undefined ? '' : `  (${change === 'added' ? 'new' : 'is gone'})`
  page.line(page.paint(`set ${where}${name}${changed}`, 'bold'))
  for (const [sign, elements, style] of [['-', removed, 'red'] as const, ['+', added, 'green'] as const]) {
    const shown = elements.slice(0, page.full ? undefined : MOST_ELEMENTS)
    for (const element of shown) page.line(page.paint(`  ${sign} ${element}`, style))
    const left = elements.length - shown.length
    if (left > 0) page.line(`  ${sign} and ${countWords(left)} more`)
  }
  page.line()
}

function totals({ chains, sets, tables }: RulesetComparison): string {
  const sum = (key: 'added' | 'removed' | 'moved') => chains.reduce((all, one) => all + one[key].length, 0)
  const policies = chains.filter(({ policy }) => policy).length
  const words = [
    ...(['added', 'removed', 'moved'] as const).flatMap((key) => (sum(key) > 0 ? [`${rules(sum(key))} ${key}`] : [])),
    ...(policies > 0 ? [`${policies} ${policies === 1 ? 'policy' : 'policies'} changed`] : []),
    ...(sets.length > 0 ? [`${sets.length} ${sets.length === 1 ? 'set' : 'sets'} changed`] : []),
    ...tables.added.map(({ family, table }) => `table ${familyWord(family)}${table} is new`),
    ...tables.removed.map(({ family, table }) => `table ${familyWord(family)}${table} is gone`),
  ]
  return words.length === 0 ? 'The rules are the same.' : words.join(', ')
}

const rules = (count: number): string => `${countWords(count)} ${count === 1 ? 'rule' : 'rules'}`
