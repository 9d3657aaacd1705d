import type { Condition } from '../../model/condition.ts'
import type { Fix } from '../../model/journey.ts'
import type { NamedSet } from '../../model/ruleset.ts'
import { held } from '../../rules/facts.ts'
import { inSet } from '../../rules/in-set.ts'
import { setFields, setParts } from '../../rules/ipset.ts'
import type { Moment } from '../../rules/moment.ts'
import { iptablesHead, ruleWords, shellWord } from '../commands.ts'
import { type Context, type Detected, type Detector, finding } from '../context.ts'
import { type Goal, goals } from '../goals.ts'
import { isNegated } from '../miss.ts'
import { type NearMiss, nearMisses } from '../near-misses.ts'
import { nameRef, refAt } from '../refs.ts'

const MOST = 3

/** A rule would have taken it, had it been in the rule's ipset, or not been. */
export const notInSet: Detector = {
  code: 'not-in-set',
  detect: (context) =>
    goals(context)
      .flatMap((goal) => nearMisses(context, goal).flatMap((one) => tell(context, goal, one)))
      .slice(0, MOST),
}

function tell(context: Context, goal: Goal, one: NearMiss): Detected[] {
  const { ref, miss, moment, step, doubt } = one
  const negated = isNegated(miss.condition)
  const lookup = miss.condition.kind === 'not' ? miss.condition.of : miss.condition
  if (lookup.kind !== 'lookup') return []
  const set = context.world.sets.find(({ name, table }) => name === lookup.set && table === undefined)
  const element = set && elementOf(set, lookup.fields, moment)
  const turned = negated || !set ? undefined : turnedRound(lookup.set, lookup.fields, moment)
  const end = goal.kind === 'pass' ? refAt(context, context.ended.step) : undefined
  const what = `${element ?? 'it'} is ${negated ? '' : 'not '}in set ${lookup.set}`
  const hint = turned ? `; ${elementOf(set!, turned, moment) ?? 'its other side'} is (${turned.join(',')})` : ''
  return [
    finding('not-in-set', 'warning', `${nameRef(ref)} would have ${goal.what}, but ${what}${hint}.`, {
      steps: [step + 1],
      rules: end ? [ref, end] : [ref],
      fix: turned
        ? turnRule(one, lookup, turned)
        : element === undefined
          ? []
          : changeSet(lookup.set, element, negated),
      doubt,
    }),
  ]
}

function changeSet(set: string, element: string, negated: boolean): Fix[] {
  const [word, undo] = negated ? ['del', 'add'] : ['add', 'del']
  const names = `${shellWord(set)} ${shellWord(element)}`
  return [
    {
      description: negated ? 'take it out of the set' : 'put it into the set',
      command: `ipset ${word} ${names}`,
      undo: `ipset ${undo} ${names}`,
      unverified: 'not tried',
      note: 'every rule that asks for the set counts it then',
    },
  ]
}

/** Is the packet in the set, if source and destination are asked the other way round? */
function turnedRound(set: string, directions: readonly string[], moment: Moment): string[] | undefined {
  const turned = directions.map((one) => (one === 'src' ? 'dst' : 'src'))
  return inSet(set, turned, moment) === true ? turned : undefined
}

function turnRule({ ref, rule, used }: NearMiss, lookup: Lookup, turned: readonly string[]): Fix[] {
  if (used || ref.ruleNumber === undefined) return []
  const words = ruleWords(ref)
  const at = words.indexOf(lookup.set)
  if (at < 0 || !rule.text.startsWith('-A ')) return []
  const head = `${iptablesHead(ref)} -R ${shellWord(ref.chain)} ${ref.ruleNumber}`
  return [
    {
      description: `ask for ${turned.join(',')} in rule ${ref.ruleNumber} of ${ref.chain}`,
      command: [head, ...words.with(at + 1, turned.join(',')).map(shellWord)].join(' '),
      undo: [head, ...words.map(shellWord)].join(' '),
      unverified: 'not tried',
      note: used === false ? 'it has never matched a packet' : 'see that nobody needs the rule as it is',
    },
  ]
}

type Lookup = Condition & { kind: 'lookup' }

/** As `ipset add` takes it; undefined for types whose elements a packet does not tell. */
function elementOf(set: NamedSet, directions: readonly string[], moment: Moment): string | undefined {
  const { family, packet } = moment
  if (family !== 'ip' && family !== 'ip6') return undefined
  const fields = setFields(set.type, directions, family)
  if (!fields) return undefined
  const parts = setParts(set.type)
  const words = fields.map((field, i) => {
    const value = held(field, moment)
    if (typeof value !== 'string' && typeof value !== 'number') return undefined
    if (parts[i] !== 'port' || set.type === 'bitmap:port') return String(value)
    return packet.protocol === undefined ? undefined : `${packet.protocol}:${value}`
  })
  return words.every((word) => word !== undefined) ? words.join(',') : undefined
}
