/**
 * `iptables -L` and `ip6tables -L`, with and without `-n -v -x --line-numbers`, one table or several after another
 * (iptables/iptables.c print_firewall). What people paste, and less than iptables-save tells: matches say in words of
 * their own what they match, without `-v` interfaces and counters are not shown, and without `-n` there are names in
 * place of numbers. What is shown and understood becomes the same rule that iptables-save would give; what is not is an
 * unknown condition of its rule.
 */
import { ByLine, type Report } from '../../../model/diagnostic.ts'
import { iptablesPriority } from '../../../model/hook.ts'
import type { Rule, Table } from '../../../model/ruleset.ts'
import { readRule } from '../../../rules/iptables/read.ts'
import { NO_INTERFACES } from '../../../rules/unshown.ts'
import { tableOf } from '../iptables-evidence.ts'
import type { Ruleset } from '../iptables-save.ts'
import { TableBuilder } from '../iptables-table.ts'
import { rowText, wordsOf } from './row.ts'
import { type ListedTable, readSections } from './sections.ts'

/** Never throws; a Ruleset for each table. */
export function readIptablesList(text: string, report: Report): Ruleset[] {
  const told = new ByLine()
  const tell = told.report
  const tables = readSections(text, tell)
  const rulesets = tables.map((table, i) => readTable(table, tables[i - 1], tell))
  const some = tables.find(({ chains }) => chains.some(({ rows }) => rows.length > 0))
  if (tables.length === 0) tell('no-table', 'the file has no iptables table')
  if (some) tell('lossy-listing', LOSSY, some.line)
  told.tell(report)
  return rulesets
}

const LOSSY = 'iptables -L does not show complete rules; nfwhy reads complete rules from iptables-save -c'

function readTable(listed: ListedTable, before: ListedTable | undefined, report: Report): Ruleset {
  const known = familyOf(listed)
  const family = known ?? (before && familyOf(before)) ?? 'ip'
  const names = new Set(listed.chains.map(({ name }) => name))
  const name = listed.name ?? tableOf(names)
  if (listed.name === undefined)
    report(
      'guessed-table',
      `no line names the table; its chains suggest table ${name}, so nfwhy assumes it`,
      listed.line,
    )
  const builder = new TableBuilder(name, family, false, report)
  const texts = new Map<string, string[]>()
  for (const { name: chain, policy = '-', counters, line } of listed.chains)
    builder.declare({ kind: 'chain', chain, policy, ...(counters ? { counters } : {}) }, line)
  for (const { name: chain, rows } of listed.chains) {
    const shown: string[] = []
    texts.set(chain, shown)
    for (const listed of rows) {
      if ('elided' in listed) {
        builder.addElided(chain, listed.elided, listed.line)
        shown.push(listed.elided)
        continue
      }
      const { row, line } = listed
      const { words, unread } = wordsOf(row)
      const read = readRule(words, family, name, (one) => names.has(one))
      for (const spec of read.specs) if (unread.length > 0) spec.unread = [...(spec.unread ?? []), ...unread]
      for (const one of unread) read.problems.push({ message: `"${one}" is not understood`, from: 0, to: 0 })
      const text = rowText(row)
      shown.push(text)
      const more = row.counters ? { counters: row.counters } : {}
      builder.addRule({ command: 'append', chain, words, text, read, ...more }, line)
    }
  }
  const table = builder.finish()
  if (listed.brief) withoutInterfaces(table, texts, listed, report)
  placeIn(table, listed)
  const { backend } = listed
  if (backend) table.backend = backend
  return { family, familyKnown: known !== undefined, partial: true, tables: [table], ...(backend ? { backend } : {}) }
}

/** That a rule may ask for interfaces, which are not shown, is said of each; it is not to be written back. */
function withoutInterfaces(
  table: Table,
  texts: ReadonlyMap<string, readonly string[]>,
  listed: ListedTable,
  report: Report,
): void {
  let some = false
  for (const { name, rules } of table.chains.values())
    rules.forEach((rule: Rule, i) => {
      some = true
      rule.conditions.push({ kind: 'unknown', text: 'its interfaces', reason: NO_INTERFACES })
      rule.text = texts.get(name)?.[i] ?? rule.text
    })
  const what = `${NO_INTERFACES}, so it is unknown whether a rule applies; iptables-save -c shows all`
  if (some) report('interfaces-not-shown', what, listed.line)
}

function placeIn(table: Table, { backend }: ListedTable): void {
  for (const chain of table.chains.values())
    if (chain.hook !== undefined) chain.priority = iptablesPriority(table.name, chain.hook, backend)
}

function familyOf({ family, chains }: ListedTable): 'ip' | 'ip6' | undefined {
  if (family) return family
  for (const { rows } of chains)
    for (const one of rows) {
      if ('elided' in one) continue
      const { row } = one
      const text = `${row.source} ${row.destination}`
      if (/(?:^|\s)!?[\da-fA-F]*:[\da-fA-F:]*/.test(text) || /^!?(?:icmpv6|ipv6-icmp|58)$/.test(row.protocol))
        return 'ip6'
      if (/(?:^|\s)!?\d+\.\d+\.\d+\.\d+/.test(text)) return 'ip'
      if (/reject-with icmp6-/.test(row.extras)) return 'ip6'
      if (/reject-with icmp-/.test(row.extras)) return 'ip'
    }
  return undefined
}
