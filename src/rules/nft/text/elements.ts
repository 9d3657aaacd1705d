/** One element of a set or map, with what it carries: `10.0.0.1 timeout 1h counter packets 0 bytes 0 comment "x"`. */
import type { Elem, Expression } from '../ast.ts'
import { parseStateful } from './limits.ts'
import type { Context, Parser } from './parser.ts'
import { parseTime } from './times.ts'

/** The bare value, or an `elem` where it carries more. */
export function parseElement(p: Parser, context: Context): Expression {
  const val = p.shared.grammar.concat(p, context)
  const more = parseElementOptions(p)
  return more ? ({ elem: { val, ...more } } as Elem) : val
}

/** Timeouts, comment, counters …, in any order; undefined where there is nothing. */
export function parseElementOptions(p: Parser): Omit<Elem['elem'], 'val'> | undefined {
  const found: Record<string, unknown> = {}
  for (;;) {
    if (p.accept('timeout')) found.timeout = parseTime(p)
    else if (p.accept('expires')) found.expires = parseTime(p)
    else if (p.accept('comment')) found.comment = p.string('a comment')
    else {
      const statement = parseStateful(p)
      if (!statement) break
      Object.assign(found, statement)
    }
    // nft lists such things on lines of their own
    if (p.token.kind === 'newline' && /^(?:timeout|expires|comment|counter|limit|quota)$/.test(p.ahead(1).text))
      p.skipNewlines()
  }
  return Object.keys(found).length > 0 ? (found as Omit<Elem['elem'], 'val'>) : undefined
}
