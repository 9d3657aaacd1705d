/** Words for tables that no listing shows, with the command that does. */
import type { Table } from '../model/ruleset.ts'

/** `tables nat and filter were not shown (iptables-save shows all tables)` */
export function notShownWords(tables: readonly Pick<Table, 'kind' | 'family' | 'name'>[]): string {
  const [first] = tables
  if (first?.kind === 'nft')
    return 'the other tables and chains of nf_tables were not shown (nft -a list ruleset shows them)'
  const names = tables.map(({ name }) => name)
  const last = names.pop() ?? ''
  const all = `${first?.family === 'ip6' ? 'ip6tables' : 'iptables'}-save shows all tables`
  if (names.length === 0) return `table ${last} was not shown (${all})`
  return `tables ${names.join(', ')} and ${last} were not shown (${all})`
}
