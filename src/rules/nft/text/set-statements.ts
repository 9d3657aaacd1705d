/** Statements that change sets and maps: `add @s { ip saddr timeout 1h limit rate 1/second }`, and meters. */
import type { Expression, Statement } from '../ast.ts'
import { parseElementOptions } from './elements.ts'
import { parseConcat, parseReference } from './expressions.ts'
import { parseStateful } from './limits.ts'
import type { Parser } from './parser.ts'
import { parseTime } from './times.ts'

/** The words `add`, `update`, `delete`, or the older `set add KEY @s`, are next. */
export function parseSetStatement(p: Parser): Statement {
  const old = p.accept('set')
  if (!p.is('add') && !p.is('update') && !p.is('delete')) p.fail('expected "add", "update" or "delete"')
  const op = p.advance().text
  if (old) {
    const { elem, stmt } = parseKey(p)
    return { set: { op, elem, set: parseReference(p), ...(stmt ? { stmt } : {}) } }
  }
  const name = parseReference(p)
  p.expect('{')
  const { elem, stmt } = parseKey(p)
  const carried = stmt ? { stmt } : {}
  if (!p.accept(':')) {
    p.expect('}')
    return { set: { op, elem, set: name, ...carried } }
  }
  const data = parseKey(p).elem
  p.expect('}')
  return { map: { op, elem, data, map: name, ...carried } }
}

/** `ip saddr . tcp dport timeout 1h counter`: the element, and what it carries. */
function parseKey(p: Parser): { elem: Expression; stmt?: Statement[] } {
  const val = parseConcat(p, {})
  const options: Record<string, unknown> = {}
  const stmt: Statement[] = []
  for (;;) {
    const stateful = parseStateful(p)
    if (stateful) {
      stmt.push(stateful)
      continue
    }
    const more = parseElementOptions(p)
    if (!more) break
    for (const [key, value] of Object.entries(more)) {
      if (key === 'timeout' || key === 'expires' || key === 'comment') options[key] = value
      else stmt.push({ [key]: value } as unknown as Statement)
    }
  }
  const elem = Object.keys(options).length > 0 ? ({ elem: { val, ...options } } as Expression) : val
  return stmt.length > 0 ? { elem, stmt } : { elem }
}

/** `meter m size 65535 { ip saddr timeout 1m limit rate 10/second }` */
export function parseMeter(p: Parser): Statement {
  p.advance()
  const name = p.identifier('the name of a meter')
  const size = p.accept('size') ? p.number('a size') : undefined
  p.expect('{')
  const val = parseConcat(p, {})
  const timeout = parseTimes(p)
  const stmt = p.nested(() => p.shared.grammar.statement(p))
  p.expect('}')
  const key = Object.keys(timeout).length > 0 ? { elem: { val, ...timeout } } : val
  return { meter: size === undefined ? { name, key, stmt } : { name, key, stmt, size } }
}

/** Options of a meter's key: what follows them is its statement, even a counter. */
function parseTimes(p: Parser): object {
  const found: Record<string, unknown> = {}
  while (p.is('timeout') || p.is('expires') || p.is('comment')) {
    const key = p.advance().text
    found[key] = key === 'comment' ? p.string('a comment') : parseTime(p)
  }
  return found
}
