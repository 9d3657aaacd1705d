/** Tables of ebtables or arptables → what their -save prints and -restore takes back. */
import type { Counters } from '../../../model/counters.ts'
import type { Table } from '../../../model/ruleset.ts'

/** Without the tool's header; `counters`: in front of every rule. Tables of other kinds are left out. */
export function printBridgeArp(tables: Iterable<Table>, options: { counters?: boolean } = {}): string {
  const lines: string[] = []
  for (const { kind, name, chains } of tables) {
    if (kind !== 'ebtables' && kind !== 'arptables') continue
    lines.push(`*${name}`)
    for (const chain of chains.values())
      lines.push(`:${chain.name} ${chain.policy?.toUpperCase() ?? (kind === 'ebtables' ? 'RETURN' : '-')}`)
    for (const { rules } of chains.values())
      for (const rule of rules) lines.push(`${options.counters ? `${counted(rule.counters)} ` : ''}${rule.text}`)
  }
  return lines.map((line) => `${line}\n`).join('')
}

const counted = ({ packets, bytes }: Counters = { packets: 0, bytes: 0 }): string => `[${packets}:${bytes}]`
