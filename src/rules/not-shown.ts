/** Words for tables that no listing shows, with the command that does. */
import type { Table } from '../model/ruleset.ts'

/** `tables nat and filter were not shown (iptables-save shows all tables)` */
export function notShownWords(tables: readonly Pick<Table, 'kind' | 'family' | 'name'>[]): string {
  const [first] = tables
  if (first?.kind === 'nft')
    return 'the other tables and chains of nf_tables were not shown (nft -a list ruleset shows them)'
  const all = `${first?.family === 'ip6' ? 'ip6tables' : 'iptables'}-save shows all tables`
  return `${tablesNotShown(tables.map(({ name }) => name))} (${all})`
}

/** Of one at least. */
export function tablesNotShown(names: readonly string[]): string {
  const [before, last] = [names.slice(0, -1), names.at(-1)]
  return before.length === 0 ? `table ${last} was not shown` : `tables ${before.join(', ')} and ${last} were not shown`
}
