import type { Counters } from './counters.ts'

export interface SetElement {
  /** One part for each field of the set's type, in text; prefixes and ranges as written. */
  parts: string[]
  /** Seconds left; absent: it stays. */
  timeout?: number
  nomatch?: boolean
  /** An ipset's interface that stands for all that begin so. */
  wildcard?: boolean
  /** A map's: the value of each part of its data, in text; a verdict as nft prints it (`jump web`). */
  data?: string[]
  /** Seconds until it goes, when it was listed. */
  expires?: number
  comment?: string
  counters?: Counters
  /** What else it carries (limit, quota, ct count …): libnftables-json(5)'s statements. */
  carries?: readonly object[]
}
