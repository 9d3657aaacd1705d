/** Whether a rule that traces is ever come to: which rule before it ends the chain for every packet that is wished. */
import type { Rule, Table } from '../../model/ruleset.ts'
import type { World } from '../../model/world.ts'
import { holdsFor, sees, type TraceRule } from './rules.ts'
import type { Wish } from './wish.ts'

/** The rule that ends the chain before it; undefined where none surely does. */
export function enderBefore(trace: TraceRule, wish: Wish, world: World): Rule | undefined {
  const family = wish.families.find((one) => sees(trace, one))
  return family && ender(trace, { ...wish, families: [family] }, world)
}

function ender({ table, chain, rule, bases }: TraceRule, wish: Wish, world: World): Rule | undefined {
  const ends = (one: Rule) => endsChain(table, one, wish, world)
  const inChain = chain.rules.slice(0, rule.ruleNumber - 1).find(ends)
  if (inChain) return inChain
  // it is enough that one way leads to it
  const blocked = bases.map(({ chain: base, through }) => base.rules.slice(0, through.ruleNumber - 1).find(ends))
  return blocked.includes(undefined) ? undefined : blocked[0]
}

const ENDS: ReadonlySet<string> = new Set(['accept', 'drop', 'return', 'reject', 'goto', 'queue'])
const DEEPEST = 16

/** For every packet that is wished; `inside`: it is a chain that was jumped to, from which a return leads back. */
function endsChain(table: Table, rule: Rule, wish: Wish, world: World, inside = 0): boolean {
  if (holdsFor(rule, wish, world) !== true) return false
  return rule.statements.some((statement) => {
    if (statement.kind !== 'jump') return ENDS.has(statement.kind) && !(inside > 0 && LEADS_BACK.has(statement.kind))
    const rules = table.chains.get(statement.chain)?.rules ?? []
    const last = rules.findIndex((one) => endsChain(table, one, wish, world, inside + 1))
    if (last < 0 || inside > DEEPEST) return false
    return !rules.slice(0, last).some((one) => one.statements.some(({ kind }) => LEADS_BACK.has(kind)))
  })
}

/** To the chain that jumped here, perhaps. */
const LEADS_BACK: ReadonlySet<string> = new Set(['return', 'goto', 'vmap'])
