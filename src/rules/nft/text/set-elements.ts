/** The elements of a named set or map: a list in brackets, or a variable that holds one. */
import type { Expression } from '../ast.ts'
import type { MapElement } from '../objects.ts'
import { parseSet } from './expressions.ts'
import type { Parser } from './parser.ts'

export function parseElements(p: Parser): (Expression | MapElement)[] {
  if (!p.is('$')) return flatten(parseSet(p).set)
  const value = p.variable()
  if (typeof value === 'object' && 'set' in value) return flatten(value.set)
  return [value]
}

/** A variable inside of a list may hold a list of its own. */
const flatten = (members: (Expression | MapElement)[]): (Expression | MapElement)[] =>
  members.some(isSet) ? members.flatMap((member) => (isSet(member) ? flatten(member.set) : [member])) : members

const isSet = (member: Expression | MapElement): member is { set: (Expression | MapElement)[] } =>
  typeof member === 'object' && 'set' in member
