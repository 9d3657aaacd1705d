import type { Report } from '../../model/diagnostic.ts'
import type { RuleFamily } from '../../model/ruleset.ts'
import type { Format } from '../format.ts'
import type { Ruleset } from './iptables-save.ts'

export interface RulesetFormat extends Format {
  /** Keeps what it understands and reports the rest with its line; never throws. */
  read(text: string, report: Report): Ruleset<RuleFamily>[]
}
