/** What a comparison says, in sentences: where two journeys part, and what each of them met there and after. */
import type { Both, Comparison, Parting, SideName } from '../analysis/compare.ts'
import type { Journey, Step } from '../model/journey.ts'
import { ruleName, whereWords } from './journey-words.ts'
import type { Marks } from './marks.ts'
import { changeWords, fieldName } from './packet-words.ts'
import { stepName, stepWords } from './step-words.ts'

export const SIDES: readonly SideName[] = ['a', 'b']

/** Of one side. `rule`: the text of the rule in the line before; `change`: what it did to the packet. */
export interface SideLine {
  kind: 'step' | 'rule' | 'change' | 'end'
  text: string
}

export interface ComparisonWords {
  diverge: string
  /** Fields of the two packets. Absent: none differs. */
  differ?: string
  share: string
  sides: Both<SideLine[]>
}

export const comparisonWords = (comparison: Comparison, marks: Marks): ComparisonWords => ({
  diverge: comparison.parted
    ? `A and B diverge${comparison.parted.at === 'ruleset' ? ': ' : ' '}${partingWords(comparison, comparison.parted)}.`
    : together(comparison),
  ...(comparison.differs.length > 0 ? { differ: `They differ in ${differences(comparison)}.` } : {}),
  share: `They share ${commonWords(comparison)}.${strangersWords(comparison)}`,
  sides: { a: sideLines(comparison, 'a', marks), b: sideLines(comparison, 'b', marks) },
})

/** A wrong number compares an announcement with the packet that is meant. */
function strangersWords({ journeys: { a, b } }: Comparison): string {
  const [one, other] = [a.packet, b.packet]
  const ends = new Set([one.src, one.dst])
  const isNear = [other.src, other.dst].some((end) => end !== undefined && ends.has(end))
  if (one.protocol === other.protocol || one.protocol === undefined || other.protocol === undefined || isNear) return ''
  return ' Protocols and addresses differ as well: check the numbers. nfwhy explain prints them (#1), and a filter selects a packet without a number.'
}

/** The same rules may do for one packet, and not for the other. */
function together({ journeys }: Comparison): string {
  const told = (side: SideName) => journeys[side].findings.find(({ severity }) => severity !== 'note')
  const [a, b] = [told('a'), told('b')]
  const only = a && b ? undefined : (a ?? b)
  return only ? `A and B meet the same rules. Of ${a ? 'A' : 'B'} alone: ${only.message}` : 'A and B do not diverge.'
}

/** `port 52000 / 80`, those of A first. */
const differences = ({ differs }: Comparison): string =>
  differs.map(({ field, a = '?', b = '?' }) => `${fieldName(field)} ${a} / ${b}`).join(', ')

function commonWords({ common, parted, journeys, detours }: Comparison): string {
  const words = [common === 0 ? 'no step' : `${common} ${common === 1 ? 'step' : 'steps'}`]
  const last = lastCommon(journeys.a, parted)
  if (!parted) words.push('to the end')
  else if (last && common > 0) words.push(`up to ${stepName(last)}`)
  const places = detours.map(({ a }) => stepName(journeys.a.steps.find((one) => one.n === a)!))
  if (places.length > 0) words.push(`(except ${places.join(', ')}, which changed nothing)`)
  return words.join(' ')
}

/** The step of A before they part. */
function lastCommon({ steps }: Journey<unknown>, parted: Parting | undefined): Step | undefined {
  const at = parted?.steps.a
  return at === undefined ? steps.at(-1) : steps.find((one) => one.n === at - 1)
}

function partingWords({ journeys }: Comparison, { at, matched, rule, steps }: Parting): string {
  const [a, b] = [stepAt(journeys.a, steps.a), stepAt(journeys.b, steps.b)]
  switch (at) {
    case 'end':
      return `where ${a ? 'B' : 'A'} ends and ${a ? 'A' : 'B'} goes on`
    case 'hook':
      return `at routing, which sends A to ${a?.hook ?? '?'} and B to ${b?.hook ?? '?'}`
    case 'ruleset':
      return `${rulesetWords('A', a)}, ${rulesetWords('B', b)}`
    case 'table':
      return `where A traverses table ${a?.table ?? '?'} and B traverses table ${b?.table ?? '?'}`
    default:
      return matched && rule
        ? `at ${ruleName(rule)}, which matches only ${matched.toUpperCase()}`
        : `in chain ${a?.chain ?? '?'}`
  }
}

/** Rules of one IP version say nothing of the other one's packets. */
function rulesetWords(side: string, step: Step | undefined): string {
  const { family = '?', table = '?', chain = '?' } = step ?? {}
  const isIptables = step?.handle === undefined && /^(ip|ip6)$/.test(family)
  if (!isIptables) return `${side} traverses ${family} ${table} ${chain}`
  return `${side} traverses ${table} ${chain} of ${family === 'ip6' ? 'ip6tables' : 'iptables'}`
}

const stepAt = ({ steps }: Journey<unknown>, n: number | undefined) => steps.find((one) => one.n === n)

/** What one of them met where they part, and what became of it. */
function sideLines({ journeys, parted, after }: Comparison, side: SideName, marks: Marks): SideLine[] {
  const journey = journeys[side]
  const lines: SideLine[] = []
  const add = (kind: SideLine['kind'], text: string | undefined) => text !== undefined && lines.push({ kind, text })
  const step = stepAt(journey, parted?.steps[side])
  if (parted?.matched !== undefined && parted.rule) {
    const matches = parted.matched === side
    add('step', `${ruleName(parted.rule)} ${matches ? 'matches' : notMatched(parted)}`)
    if (matches) add('rule', parted.rule.rule)
    else if (step) add('step', `next: ${stepWords(step, marks)}`)
  } else if (step) {
    add('step', stepWords(step, marks))
    add('rule', step.rule)
  }
  for (const n of after[side]) {
    const telling = stepAt(journey, n)
    if (!telling || (telling === step && telling.changes.length === 0)) continue
    if (telling !== step) {
      add('step', stepWords(telling, marks))
      add('rule', telling.rule)
    }
    for (const change of telling.changes) add('change', changeWords(change, marks))
  }
  add('end', `${journey.outcome.toUpperCase()} ${whereWords(journey) ?? ''}`.trimEnd())
  return lines
}

function notMatched({ failed, unknown }: Parting): string {
  if (failed.length > 0) return `does not match: ${failed.join(', ')} ${failed.length > 1 ? 'fail' : 'fails'}`
  return unknown.length > 0 ? `does not match (the condition ${unknown.join(', ')} is unknown)` : 'does not match'
}
