/** A chain that a packet traversed, and whose rules are gone. */
import { HOOKS } from '../../model/hook.ts'
import type { Chain, Table } from '../../model/ruleset.ts'
import type { Context } from '../context.ts'
import { ownerOf } from '../owners/owners.ts'
import { chainLedTo, type TableTraversal } from './skipped-rules.ts'

/**
 * The base chain where another hook's has rules, or one that rules led to; of several, the one whose like at another hook
 * has rules. `beside`: a chain of the same program; others leave chains empty that are of no concern to it.
 */
export function emptyOnWay(context: Context, { steps, base, table }: TableTraversal, beside: Chain): Chain | undefined {
  if (base.rules.length === 0) return hasTwin(table, base) ? base : undefined
  const writer = ({ name }: Chain) =>
    ownerOf({ family: table.family, table: table.name, chain: name, contents: table })?.name
  const led = steps.flatMap((step) => {
    const chain = emptyLedTo(context, table, step)
    return chain && writer(chain) === writer(beside) ? [chain] : []
  })
  const [first, ...more] = [...new Set(led)]
  if (more.length === 0) return first
  const [likely, ...others] = [first!, ...more].filter((chain) => hasTwin(table, chain))
  return others.length === 0 ? likely : undefined
}

/** The chain without rules that the step's rule led to. */
export function emptyLedTo(context: Context, { chains }: Table, step: number): Chain | undefined {
  const to = context.journey.steps[step]!.kind === 'rule' ? chainLedTo(context, step) : undefined
  const chain = to === undefined ? undefined : chains.get(to)
  return chain?.rules.length === 0 ? chain : undefined
}

/** `filter_INPUT_ZONES` and `filter_FORWARD_ZONES`, `nat_PRE_public_allow` and `nat_POST_public_allow`: has the other one rules? */
export function hasTwin({ chains }: Table, { name }: Chain): boolean {
  const own = withoutHook(name)
  return own !== name && [...chains.values()].some((one) => one.rules.length > 0 && withoutHook(one.name) === own)
}

/** As chains' names have them, in full or as firewalld cuts them. */
const HOOK = new RegExp(`(?<![a-z])(?:${[...HOOKS, 'pre', 'post', 'in', 'fwd', 'out'].join('|')})(?![a-z])`, 'gi')

const withoutHook = (name: string): string => name.replace(HOOK, '*')
