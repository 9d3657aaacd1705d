/** The rules that log, by the prefixes that they print. */
import type { Family } from '../model/packet.ts'
import type { RuleFamily } from '../model/ruleset.ts'
import type { World } from '../model/world.ts'
import { printedPrefix } from './log-rules.ts'
import type { Candidate } from './resolved.ts'

/** Which tables a packet passes: bridged and netdev frames are printed as the IP packets they carry. */
const TABLES: Readonly<Record<Family, readonly RuleFamily[]>> = {
  ip: ['ip', 'inet', 'bridge', 'netdev'],
  ip6: ['ip6', 'inet', 'bridge', 'netdev'],
  arp: ['arp', 'bridge', 'netdev'],
  bridge: ['bridge', 'netdev'],
  netdev: ['netdev'],
}

/** All rules that log, by their prefixes without the blanks around them, which logs may have lost. */
export class LogRules {
  private readonly byPrefix = new Map<string, (Candidate & { printed: string })[]>()

  constructor(world: World) {
    for (const table of world.tables)
      for (const chain of table.chains.values())
        for (const rule of chain.rules) {
          for (const nflog of [false, true]) {
            const printed = printedPrefix(rule, table.kind, nflog)
            if (printed === undefined) continue
            const others = this.byPrefix.get(keyOf(printed, nflog))
            if (others) others.push({ table, chain, rule, printed })
            else this.byPrefix.set(keyOf(printed, nflog), [{ table, chain, rule, printed }])
          }
        }
  }

  /** Those that print this prefix to the blank, or, where there are none, but for the blanks. */
  candidates(prefix: string, family: Family, nflog: boolean): readonly Candidate[] {
    const found = (this.byPrefix.get(keyOf(prefix, nflog)) ?? []).filter(({ table }) =>
      TABLES[family].includes(table.family),
    )
    const exact = found.filter(({ printed }) => printed === prefix)
    return exact.length > 0 ? exact : found
  }
}

const keyOf = (prefix: string, nflog: boolean): string => `${nflog ? 'nflog' : 'log'} ${prefix.trim()}`
