/** Why it ended so: from the rule that ended it back to the one to look at, with that rule's text and its owner. */

import { columns } from '../../model/columns.ts'
import type { Cause, Journey, RuleRef } from '../../model/journey.ts'
import { isGuilty } from '../deciding-rule.ts'
import { tellsCause } from '../findings.ts'
import { rewrites, ruleKey, ruleName } from '../journey-words.ts'
import { namedRule } from '../step-words.ts'
import { cutEnd, cutMiddle, pad, widest, wrap, wrapRule } from './layout.ts'
import type { Page } from './page.ts'

/** Of the room, for the rules' names; the rest says what they did. */
const NAME_PART = 0.4
const NAME_LEAST = 26
/** A rule's text takes no more lines than this, unless everything is to be shown. */
const RULE_LINES = 4

/** Rules whose text has been written in this block. */
export type Shown = Set<string>

export function writeWhy(page: Page, journey: Journey<unknown>, shown: Shown): void {
  const { cause, culprit } = journey
  if (!tellsCause(journey)) return
  const texts = cause.map((one) => withOwner(page, one, isGuilty(one, culprit)))
  // short texts leave more of it
  const left = page.room - 2 - widest(texts)
  const most = page.full ? page.room / 2 : Math.max(NAME_LEAST, page.room * NAME_PART, left)
  const names = cause.map(({ rule }) => shortName(rule, Math.floor(most), page))
  const nameColumns = Math.min(Math.floor(most), widest(names))
  cause.forEach((one, i) => {
    const guilty = isGuilty(one, culprit)
    const lines = wrap(texts[i]!, page.room - nameColumns - 2)
    // a name in full length may need a line of its own
    if (columns(names[i]!) > nameColumns) lines.unshift('')
    const rows = lines.map((line, k) => `${pad(k === 0 ? names[i]! : '', nameColumns)}  ${line}`)
    page.rows(i === 0 ? 'why' : '', rows, guilty ? { mark: page.marks.culprit, style: 'bold' } : {})
    if (guilty) writeRule(page, one.rule, shown)
  })
}

function withOwner(page: Page, { text, rule }: Cause, guilty: boolean): string {
  return rule.owner !== undefined && (guilty || page.full) ? `${text}  (${rule.owner}'s rule)` : text
}

/** The rule in its own words, once in a block. `named`: no line above says which it is. */
export function writeRule(page: Page, ref: RuleRef, shown: Shown, named = false): void {
  const key = ruleKey(ref)
  if (ref.rule === undefined || shown.has(key)) return
  shown.add(key)
  const lines = wrapRule(named ? namedRule(ref, ref.rule) : ref.rule, page.room)
  if (!page.full && lines.length > RULE_LINES) {
    lines[RULE_LINES - 1] = cutEnd(lines.slice(RULE_LINES - 1).join(' '), page.room, page.marks.cut)
    lines.length = RULE_LINES
  }
  page.rows(named ? 'rule' : '', lines, { style: 'dim' })
}

/** NAT, whatever became of the packet. */
export function writeRewrites(page: Page, journey: Journey<unknown>, shown: Shown): void {
  for (const { label, step } of rewrites(journey)) {
    if (step.table === undefined || step.chain === undefined) continue
    const ref: RuleRef = { ...step, table: step.table, chain: step.chain }
    const key = ruleKey(ref)
    const name = ruleName(ref)
    if (ref.rule === undefined || shown.has(key)) {
      page.row(label, name)
      continue
    }
    shown.add(key)
    const text = namedRule(ref, ref.rule)
    page.rows(label, page.full ? wrapRule(text, page.room) : [cutEnd(text, page.room, page.marks.cut)])
  }
}

/** A rule's name cut inside its chain's name, so that table and number stay. */
export function shortName(ref: RuleRef, width: number, page: Page): string {
  const name = ruleName(ref)
  if (page.full || columns(name) <= width) return name
  const chain = cutMiddle(ref.chain, Math.max(8, width - (columns(name) - columns(ref.chain))), page.marks.cut)
  return ruleName({ ...ref, chain })
}
