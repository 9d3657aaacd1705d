/** Tables, and what empties them. */
import type { RuleFamily } from '../../../model/ruleset.ts'
import type { TableObject, Verb } from '../objects.ts'
import { type Draft, given, namesOf } from './draft.ts'

export function changeTable(op: Verb, body: TableObject['table'], draft: Draft): void {
  const { family, name, handle, comment } = body
  if (op === 'add' || op === 'create' || op === 'insert') {
    Object.assign(draft.table(family, name), given({ handle, comment, flags: namesOf(body.flags) }))
    return
  }
  const table = name === '' ? tableOf(handle, family, draft) : draft.existing(family, name)
  if (!table) {
    if (op !== 'destroy') draft.tell('no-such-table', `there is no table ${family} ${name || handle}`)
  } else if (op === 'flush') for (const chain of table.chains.values()) chain.rules = []
  else if (op === 'delete' || op === 'destroy') draft.removeTable(table)
}

const tableOf = (handle: number | undefined, family: RuleFamily, draft: Draft) =>
  draft.allTables().find((table) => table.family === family && table.handle === handle)

/** `flush ruleset`: all tables, or those of one family. */
export function flushRuleset(family: RuleFamily | undefined, draft: Draft): void {
  for (const table of draft.allTables()) if (family === undefined || table.family === family) draft.removeTable(table)
}
