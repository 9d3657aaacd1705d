/** A rule: its statements, and a comment. What is not understood becomes one `unknown` in its place. */
import type { ParsedRule, Parser } from './parser.ts'
import { parseStatement } from './statements.ts'

/** Takes a rule up to and with its end. */
export function parseRule(p: Parser): ParsedRule {
  const rule: ParsedRule = { expr: [] }
  let from = p.position
  try {
    while (!p.atStop()) {
      from = p.position
      if (p.accept('comment')) rule.comment = p.string('a comment')
      else rule.expr.push(parseStatement(p))
    }
  } catch (error) {
    p.report(error)
    rule.expr.push({ unknown: { text: p.skipStatement(from) } })
    const handle = p.handle(p.behind)
    return handle === undefined ? rule : { ...rule, handle }
  }
  const extension = p.token.kind === 'newline' ? extensionIn(p.token.text) : undefined
  if (extension !== undefined) rule.expr.push({ unknown: { text: extension } })
  const handle = p.handle()
  if (handle !== undefined) rule.handle = handle
  p.endStatement()
  return rule
}

/** How nft before 1.0 shows what it cannot say of an iptables-nft rule; the rest of the rule stands behind it. */
const EXTENSION =
  /^# (?!handle )(?:.*\bcounter packets \d+ bytes \d+|(?:xt_\w+|! match-set|match-set|recent:|TCPMSS|STRING match)\b)/

function extensionIn(comment: string): string | undefined {
  return EXTENSION.test(comment) ? comment.slice(2).replace(/ # handle \d+$/, '') : undefined
}
