/**
 * Base chains of several tables with one priority. The kernel runs the one that was registered last first
 * (nf_hook_entries_grow, net/netfilter/core.c), and no listing tells which that was. So their order is only taken where
 * it makes no difference to the packet.
 */
import { decides } from '../journey/backends.ts'
import type { Condition } from '../model/condition.ts'
import type { Chain, Table } from '../model/ruleset.ts'
import type { Statement } from '../model/statement.ts'
import { keptAs } from '../rules/assign.ts'
import { endPolicy } from '../rules/end-policy.ts'
import type { EvalContext } from '../rules/eval-context.ts'
import { partsOf } from '../rules/facts/numbers.ts'
import { chainsOf } from '../rules/nft/map.ts'
import type { PreparedChain } from '../rules/prepared-chain.ts'
import { simpleConditions } from '../rules/simple-conditions.ts'
import { isUnknown } from '../rules/truth.ts'
import { walk } from '../rules/walk.ts'
import { momentOf } from './moment.ts'
import type { Hooked } from './nat-hook.ts'
import type { TableVerdict } from './simulated-walk.ts'
import type { Simulator } from './simulator.ts'
import type { Skb } from './skb.ts'
import { Undetermined } from './undetermined.ts'

export interface TiedChain {
  base: PreparedChain
  run(machine: Simulator, skb: Skb): TableVerdict
}

type Placed = TiedChain & Hooked

/** Those of several tables with one priority become one; of a table's own the order is known. */
export function joinTied(hooked: readonly Placed[]): Hooked[] {
  const joined: Hooked[] = []
  for (let from = 0, to = 0; from < hooked.length; from = to) {
    while (to < hooked.length && hooked[to]!.priority === hooked[from]!.priority) to++
    const tied = hooked.slice(from, to)
    // a chain that decides nothing may stand anywhere
    const deciding = tied.filter(({ base }) => decides(base.chain))
    if (new Set(deciding.map(({ base }) => base.table)).size < 2) joined.push(...tied)
    else {
      joined.push({ priority: hooked[from]!.priority, run: runTied(deciding) })
      joined.push(...tied.filter((one) => !deciding.includes(one)))
    }
    // what its rules show may be another, though the packet's way is the same
    if (new Set(tied.map(({ base }) => base.table)).size > 1)
      joined.push({ priority: hooked[from]!.priority, run: noteOrder(tied) })
  }
  return joined
}

/** More are not tried in every order. */
const MOST_TRIED = 3

/** Runs them one after the other. Throws Undetermined where the packet's way hangs on their order. */
function runTied(chains: readonly TiedChain[]): TiedChain['run'] {
  const between = dependencies(chains.map(({ base }) => base))
  const isTried = between.every(isSeenWalking)
  return (machine, skb) => {
    const known = knownOrder(machine, chains)
    if (!known && between.length > 0 && !(isTried && agree(machine, skb, chains)))
      throw new Undetermined(orderOf(chains[0]!, chains[1]!), whyNot(chains))
    const order = known ?? chains
    for (const [i, one] of order.entries()) {
      const verdict = one.run(machine, skb)
      if (verdict === 'accept') continue
      if (!known) {
        compareWith(machine, skb, verdict, one, chains.slice(i + 1))
        machine.note(`which it meets first: ${chains.map(nameOf).join(', ')} ${whyNot(chains)}`)
      }
      return verdict
    }
    return 'accept'
  }
}

/** Says so where one of them writes what another one reads. */
function noteOrder(chains: readonly TiedChain[]): TiedChain['run'] {
  if (dependencies(chains.map(({ base }) => base)).length === 0) return () => 'accept'
  return (machine) => {
    machine.note(`which rules match it: ${chains.map(nameOf).join(', ')} ${whyNot(chains)}`)
    return 'accept'
  }
}

const nameOf = ({ base: { table, chain } }: TiedChain): string => `${table.family} ${table.name} ${chain.name}`

const whyNot = (chains: readonly TiedChain[]): string =>
  `all have priority ${chains[0]!.base.chain.priority ?? 0}; the order in which they were registered is not known`

const orderOf = (first: TiedChain, then: TiedChain): string =>
  `order of chains: ${nameOf(first)} before ${nameOf(then)}`

/** As a trace has shown it, or as somebody assumes it; undefined where that does not place each of them. */
function knownOrder(machine: Simulator, chains: readonly TiedChain[]): readonly TiedChain[] | undefined {
  const order: TiedChain[] = []
  for (const one of chains) {
    const places = order.map((other) => isBefore(machine, one, other))
    if (places.includes(undefined)) return undefined
    const at = places.indexOf(true)
    order.splice(at < 0 ? order.length : at, 0, one)
  }
  return order
}

/** A table's own are listed in their order. */
function isBefore(machine: Simulator, one: TiedChain, other: TiedChain): boolean | undefined {
  if (one.base.table === other.base.table) return false
  const truth = machine.settle(orderOf(other, one), { unknown: '' })
  return isUnknown(truth) ? undefined : !truth
}

