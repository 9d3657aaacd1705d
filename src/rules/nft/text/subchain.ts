/** `jump { … }`: a chain without a name, which nft gives one (`__chain1`). */
import type { Statement } from '../ast.ts'
import type { Parser } from './parser.ts'

/** The words `jump {` or `goto {` are next. The chain and its rules become commands of their own, in front of the rule. */
export function parseAnonymousChain(p: Parser): Statement {
  const verdict = p.advance().text as 'jump' | 'goto'
  p.expect('{')
  const name = `__chain${p.shared.anonymousChains++}`
  const { family, table } = p
  p.shared.commands.push({ op: 'add', object: { chain: { family, table, name } }, line: p.token.line })
  p.nested(() => {
    for (p.skipSeparators(); !p.is('}') && !p.atEnd(); p.skipSeparators()) {
      const line = p.token.line
      const { expr, comment } = p.shared.grammar.rule(p)
      const rule = { family, table, chain: name, ...(comment === undefined ? {} : { comment }), expr }
      p.shared.commands.push({ op: 'add', object: { rule }, line })
    }
  })
  p.expect('}')
  return verdict === 'jump' ? { jump: { target: name } } : { goto: { target: name } }
}
