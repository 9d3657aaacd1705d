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
  const told = new ByLine()
  const { commands, problems, isCutShort } = parseNft(
    inTable(withoutProse(withoutPrompts(text), told.report), told.report),
    resolve,
  )
  for (const { code, message, line, column } of problems)
    if (NOT_UNDERSTOOD.has(code)) told.report('line-not-understood', `${message} (column ${column})`, line)
    else told.report(code, message, line)
  // what was not understood is told already
  const known = commands.filter(({ object }) => !('unknown' in object))
  const { tables, sets } = nftRuleset(known, told.report)
  if (tables.length === 0 && sets.length === 0 && told.isEmpty) report('no-table', 'the file has no nft table')
  told.tell(report)
  if (tables.length === 0 && sets.length === 0) return []
  const asked = askedFor(text)
  for (const table of asked === 'chains' ? tables : []) table.partly = true
  return [{ family: 'ip', familyKnown: true, tables, sets, ...(asked || isCutShort ? { partial: true } : {}) }]
}

/** What the commands in front ask for, where it is not all: tables, or a chain or set of one. */
function askedFor(text: string): 'tables' | 'chains' | undefined {
  if (!text.includes('nft') || !text.includes('list')) return undefined
  const asked = [...text.matchAll(LISTED)].map(([, what]) => what!.trim())
  if (asked.length === 0 || asked.includes('ruleset')) return undefined
  return asked.every((what) => /^(?:table|ruleset)\b/.test(what)) ? 'tables' : 'chains'
}

const LISTED = /^[^\n"{}]{0,80}?\bnft(?:[ \t]+-{1,2}\w+){0,6}[ \t]+list[ \t]+([a-z][\w \t.-]*?)[ \t\r]*$/gm

/** Lines stay as many as they are. */
const withoutPrompts = (text: string): string =>
  text.includes('nft') && text.includes('list') ? text.replace(new RegExp(PROMPT, 'gm'), '') : text

const TABLE = /^[ \t]*(?:(?:add|create)[ \t]+)?table[ \t]/m
/** How a command of nft begins; a rule may as well begin with its table, but not beside a listing. */
const COMMAND =
  /^\s*(?:$|[#}{;@$]|(?:table|chain|rule|set|map|element|flowtable|counter|quota|limit|ct|secmark|synproxy|meter|add|create|insert|replace|delete|destroy|flush|list|rename|reset|define|redefine|undefine|include|monitor|import|export|describe|ip6?|inet|arp|bridge|netdev|nft)\b)/

/** What stands around a listing in a ticket is no rule, though some sentences parse as one. */
function withoutProse(text: string, report: Report): string {
  if (!TABLE.test(text)) return text
  let depth = 0
  let from = 0
  const lines = text.split('\n')
  const tell = (to: number) => {
    if (from > 0)
      report('skipped-lines', `${from === to ? 'this line is' : `lines ${from} to ${to} are`} not nft text`, from)
    from = 0
  }
  const kept = lines.map((line, i) => {
    const isProse = depth === 0 && !COMMAND.test(line)
    if (!isProse) {
      tell(i)
      depth = Math.max(0, depth + bracesIn(line))
      return line
    }
    from ||= i + 1
    return ''
  })
  tell(lines.length)
  return kept.join('\n')
}

/** Chains that were pasted without the table that they stand in, as a piece of `nft list ruleset`. */
function inTable(text: string, report: Report): string {
  if (TABLE.test(text)) return text
  const lines = text.split('\n')
  const first = lines.findIndex((line) => /^[ \t]*chain[ \t]+[\w.-]{1,128}[ \t]*\{/.test(line))
  if (first < 0) return text
  // pieces of several tables stay apart
  const name = `unnamed-${first + 1}`
  const message = `no line names the table of these chains; nfwhy assumes family inet and calls the table ${name}`
  report('guessed-table', message, first + 1)
  lines[first] = `table inet ${name} {${lines[first]}`
  const open = lines.reduce((depth, line) => depth + bracesIn(line), 0)
  return `${lines.join('\n')}\n${'}'.repeat(Math.max(0, Math.min(open, 8)))}`
}

/** Those in quotes, and in comments, do not count. */
function bracesIn(line: string): number {
  let depth = 0
  for (const brace of line.replace(/"[^"]*"?/g, '').replace(/#.*$/, ''))
    depth += brace === '{' ? 1 : brace === '}' ? -1 : 0
  return depth
}
