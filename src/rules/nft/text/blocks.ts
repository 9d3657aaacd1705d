/** `{ … }` with one statement a line: how every block of tables, chains, sets and objects is gone through. */
import { RULES_BEHIND } from '../../cut-short.ts'
import { parseCommon } from './common.ts'
import type { Parser } from './parser.ts'

/**
 * Takes a block with its brackets. `item` takes one statement without its end; what it cannot take is told, left out
 * and handed to `unknown`. Variables defined inside are gone behind it. Gives the handle that `nft -a` writes behind `{`.
 */
export function parseBlock(
  p: Parser,
  item: (p: Parser) => void,
  unknown?: (text: string, line: number) => void,
): number | undefined {
  p.expect('{')
  const handle = p.handle()
  p.shared.variables.enter()
  parseItems(p, item, unknown)
  p.shared.variables.leave()
  if (p.atEnd()) {
    p.shared.isCutShort = true
    unknown?.(RULES_BEHIND, p.token.line)
  }
  if (p.atEnd() || !p.is('}')) p.problem(p.token, 'syntax', 'a bracket is not closed')
  else p.expect('}')
  return handle
}

function parseItems(p: Parser, item: (p: Parser) => void, unknown?: (text: string, line: number) => void): void {
  const again = (inner: Parser) => parseItems(inner, item, unknown)
  for (p.skipSeparators(); !p.is('}') && !p.atEnd() && !p.atOuterBlock(); p.skipSeparators()) {
    const from = p.position
    const line = p.token.line
    try {
      if (!parseCommon(p, again, (text, line) => unknown?.(text, line))) item(p)
      if (p.position === from) p.fail('not understood here')
    } catch (error) {
      p.report(error)
      const text = p.skipStatement(from)
      unknown?.(text, line)
    }
  }
}
