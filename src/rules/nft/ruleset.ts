/** Commands in libnftables-json(5)'s words → tables, chains, rules, sets: where both readers of nft rulesets meet. */
import type { Report } from '../../model/diagnostic.ts'
import type { NamedSet, RuleFamily, Table } from '../../model/ruleset.ts'
import type { Command, Verb } from './objects.ts'
import { changeChain } from './ruleset/chains.ts'
import { Draft, type Owned } from './ruleset/draft.ts'
import { changeFlowtable, changeObject } from './ruleset/named-objects.ts'
import { changeRule } from './ruleset/rules.ts'
import { changeElements, changeSet } from './ruleset/sets.ts'
import { changeTable, flushRuleset } from './ruleset/tables.ts'

/** Applies the commands in order to nothing; what does not fit (a rule of a chain that is not there) is reported. */
export function nftRuleset(commands: Iterable<Command>, report: Report): { tables: Table[]; sets: NamedSet[] } {
  const draft = new Draft(report)
  for (const { op, object, line } of commands) {
    draft.line = line
    apply(op, object, draft)
  }
  return draft.finish()
}

function apply(op: Verb, object: Command['object'], draft: Draft): void {
  const [[kind, body] = ['', undefined]] = Object.entries(object)
  if (kind === 'unknown') draft.tell('line-not-understood', `not understood: ${(body as { text: string }).text}`)
  else if (kind === 'ruleset') flushRuleset((body as { family?: RuleFamily } | null)?.family, draft)
  else if (kind === 'table') changeTable(op, body, draft)
  else if (kind === 'chain') changeChain(op, body, draft)
  else if (kind === 'rule') changeRule(op, body, draft)
  else if (kind === 'set' || kind === 'map' || kind === 'meter') changeSet(op, body, kind === 'map', draft)
  else if (kind === 'element') changeElements(op, body, draft)
  else if (kind === 'flowtable') changeFlowtable(op, body, draft)
  else changeObject(op, kind, body as Owned, draft)
}
