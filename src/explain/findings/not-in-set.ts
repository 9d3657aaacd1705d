import type { NftEdit, SetEdit } from '../../model/edit.ts'
import type { RuleRef } from '../../model/journey.ts'
import type { NamedSet } from '../../model/ruleset.ts'
import type { EvalContext } from '../../rules/eval-context.ts'
import { held } from '../../rules/facts.ts'
import { inSet } from '../../rules/in-set.ts'
import { setFields, setParts } from '../../rules/ipset.ts'
import type { Expression } from '../../rules/nft/ast.ts'
import { inNftSet } from '../../rules/nft/lookup.ts'
import { changesOf, propose } from '../changes.ts'
import { type Context, type Detected, type Detector, finding } from '../context.ts'
import { isListed, isNegated } from '../counterfactual/failed-condition.ts'
import { type Goal, goals } from '../counterfactual/goals.ts'
import { keyHeld, type Lookup, lookupOf, nftSetOf, slip } from '../counterfactual/map-keys.ts'
import { type NearMiss, nearMisses } from '../counterfactual/near-misses.ts'
import { refOfSkipped } from '../counterfactual/skipped-rules.ts'
import { verdictFor } from '../nft-correct.ts'
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
  const { miss, moment, step, doubt, gives } = one
  const lookup = lookupOf(miss.condition)
  // what a rule lists itself is no set that anybody could add to
  if (!lookup || isListed(miss)) return []
  const negated = isNegated(miss.condition) !== (lookup.differs === true)
  const ref = refOfSkipped(context, one)
  const set = setOf(context, lookup)
  const key = lookup.nft && keyHeld(lookup, moment)
  const element = set && (lookup.nft ? key?.join(' . ') : elementOf(set, lookup.fields, moment))
  const turned = negated || !set ? undefined : turnedRound(lookup, moment)
  const end = goal.kind === 'pass' ? refAt(context, context.ended.step) : undefined
  const kind = set?.dataType === undefined ? 'set' : 'map'
  const what = `${element ?? 'it'} is ${negated ? '' : 'not '}in ${kind} ${lookup.set}`
  const near = lookup.nft && !negated ? slip(context, lookup, moment)?.parts.join(' . ') : undefined
  const has = near === undefined ? '' : `, which has ${near}`
  const hint = turned ? `; ${otherSide(set!, lookup, turned, moment) ?? 'its other side'} is (${turned.join(',')})` : ''
  const isUnclear = kind === 'map' && gives === undefined && near === undefined
  return [
    finding(
      'not-in-set',
      goal.mendable && !isUnclear ? 'warning' : 'note',
      `${nameRef(ref)} would have ${goal.what}, but ${what}${has}${hint}.`,
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
                ? changeNftSet(lookup, set!, key!, negated, gives)
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

/** `gives`: what a map is to give for it; where that is not clear, there is no such element. */
function changeNftSet(
  { nft, set }: Lookup,
  { dataType }: NamedSet,
  parts: readonly Part[],
  negated: boolean,
  gives: string | undefined,
): Proposal[] {
  if (!nft?.table) return []
  const { family, name: table } = nft.table
  const key: Expression = inARow(parts)
  const data = gives === undefined ? undefined : (verdictFor(gives) ?? inARow(gives.split(' . ').map(numbered)))
  if (dataType !== undefined && !negated && data === undefined) return []
  const edit = (op: 'add' | 'delete', elem: readonly unknown[]): NftEdit[] => [
    { kind: 'nft', op, object: { element: { family, table, name: set, elem } } },
  ]
  const whole = dataType === undefined ? [key] : [[key, data]]
  return change({ edits: edit('add', whole), undo: edit('delete', [key]) }, negated)
}

const inARow = (parts: readonly Part[]): Expression => (parts.length === 1 ? parts[0]! : { concat: [...parts] })

const numbered = (word: string): Part => (/^\d+$/.test(word) ? Number(word) : word)

function setOf(context: Context, lookup: Lookup): NamedSet | undefined {
  if (lookup.nft) return nftSetOf(context, lookup)
  return context.world.sets.find(({ name, table }) => name === lookup.set && table === undefined)
}

type Part = string | number

/** Is the packet in the set, if source and destination are asked the other way round? */
function turnedRound({ set, fields, nft }: Lookup, moment: EvalContext): string[] | undefined {
  const turned = fields.map(nft ? turnedField : (one) => (one === 'src' ? 'dst' : 'src'))
  if (turned.join() === fields.join()) return undefined
  const isIn = nft ? inNftSet({ set, fields: turned, nft }, false, moment) : inSet(set, turned, moment)
  return isIn === true ? turned : undefined
}

const turnedField = (field: string): string =>
  field.replace(/\b([sd])(addr|port)$/, (_, side, what) => `${side === 's' ? 'd' : 's'}${what}`)

const otherSide = (
  set: NamedSet,
  { nft, ...rest }: Lookup,
  turned: string[],
  moment: EvalContext,
): string | undefined =>
  nft ? keyHeld({ ...rest, nft, fields: turned }, moment)?.join(' . ') : elementOf(set, turned, moment)

function turnRule({ used }: NearMiss, ref: RuleRef, lookup: Lookup, turned: readonly string[]): Proposal[] {
  if (used) return []
  return propose(
    `ask for ${turned.join(',')} in rule ${ref.ruleNumber} of ${ref.chain}`,
    changesOf(ref).turnLookup(ref, lookup.set, turned),
    used === false ? 'it has never matched a packet' : 'see that nobody needs the rule as it is',
  )
}

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
