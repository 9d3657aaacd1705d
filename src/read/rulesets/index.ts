import type { Report } from '../../model/diagnostic.ts'
import { looksLikeIptablesSave, type Ruleset, readIptablesSave } from './iptables-save.ts'

export interface RulesetFormat {
  /** As `--as FORMAT:FILE` names it. */
  id: string
  describe: string
  sniff(head: string): boolean
  /** Keeps what it understands and reports the rest with its line; never throws. */
  read(text: string, report: Report): Ruleset[]
}

/** Every ruleset format: one line each. */
export const RULESET_FORMATS: readonly RulesetFormat[] = [
  {
    id: 'iptables-save',
    describe: 'iptables-save or ip6tables-save',
    sniff: looksLikeIptablesSave,
    read: readIptablesSave,
  },
]
