/** A rule as `nft list` prints it. */
import type { Statement } from '../ast.ts'
import { printStatement } from './statements.ts'
import { quoted } from './values.ts'

export interface PrintOptions {
  /** As `nft -a` does: ` # handle 4` behind what has one. */
  handles?: boolean
}

/** Statements, and the comment if there is one. */
export function printRule(
  { expr, comment, handle }: { expr: readonly Statement[]; comment?: string | undefined; handle?: number | undefined },
  options: PrintOptions = {},
): string {
  const words = expr.map(printStatement)
  if (comment !== undefined) words.push(`comment ${quoted(comment)}`)
  return words.join(' ') + printHandle(handle, options)
}

export const printHandle = (handle: number | undefined, { handles }: PrintOptions): string =>
  handles && handle !== undefined ? ` # handle ${handle}` : ''
