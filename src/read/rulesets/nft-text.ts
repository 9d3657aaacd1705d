/**
 * nft's own language → tables and sets: what `nft list ruleset` prints, with or without `-a`, `-s`, `-n`, and files for
 * `nft -f`. What the words mean is in rules/nft; here is how such a text is recognised, and what is told of it.
 */
import { ByLine, type Report } from '../../model/diagnostic.ts'
import { nftRuleset } from '../../rules/nft/ruleset.ts'
import { type Problem, parseNft, type Resolve } from '../../rules/nft/text/parse.ts'
import type { Ruleset } from './iptables-save.ts'

const FAMILY = '(?:(?:ip6?|inet|arp|bridge|netdev)[ \\t]+)?'
const THING =
  '(?:table|chain|rule|set|map|element|flowtable|counter|quota|limit|ct (?:helper|timeout|expectation)|secmark|synproxy|meter)'
/** How a statement of nft begins that nothing else begins with. */
const BEGINS = new RegExp(
  `^(?:table[ \\t]+${FAMILY}[\\w./-]+[ \\t]*(?:\\{|;|$)|(?:flush|list)[ \\t]+ruleset\\b|` +
    `(?:add|create|insert|replace|delete|destroy|flush|rename|reset)[ \\t]+${THING}[ \\t]+\\w|` +
    // a part of a file, which another includes
    '(?:chain|set|map)[ \\t]+[\\w.-]+[ \\t]*\\{|(?:re)?define[ \\t]+\\w+[ \\t]*=|include[ \\t]+")',
)
const TABLE = new RegExp(`^[ \\t]*(?:(?:add|create)[ \\t]+)?table[ \\t]+${FAMILY}[\\w./-]+[ \\t]*\\{`, 'm')
const SHEBANG = /^\ufeff?#![ \t]*(\S+)(?:[ \t]+(?:-S[ \t]+)?(\S+))?/
/** The command that printed it, with a prompt in front. */
const PROMPT = /^[^\n"{}]{0,80}?\bnft(?:[ \t]+-{1,2}\w+)*[ \t]+list[ \t]+[\w \t.-]+$/
/** A shell's words, or a call of nft: then it is a script. */
const SHELL =
  /^(?:[ \t]*(?:(?:\S*\/)?nft[ \t]+(?!(?:-\S+[ \t]+)*list\b)\S|cat[ \t]+<<|set -\w|if \[|echo |export )|(?!elements=)[A-Za-z_]\w*=\S)/m

const NOT_UNDERSTOOD: ReadonlySet<string> = new Set<Problem['code']>(['syntax', 'too-deep', 'too-large'])

/** Is this the beginning of nft's language, perhaps behind the command that listed it? */
export function looksLikeNft(head: string): boolean {
  const [, interpreter = '', argument = ''] = SHEBANG.exec(head) ?? []
  if (/nft$/.test(interpreter) || (/\/env$/.test(interpreter) && /(?:^|\/)nft$/.test(argument))) return true
  if (interpreter !== '' || SHELL.test(head)) return false
  const first = head
    .replace(/^\ufeff/, '')
    .split('\n', 500)
    .map((line) => line.trim())
    .find((line) => line !== '' && !line.startsWith('#') && line !== ';' && !PROMPT.test(line))
  if (first === undefined) return false
  return BEGINS.test(first) || (TABLE.test(head) && /^[ \t]*(?:chain|set|map)[ \t]+[\w./-]+[ \t]*\{/m.test(head))
}

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
  if (tables.length === 0 && sets.length === 0 && told.isEmpty) report('no-table', 'there is no nft table in it')
  told.tell(report)
  return tables.length === 0 && sets.length === 0 ? [] : [{ family: 'ip', familyKnown: true, tables, sets }]
}

/** Lines stay as many as they are. */
const withoutPrompts = (text: string): string =>
  text.includes('nft') && text.includes('list') ? text.replace(new RegExp(PROMPT, 'gm'), '') : text