/** One has ended the packet's way: would the others, had they been first, have ended it otherwise? */
function compareWith(
  machine: Simulator,
  skb: Skb,
  verdict: TableVerdict,
  one: TiedChain,
  others: readonly TiedChain[],
): void {
  for (const other of others) {
    const ending = endingOf(other.base, momentOf(machine, skb), machine)
    if (ending !== verdict && ending !== 'accept') assumedOrderOf(machine, one, other)
  }
}

function assumedOrderOf(machine: Simulator, one: TiedChain, other: TiedChain): void {
  const condition = orderOf(one, other)
  const truth = machine.settle(condition, { unknown: whyNot([one, other]) })
  if (truth !== true) throw new Undetermined(condition, whyNot([one, other]))
}

function endingOf({ table, chain }: PreparedChain, moment: EvalContext, machine: Simulator): string {
  const { ending } = walk(table, [{ chain, index: 0 }], { ...moment }, machine.budget)
  return ending === 'policy' ? (endPolicy(table, chain) ?? 'unknown') : ending
}

/** Does the packet fare alike in every order? */
function agree(machine: Simulator, skb: Skb, chains: readonly TiedChain[]): boolean {
  if (chains.length > MOST_TRIED) return false
  const start = momentOf(machine, skb)
  const results = new Set(orders(chains).map((order) => resultOf(machine, start, order)))
  return results.size === 1 && !results.has(undefined)
}

function resultOf(machine: Simulator, start: EvalContext, order: readonly TiedChain[]): string | undefined {
  let moment: EvalContext = { ...start }
  for (const { base } of order) {
    const { ending, packet } = walk(base.table, [{ chain: base.chain, index: 0 }], moment, machine.budget)
    if (ending === 'unknown') return undefined
    const verdict = ending === 'policy' ? endPolicy(base.table, base.chain) : ending
    if (verdict === undefined) return undefined
    if (verdict !== 'accept') return verdict
    moment = { ...moment, packet }
  }
  return JSON.stringify(moment.packet)
}

function orders<T>(list: readonly T[]): T[][] {
  if (list.length < 2) return [[...list]]
  return list.flatMap((first, i) => orders(list.toSpliced(i, 1)).map((rest) => [first, ...rest]))
}

interface Effects {
  reads: Set<string>
  writes: Set<string>
}

/** A rule that does what is not understood may do it to anything. */
const ANYTHING = '*'

/** What one of them writes and another one reads or writes, by the names that `nameFor` gives. */
function dependencies(bases: readonly PreparedChain[]): string[] {
  const effects = bases.map(({ table, chain }) => effectsOf(table, chain))
  return effects.flatMap(({ writes }, i) =>
    effects.flatMap((other, k) => {
      if (k === i || writes.size === 0) return []
      const touched = [...other.reads, ...other.writes]
      return touched.filter((field) => field === ANYTHING || writes.has(field) || writes.has(ANYTHING))
    }),
  )
}

/** Walking the rules one after the other shows what was written of a packet, and no more: no labels, no priority. */
const isSeenWalking = (name: string): boolean => !name.includes(' ') || name === 'ct state'

/** What the rules of a chain, and of those that it leads to, read and write of a packet. */
export function effectsOf(table: Table, base: Chain): Effects {
  const effects: Effects = { reads: new Set(), writes: new Set() }
  const seen = new Set([base.name])
  // grows while it is gone through
  for (const name of seen) {
    for (const { conditions, statements } of table.chains.get(name)?.rules ?? []) {
      for (const condition of conditions) readBy(condition, effects)
      for (const statement of statements) doneBy(statement, effects)
      for (const next of chainsOf(statements)) seen.add(next)
      // which chains a named map leads to, only its elements tell
      if (statements.some((one) => one.kind === 'vmap' && one.map.set !== ''))
        for (const next of table.chains.keys()) seen.add(next)
    }
  }
  return effects
}

/** Several fields are parts of one, or names of the same; bytes may be any. */
const nameFor = (field: string): string => (field.includes('@') ? ANYTHING : (keptAs(field) ?? field))

/** Of a number that is made of fields, these: `jhash meta mark . ip saddr mod 2`. */
function readField(field: string, { reads }: Effects): void {
  for (const one of partsOf(field)) reads.add(nameFor(one))
}

function readBy(condition: Condition, effects: Effects): void {
  for (const one of simpleConditions(condition)) {
    if (one.kind === 'compare') readField(one.field, effects)
    else if (one.kind !== 'unknown') for (const field of one.fields) readField(field, effects)
  }
}

function doneBy(statement: Statement, effects: Effects): void {
  const { writes } = effects
  if ('map' in statement) for (const field of statement.map?.fields ?? []) readField(field, effects)
  switch (statement.kind) {
    case 'set':
      writes.add(nameFor(statement.field))
      if (typeof statement.value === 'object') readField(statement.value.field, effects)
      return
    case 'notrack':
      writes.add(nameFor('ct state'))
      return
    case 'unknown':
      for (const field of statement.fields ?? [ANYTHING]) writes.add(nameFor(field))
      return
    default:
      return
  }
}
