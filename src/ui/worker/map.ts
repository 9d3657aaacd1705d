/** A machine's hooks with the chains that hang on them, for the drawing. */
import type { MachineMap } from '../../analysis/analysis.ts'
import type { HookEntry } from '../../analysis/hook-map.ts'
import { allPrintable } from '../../model/printable.ts'
import type { Chain } from '../../model/ruleset.ts'
import type { EntryOf, MapOf } from '../protocol.ts'
import { backendOf } from './rulesets.ts'

export const tellMap = ({ name, map }: MachineMap): MapOf =>
  allPrintable({
    ...(name === undefined ? {} : { machine: name }),
    ways: map.ways.map(({ way, hooks }) => ({
      way,
      hooks: hooks.map(({ hook, entries }) => {
        const tied = map.ambiguous.filter((one) => one.hook === hook).flatMap(({ chains }) => chains)
        return { hook, entries: entries.map((entry) => entryOf(entry, tied)) }
      }),
    })),
  })

function entryOf(entry: HookEntry, tied: readonly { chain: Chain }[]): EntryOf {
  if (entry.kind === 'core') return entry
  const { priority, table, chain } = entry
  return {
    kind: 'chain',
    ...{ priority, family: table.family, table: table.name, chain: chain.name, backend: backendOf(table) },
    ...(chain.policy === undefined ? {} : { policy: chain.policy }),
    rules: chain.rules.length,
    ...(tied.some((one) => one.chain === chain) ? { isTied: true } : {}),
  }
}
