/** What `nft -j list ruleset` prints, and commands in the same words (libnftables-json(5)) → tables and sets. */
import type { Report } from '../../model/diagnostic.ts'
import { RULES_BEHIND } from '../../rules/cut-short.ts'
import type { Command } from '../../rules/nft/objects.ts'
import { nftRuleset } from '../../rules/nft/ruleset.ts'
import type { Ruleset } from './iptables-save.ts'
import { command } from './nft-json/commands.ts'
import { forEachEntry } from './nft-json/entries.ts'

/** Never throws; what is not understood stays in place as an unknown condition or statement, and is told. */
export function readNftJson(text: string, report: Report): Ruleset[] {
  const commands: Command[] = []
  const isWhole = forEachEntry(text, report, (entry, line) => {
    const read = command(entry, line)
    if (read) commands.push(read)
  })
  if (!isWhole) commands.push(...rulesBehind(commands))
  const { tables, sets } = nftRuleset(commands, report)
  return tables.length === 0 && sets.length === 0
    ? []
    : [{ family: 'ip', familyKnown: true, tables, sets, ...(isWhole ? {} : { partial: true }) }]
}

/** nft lists a table's chains, then their rules, chain by chain: those of the last one and of all after it may go on. */
function rulesBehind(commands: readonly Command[]): Command[] {
  const listed = commands.at(-1)
  const last = commands.findLast(({ object }) => 'table' in object)?.object
  if (!listed || !last || !('table' in last)) return []
  const { family, name: table } = last.table
  const isOfLast = (one: { family: string; table: string }) => one.family === family && one.table === table
  const chains = commands.flatMap(({ object }) =>
    'chain' in object && isOfLast(object.chain) ? [object.chain.name] : [],
  )
  const rule = 'rule' in listed.object && isOfLast(listed.object.rule) ? listed.object.rule : undefined
  return chains.slice(rule ? Math.max(0, chains.indexOf(rule.chain)) : 0).map((chain) => ({
    op: 'add',
    object: { rule: { family, table, chain, expr: [{ unknown: { text: RULES_BEHIND } }] } },
    ...(listed.line === undefined ? {} : { line: listed.line }),
  }))
}
