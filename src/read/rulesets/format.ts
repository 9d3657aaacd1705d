import type { Report } from '../../model/diagnostic.ts'
import type { RuleFamily } from '../../model/ruleset.ts'
import type { Ruleset } from './iptables-save.ts'

export interface RulesetFormat {
  /** As `--as FORMAT:FILE` names it. */
  id: string
  describe: string
  sniff(head: string): boolean
  /** Keeps what it understands and reports the rest with its line; never throws. */
  read(text: string, report: Report): Ruleset<RuleFamily>[]
}
