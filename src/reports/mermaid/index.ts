/**
 * A flowchart in Mermaid's language, as GitHub and GitLab draw it from a ticket: one box for each kind of packet, the worst first, with the
 * hooks that it passed and the chains that it met there, and where it ended.
 */
import { countWords } from '../../model/count-words.ts'
import type { Journey, PrintedFix, Step } from '../../model/journey.ts'
import { allPrintable } from '../../model/printable.ts'
import { answerOf } from '../answer.ts'
import { decidedOf } from '../decided-words.ts'
import { isToldWithFirst, markOfGroup, wordOf } from '../exchange-words.ts'
import type { Form, Group } from '../form.ts'
import { ruleName } from '../journey-words.ts'
import { UNICODE as MARKS } from '../marks.ts'
import { addressWords, changeWords, kindWords } from '../packet-words.ts'
import { printedGroup } from '../printed-group.ts'
import { stepName, stepWords } from '../step-words.ts'
import { comment, lines } from './escape.ts'

/** Mermaid refuses a drawing with more arrows than 500, or more characters than 50,000, unless its page allows that. */
const MOST_ARROWS = 450
const MOST_CHARACTERS = 45_000
/** Chains of one packet. */
const MOST_VISITS = 60
/** Steps in one box. */
const MOST_STEPS = 12

export const mermaid: Form = {
  describe: 'a Mermaid flowchart',
  ending: '.mmd',
  folds: true,
  open() {
    let [drawn, left, arrows, characters] = [0, 0, 0, 0]
    return {
      begin: () => 'flowchart TB\n',
      journey(group) {
        if (isToldWithFirst(group)) return ''
        const text = smallEnough(allPrintable(printedGroup(group)), drawn + 1)
        arrows += text.match(ARROW)?.length ?? 0
        characters += text.length
        // what comes later is told of less
        if (left > 0 || arrows > MOST_ARROWS || characters > MOST_CHARACTERS) {
          left++
          return ''
        }
        drawn++
        return text
      },
      end: () =>
        (drawn === 0 ? 'none["no packet is shown"]\n' : '') +
        (left === 0 ? '' : `left["${drawn} of ${drawn + left} kinds of packets are drawn"]\n`) +
        'classDef ends stroke-width:3px\n',
    }
  },
}

const ARROW = /^\S+ -->/gm

/** With fewer of its chains where it would be too long by itself. */
function smallEnough(group: Group<PrintedFix>, number: number): string {
  for (let most = MOST_VISITS; ; most >>= 1) {
    const text = `${groupLines(group, number, most).join('\n')}\n`
    if (text.length <= MOST_CHARACTERS || most === 0) return text
  }
}

/** Consecutive steps in one chain at one hook. */
interface Visit {
  hook: string
  name: string
  steps: Step[]
}

function visitsOf({ steps, culprit }: Journey<unknown>): Visit[] {
  const visits: Visit[] = []
  for (const step of steps) {
    // back to where the jump was: the arrows show that
    if (step.kind === 'return' && step.n !== culprit?.step && step.changes.length === 0) continue
    const hook = step.hook ?? 'at an unknown hook'
    const name = nameOf(step)
    const last = visits.at(-1)
    if (last && last.hook === hook && last.name === name) last.steps.push(step)
    else visits.push({ hook, name, steps: [step] })
  }
  return visits
}

const nameOf = (step: Step): string =>
  step.table === undefined || step.chain === undefined
    ? stepName(step)
    : ruleName({ family: step.family, table: step.table, chain: step.chain }).replace(/ policy$/, '')

function groupLines(group: Group<PrintedFix>, number: number, most: number): string[] {
  const { journey, count } = group
  const id = `p${number}`
  const visits = visitsOf(journey)
  const shown = visits.slice(0, most)
  const packet = [
    journey.packet.protocol ?? journey.family,
    ...addressWords(group, MARKS),
    ...kindWords(journey.packet, MARKS),
  ]
  const { cause } = answerOf(group)
  const ways = shown.map((_, i) => ({
    from: i === 0 ? `${id}_in` : `${id}_${i}`,
    to: `${id}_${i + 1}`,
    on: shown[i - 1],
  }))
  const last = shown.length === 0 ? `${id}_in` : `${id}_${shown.length}`
  return [
    comment(`${MARKS[markOfGroup(group)]} ${wordOf(group)} ${decidedWords(group)}`),
    `subgraph ${id}[${lines(packet.join(' '), count > 1 ? `${countWords(count)} packets` : undefined)}]`,
    'direction TB',
    `${id}_in([${lines(journey.packet.in === undefined ? 'sent by this host' : `in ${journey.packet.in}`)}])`,
    ...hookBoxes(shown, id, journey),
    ...(visits.length > shown.length
      ? [`${id}_more[${lines(`… and ${visits.length - shown.length} more chains`)}]`]
      : []),
    `${id}_end{{${lines(`${MARKS[markOfGroup(group)]} ${wordOf(group)}`, decidedWords(group), ...cause.slice(0, 1))}}}:::ends`,
    ...ways.map(({ from, to, on }) => `${from} -->${changesOf(on)} ${to}`),
    `${last} -->${changesOf(shown.at(-1))} ${visits.length > shown.length ? `${id}_more\n${id}_more --> ` : ''}${id}_end`,
    'end',
  ]
}

/** A box for each time that a hook is passed. */
function hookBoxes(visits: readonly Visit[], id: string, { culprit }: Journey<unknown>): string[] {
  const out: string[] = []
  let open: string | undefined
  for (const [i, { hook, name, steps }] of visits.entries()) {
    if (hook !== open) {
      if (open !== undefined) out.push('end')
      out.push(`subgraph ${id}_h${i + 1}[${lines(hook)}]`)
      open = hook
    }
    const isGuilty = steps.some(({ n }) => n === culprit?.step)
    const met = steps.slice(0, MOST_STEPS).map((step) => ruleWords(step, step.n === culprit?.step))
    if (steps.length > MOST_STEPS) met.push(`… and ${steps.length - MOST_STEPS} more`)
    out.push(`${id}_${i + 1}[${lines(name, ...met)}]${isGuilty ? ':::ends' : ''}`)
  }
  if (open !== undefined) out.push('end')
  return out
}

/** `rule 16 → jump KUBE-MARK-DROP`: what the rule is called, behind its chain's name. */
function ruleWords(step: Step, isGuilty: boolean): string {
  const words = stepWords(step, MARKS).slice(nameOf(step).length).trim()
  return isGuilty ? `${MARKS.culprit} ${words}` : words
}

/** What NAT and marks changed on the way to the next chain, as the arrow's label. */
function changesOf(visit: Visit | undefined): string {
  const changes = (visit?.steps ?? []).flatMap((step) => step.changes.map((one) => changeWords(one, MARKS)))
  return changes.length === 0 ? '' : `|${lines(...changes)}|`
}

function decidedWords(group: Group<PrintedFix>): string {
  const decided = decidedOf(group)
  if (!decided) return ''
  if ('ref' in decided) return `${decided.by} ${ruleName(decided.ref)}`
  return 'reason' in decided ? decided.reason : decided.where
}
