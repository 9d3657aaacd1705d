import type { Condition } from '../../model/condition.ts'
import type { NftEdit, SetEdit } from '../../model/edit.ts'
import type { RuleRef } from '../../model/journey.ts'
import type { NamedSet } from '../../model/ruleset.ts'
import type { EvalContext } from '../../rules/eval-context.ts'
import { held } from '../../rules/facts.ts'
import { inSet } from '../../rules/in-set.ts'
import { setFields, setParts } from '../../rules/ipset.ts'
import { propose, replaceRule, ruleWords } from '../changes.ts'
import { type Context, type Detected, type Detector, finding } from '../context.ts'
import { isNegated } from '../counterfactual/failed-condition.ts'
import { type Goal, goals } from '../counterfactual/goals.ts'
import { type NearMiss, nearMisses } from '../counterfactual/near-misses.ts'
import { refOfSkipped } from '../counterfactual/skipped-rules.ts'
import type { Change, Proposal } from '../proposal.ts'
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
  const { miss, moment, step, doubt } = one
  const lookup = miss.condition.kind === 'not' ? miss.condition.of : miss.condition
  if (lookup.kind !== 'lookup') return []
  const negated = isNegated(miss.condition) !== (lookup.differs === true)
  const ref = refOfSkipped(context, one)
  // what a rule lists itself is no set that anybody could add to
  if (lookup.nft !== undefined && lookup.nft.table === undefined) return []
  const set = setOf(context, lookup)
  const element = set && (lookup.nft ? nftElement(lookup, moment)?.join(' . ') : elementOf(set, lookup.fields, moment))
  const turned = negated || !set || lookup.nft ? undefined : turnedRound(lookup.set, lookup.fields, moment)
  const end = goal.kind === 'pass' ? refAt(context, context.ended.step) : undefined
  const what = `${element ?? 'it'} is ${negated ? '' : 'not '}in set ${lookup.set}`
  const hint = turned ? `; ${elementOf(set!, turned, moment) ?? 'its other side'} is (${turned.join(',')})` : ''
  return [
    finding(
      'not-in-set',
      goal.mendable ? 'warning' : 'note',
      `${nameRef(ref)} would have ${goal.what}, but ${what}${hint}.`,
      {
        steps: [step + 1],
        rules: end ? [ref, end] : [ref],
        fix: !goal.mendable
          ? []
          : turned
            ? turnRule(one, ref, lookup, turned)
            : element === undefined
              ? []
              : lookup.nft
                ? changeNftSet(lookup, set!, nftElement(lookup, moment)!, negated)
                : changeSet(lookup.set, element, negated),
        doubt,
      },
    ),
  ]
}

function changeSet(set: string, element: string, negated: boolean): Proposal[] {
  const edit = (op: 'add' | 'del'): SetEdit[] => [{ kind: 'ipset', op, set, element }]
  return change({ edits: edit('add'), undo: edit('del') }, negated)
}

function change({ edits: add, undo: remove }: Change, negated: boolean): Proposal[] {
  const note = 'every rule that asks for the set counts it then'
  return negated
    ? propose('take it out of the set', { edits: remove, undo: add }, note)
    : propose('put it into the set', { edits: add, undo: remove }, note)
}

/** Of maps no element can be given that says what it leads to. */
function changeNftSet({ nft, set }: Lookup, { dataType }: NamedSet, parts: Part[], negated: boolean): Proposal[] {
  if (dataType !== undefined || !nft?.table) return []
  const { family, name: table } = nft.table
  const elem = [parts.length === 1 ? parts[0]! : { concat: parts }]
  const edit = (op: 'add' | 'delete'): NftEdit[] => [
    { kind: 'nft', op, object: { element: { family, table, name: set, elem } } },
  ]
  return change({ edits: edit('add'), undo: edit('delete') }, negated)
}

function setOf({ world }: Context, { set, nft }: Lookup): NamedSet | undefined {
  return world.sets.find(
    ({ name, table, family }) => name === set && table === nft?.table?.name && family === nft?.table?.family,
  )
}

type Part = string | number

/** As `nft add element` takes it: a value for each part of the set's type. */
function nftElement({ fields, nft }: Lookup, moment: EvalContext): Part[] | undefined {
  const words = fields.map((field) => held(field, moment))
  if (nft?.masks?.some((mask) => mask !== null)) return undefined
  return words.every((word) => typeof word === 'string' || typeof word === 'number') ? words : undefined
}

/** Is the packet in the set, if source and destination are asked the other way round? */
function turnedRound(set: string, directions: readonly string[], moment: EvalContext): string[] | undefined {
  const turned = directions.map((one) => (one === 'src' ? 'dst' : 'src'))
  return inSet(set, turned, moment) === true ? turned : undefined
}

function turnRule({ used }: NearMiss, ref: RuleRef, lookup: Lookup, turned: readonly string[]): Proposal[] {
  const words = ruleWords(ref)
  const at = words.indexOf(lookup.set)
  if (used || at < 0) return []
  return propose(
    `ask for ${turned.join(',')} in rule ${ref.ruleNumber} of ${ref.chain}`,
    replaceRule(ref, words.with(at + 1, turned.join(','))),
    used === false ? 'it has never matched a packet' : 'see that nobody needs the rule as it is',
  )
}

type Lookup = Condition & { kind: 'lookup' }

/** As `ipset add` takes it; undefined for types whose elements a packet does not tell. */
function elementOf(set: NamedSet, directions: readonly string[], moment: EvalContext): string | undefined {
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
