/**
 * nft's own language → tables and sets: what `nft list ruleset` prints, with or without `-a`, `-s`, `-n`, and files for
 * `nft -f`. What the words mean is in rules/nft.
 */
import { ByLine, type Report } from '../../model/diagnostic.ts'
import { nftRuleset } from '../../rules/nft/ruleset.ts'
import { type Problem, parseNft, type Resolve } from '../../rules/nft/text/parse.ts'
import type { Ruleset } from './iptables-save.ts'
import { PROMPT } from './looks-like-nft.ts'

const NOT_UNDERSTOOD: ReadonlySet<string> = new Set<Problem['code']>(['syntax', 'too-deep', 'too-large'])

/**
 * Never throws. A rule that is not understood keeps its place, unknown; `resolve` gives the texts that `include` names,
 * where they are at hand.
 */
export function readNft(text: string, report: Report, resolve?: Resolve): Ruleset[] {
  const { commands, problems } = parseNft(withoutPrompts(text), resolve)
  const told = new ByLine()
  for (const { code, message, line, column } of problems)
    if (NOT_UNDERSTOOD.has(code)) told.report('line-not-understood', `${message} (column ${column})`, line)
    else told.report(code, message, line)
  // what was not understood is told already
  const known = commands.filter(({ object }) => !('unknown' in object))
  const { tables, sets } = nftRuleset(known, told.report)
  if (tables.length === 0 && sets.length === 0 && told.isEmpty) report('no-table', 'the file has no nft table')
  told.tell(report)
  return tables.length === 0 && sets.length === 0 ? [] : [{ family: 'ip', familyKnown: true, tables, sets }]
}

/** Lines stay as many as they are. */
const withoutPrompts = (text: string): string =>
  text.includes('nft') && text.includes('list') ? text.replace(new RegExp(PROMPT, 'gm'), '') : text
