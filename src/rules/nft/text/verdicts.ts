/** `accept`, `drop`, `jump CHAIN` …, as statements and in verdict maps. */
import type { Verdict } from '../ast.ts'
import type { Parser } from './parser.ts'

/** The verdict that begins here; undefined, with nothing taken, where none does. */
export function parseVerdict(p: Parser): Verdict | undefined {
  if (p.token.kind !== 'word') return undefined
  switch (p.token.text) {
    case 'accept':
      p.advance()
      return { accept: null }
    case 'drop':
      p.advance()
      return { drop: null }
    case 'continue':
      p.advance()
      return { continue: null }
    case 'return':
      p.advance()
      return { return: null }
    case 'jump':
      p.advance()
      return { jump: { target: p.identifier('the name of a chain') } }
    case 'goto':
      p.advance()
      return { goto: { target: p.identifier('the name of a chain') } }
    default:
      return undefined
  }
}
