/** The packet's mark in nft's words: asked for and written, all of it or some bits. */
import type { Expression, Statement } from '../../rules/nft/ast.ts'
import type { Mark } from './rule-changes.ts'

const MARK: Expression = { meta: { key: 'mark' } }

const isMark = (left: Expression): boolean =>
  typeof left === 'object' &&
  !Array.isArray(left) &&
  (('meta' in left && left.meta.key === 'mark') || ('&' in left && left['&'][0] !== undefined && isMark(left['&'][0])))

export const asksForMark = (one: Statement): boolean => 'match' in one && isMark(one.match.left)
export const writesMark = (one: Statement): boolean => 'mangle' in one && isMark(one.mangle.key)

const ALL = 0xffffffff

export function markMatch({ value, mask }: Mark): Statement {
  const left: Expression = mask >>> 0 === ALL ? MARK : { '&': [MARK, mask >>> 0] }
  return { match: { op: '==', left, right: value >>> 0 } }
}

/** The other bits stay as they are. */
export function markWrite({ value, mask }: Mark): Statement {
  if (mask >>> 0 === ALL) return { mangle: { key: MARK, value: value >>> 0 } }
  const kept: Expression = value >>> 0 === mask >>> 0 ? MARK : { '&': [MARK, ~mask >>> 0] }
  return { mangle: { key: MARK, value: value === 0 ? kept : { '|': [kept, value >>> 0] } } }
}
