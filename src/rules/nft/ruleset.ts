/** Commands in libnftables-json(5)'s words → tables, chains, rules, sets: where both readers of nft rulesets meet. */
import type { Report } from '../../model/diagnostic.ts'
import type { NamedSet, Table } from '../../model/ruleset.ts'
import type { Command } from './objects.ts'

/** Applies the commands in order to nothing; what does not fit (a rule of a chain that is not there) is reported. */
export function nftRuleset(_commands: Iterable<Command>, _report: Report): { tables: Table[]; sets: NamedSet[] } {
  return { tables: [], sets: [] }
}
