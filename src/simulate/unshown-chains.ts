/**
 * Base chains that no listing shows. The packet goes on as if they did nothing, so that what is shown may decide alone:
 * what a rule of mangle PREROUTING drops is dropped, whatever filter has.
 */
import type { Table } from '../model/ruleset.ts'
import type { World } from '../model/world.ts'
import { acceptsCondition, isUnshown, UNLISTED, whyOpen } from '../rules/end-policy.ts'
import { notShownWords } from '../rules/not-shown.ts'
import type { PreparedChain } from '../rules/prepared-chain.ts'
import { readsMarks } from '../rules/reads-marks.ts'
import { isUnknown, unknown } from '../rules/truth.ts'
import type { Simulator } from './simulator.ts'
import type { End } from './traverse.ts'
import type { Open } from './undetermined.ts'

export interface UnshownChain {
  table: Table
  condition: string
  reason: string
  rewrites: boolean
}

/** Is nothing known of what it does? A listed table's chain may be assumed to drop the packet; then it is played. */
export function leavesOpen(machine: Simulator, { table, chain }: PreparedChain): boolean {
  if (!isUnshown(table, chain)) return false
  const condition = acceptsCondition(table, chain)
  const reason = whyOpen(table, chain)
  const truth = machine.settle(condition, unknown(reason))
  if (isUnknown(truth) || (table.unlisted && !truth))
    machine.unshown.push({ table, condition, reason, rewrites: chain.type === 'nat' })
  return isUnknown(truth) || table.unlisted === true
}

/** Undefined where the end is the same whatever they do. */
export function openBehind(unshown: readonly UnshownChain[], end: End, world: World): Open | undefined {
  const [first] = unshown
  if (!first) return undefined
  const mayMatter = ({ rewrites, table: { name } }: UnshownChain) =>
    rewrites || (!KEEPING_MARKS.has(name) && readsMarks(world))
  if (!PASSED.has(end.outcome) && !unshown.some(mayMatter)) return undefined
  const { condition } = unshown.find(mayMatter) ?? first
  const { reason } = unshown.find((one) => one.condition === condition)!
  return { condition, reason: condition === UNLISTED ? unlistedWords(unshown) : reason, otherwise: end.outcome }
}

const PASSED: ReadonlySet<string> = new Set(['delivered', 'forwarded', 'sent'])
/** By custom: their rules may write marks, too, and nobody has them do so. */
const KEEPING_MARKS: ReadonlySet<string> = new Set(['filter', 'raw'])

/** All tables together, and with them the chains of other tables that were not listed. */
function unlistedWords(unshown: readonly UnshownChain[]): string {
  const tables = new Set(unshown.flatMap(({ table }) => (table.unlisted ? [table] : [])))
  const chains = unshown.flatMap(({ table, reason }) => (table.unlisted ? [] : [reason]))
  return [notShownWords([...tables]), ...new Set(chains)].join(', and ')
}
