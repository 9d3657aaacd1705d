/** A rule as `nft list` prints it. */
import type { Statement } from '../ast.ts'
import { type PrintContext, printStatement } from './statements.ts'
import { quoted } from './values.ts'

export interface PrintOptions extends PrintContext {
  /** As `nft -a` does: ` # handle 4` behind what has one. */
  handles?: boolean
  /** As `nft -s` does: counters and quotas without what they hold. */
  stateless?: boolean
}

/** Statements, and the comment if there is one. */
export function printRule(
  { expr, comment, handle }: { expr: readonly Statement[]; comment?: string | undefined; handle?: number | undefined },
  options: PrintOptions = {},
): string {
  const words = expr.map((one) => printStatement(options.stateless ? withoutState(one) : one, options))
  if (comment !== undefined) words.push(`comment ${quoted(comment)}`)
  return words.join(' ') + printHandle(handle, options)
}

function withoutState(statement: Statement): Statement {
  if ('counter' in statement) return isBody(statement.counter) ? { counter: null } : statement
  if ('last' in statement) return { last: null }
  if (!('quota' in statement) || typeof statement.quota === 'string' || 'map' in statement.quota) return statement
  const { used: _, used_unit: __, ...quota } = statement.quota
  return { quota }
}

const isBody = (counter: unknown): boolean => typeof counter === 'object' && counter !== null && !('map' in counter)

export const printHandle = (handle: number | undefined, { handles }: PrintOptions): string =>
  handles && handle !== undefined ? ` # handle ${handle}` : ''
