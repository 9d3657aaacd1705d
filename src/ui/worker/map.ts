/** A machine's hooks with the chains that hang on them, for the drawing. */
import type { MachineMap } from '../../analysis/analysis.ts'
import type { HookEntry } from '../../analysis/hook-map.ts'
import { allPrintable } from '../../model/printable.ts'
import type { EntryOf, MapOf } from '../protocol.ts'
import { backendOf } from './rulesets.ts'

export const tellMap = ({ name, map }: MachineMap): MapOf =>
  allPrintable({
    ...(name === undefined ? {} : { machine: name }),
    ways: map.ways.map(({ way, hooks }) => ({
      way,
      hooks: hooks.map(({ hook, entries }) => ({ hook, entries: entries.map(entryOf) })),
    })),
  })

function entryOf(entry: HookEntry): EntryOf {
  if (entry.kind === 'core') return entry
  const { priority, table, chain } = entry
  return {
    kind: 'chain',
    ...{ priority, family: table.family, table: table.name, chain: chain.name, backend: backendOf(table) },
    ...(chain.policy === undefined ? {} : { policy: chain.policy }),
    rules: chain.rules.length,
  }
}
