/** What may stand in every block: variables and `include`. */
import type { Expression } from '../ast.ts'
import { depthOf, MAX_NODES_DEEP } from './depth.ts'
import { parseRight } from './expressions.ts'
import { Parser } from './parser.ts'

const MAX_INCLUDES = 1000
/** As nft has it. */
const MAX_INCLUDE_DEPTH = 16

/**
 * Takes `define`, `redefine`, `undefine` or `include`, if one is next; `again` reads an included text as this block, and
 * `unknown` keeps the place of one that is not at hand.
 */
export function parseCommon(
  p: Parser,
  again: (inner: Parser) => void,
  unknown: (text: string, line: number) => void,
): boolean {
  if (p.token.kind !== 'word') return false
  switch (p.token.text) {
    case 'define':
    case 'redefine': {
      const change = p.advance().text
      const name = p.identifier('the name of a variable')
      p.expect('=')
      const begin = p.token
      const value = parseInitializer(p)
      // by way of variables a value could grow with every line
      if (depthOf(value) > MAX_NODES_DEEP) p.failTooDeep(begin)
      if (change === 'define') p.shared.variables.define(name, value)
      else p.shared.variables.redefine(name, value)
      return true
    }
    case 'undefine':
      p.advance()
      p.shared.variables.undefine(p.identifier('the name of a variable'))
      return true
    case 'include':
      include(p, again, unknown)
      return true
    default:
      return false
  }
}

function parseInitializer(p: Parser): Expression {
  if (p.atStop()) p.fail('expected a value')
  return parseRight(p)
}

function include(p: Parser, again: (inner: Parser) => void, unknown: (text: string, line: number) => void): void {
  const word = p.advance()
  if (p.token.kind !== 'string') p.fail('expected the name of a file in quotes')
  const name = p.advance().text
  const { shared } = p
  if (++shared.includes > MAX_INCLUDES || shared.includeDepth >= MAX_INCLUDE_DEPTH) {
    p.problem(word, 'not-included', `too many files are included: "${name}" is left out`)
    return
  }
  const texts = shared.resolve?.(name)
  if (!texts) {
    p.problem(word, 'not-included', `includes "${name}", which was not given: its contents are unknown`)
    unknown(`include "${name}"`, word.line)
    return
  }
  shared.includeDepth++
  for (const text of texts) {
    const inner = new Parser(text, shared)
    inner.family = p.family
    inner.table = p.table
    inner.inChain = p.inChain
    again(inner)
  }
  shared.includeDepth--
}
