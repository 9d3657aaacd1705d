/** One table of nf_tables that is listed twice: by `nft list ruleset`, and by the iptables-save that made it. */
import { memo } from '../model/memo.ts'
import type { Table } from '../model/ruleset.ts'
import type { World } from '../model/world.ts'

/** With nft's listing of each alone. A table of iptables-legacy may have the same name, and is another one. */
export const withoutTwins = memo((world: World): World => {
  const listed = new Map(
    world.tables.flatMap((table) => (table.kind === 'nft' ? [[`${table.family} ${table.name}`, table] as const] : [])),
  )
  const isTwin = (table: Table) => {
    const other = listed.get(`${table.family} ${table.name}`)
    return table.kind !== 'nft' && other !== undefined && isListingOf(table, other)
  }
  return { ...world, tables: world.tables.filter((table) => !isTwin(table)) }
})

/** Where nothing says whose it is: every chain that both have is alike. */
const isListingOf = ({ backend, chains }: Table, other: Table): boolean =>
  backend === 'nft' ||
  (backend === undefined &&
    [...chains.values()].every(({ name, policy, rules }) => {
      const twin = other.chains.get(name)
      return !twin || (twin.policy === policy && twin.rules.length === rules.length)
    }))
