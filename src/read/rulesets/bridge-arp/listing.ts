/** What tells the lines of `ebtables -L` and `arptables -L` from others. */
import type { Counters } from '../../../model/counters.ts'
import { countersOf } from '../counters.ts'

export const LISTED_ARP_CHAIN =
  /^Chain (\S+) \((?:policy (ACCEPT|DROP)(?: (\d+)[KMGT]? packets, (\d+)[KMGT]? bytes)?|\d+ references)\)\s*$/
const LISTED_RULE = /^(?:\d+[.]? {1,8})?((?:!|-[jiosdp]|--\w[\w-]{0,40}) .*)$/
const LISTED_COUNTERS = /^ , pcnt ?= ?(\d+)(?: -- bcnt ?= ?(\d+))?$/
/** More than any rule; ebtables' lists of addresses are long. */
export const LONGEST = 1_000_000

/** A rule of a listing, without its number in front and its counters behind. */
export function listedRule(line: string): { text: string; counters: Counters | undefined } | undefined {
  if (line.length > LONGEST) return undefined
  const whole = line.trimEnd()
  const comma = whole.lastIndexOf(' , pcnt')
  const [, packets, bytes] = (comma >= 0 && LISTED_COUNTERS.exec(whole.slice(comma))) || []
  const text = LISTED_RULE.exec(packets === undefined ? whole : whole.slice(0, comma))?.[1]
  return text === undefined ? undefined : { text, counters: countersOf(packets, bytes ?? '0') }
}
