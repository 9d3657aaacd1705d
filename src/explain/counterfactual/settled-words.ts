/** What a condition says that no packet tells, where the trace shows that it was the only one that did not hold; and that a packet is too long for a limit. */

import { command, spoken } from '../../model/command.ts'
import type { Condition } from '../../model/condition.ts'
import type { Journey } from '../../model/journey.ts'
import type { EvalContext } from '../../rules/eval-context.ts'
import { held } from '../../rules/facts.ts'
import { namedAllowance, withFigures } from '../../rules/nft/lower/own-allowance.ts'
import { inBytes, printBytes } from '../../rules/nft/print/values.ts'
import { isUnknown } from '../../rules/truth.ts'
import { asks, type FailedCondition } from './failed-condition.ts'

export interface SettledWords {
  /** Goes on after "but". */
  why: string
  /** What may be done about it by hand. */
  mend?: string
}

type Say = (match: RegExpExecArray) => SettledWords

/** By the words of the condition, without a `!` before or behind them. */
const USED_UP: readonly [RegExp, Say, Say][] = [
  [
    /^(?:--quota|quota(?: until)?) (\d+)( \w+)?/,
    ([, value, unit = ' bytes']) => ({
      why: `its quota of ${value}${unit} is used up`,
      mend: 'give the rule a larger quota, or reset the quota: replace the rule with an identical one',
    }),
    ([, value, unit = ' bytes']) => ({ why: `its quota of ${value}${unit} is not used up yet` }),
  ],
  [
    /^(?:--connlimit-upto|ct count) (\d+)/,
    ([, count]) => ({
      why: `more connections were open than the rule's limit of ${count}`,
      mend: 'raise the limit, or end connections that are not needed',
    }),
    ([, count]) => ({ why: `no more than ${count} connections were open` }),
  ],
]

/** A meter: each element of the set has its own limit. A set that is full takes no new element, and the rule does not match (nft_dynset_eval). */
const METER =
  /^(?:add|update) @(\S+) \{ ((?:(?! (?:ct count|quota) ).)+?)(?: (?:timeout \S+|counter|last|comment ".*?"))* limit rate (\d+(?: \w+)?\/\w+(?: burst \d+ \w+)?)(?: (?:timeout \S+|counter|last|comment ".*?"))* \}$/

/** Of a rule, whoever sends what it matches; hashlimit and meters keep one for each source or the like. */
const LIMIT = /^up to (?!.* for each )/

const OVER = /^! |^quota over |^ct count over |^--connlimit-above /

/** Undefined where the words of the condition say it best. */
export function settledWords(
  miss: FailedCondition,
  moment: EvalContext,
  time: Journey['time'],
): SettledWords | undefined {
  const text = asks(miss)
  const room = roomWords(miss.condition, moment)
  if (room !== undefined) return { why: `only matches ${text}; ${room}` }
  if (!miss.settled) return undefined
  const zone = zoneOf(text)
  if (zone !== undefined) {
    const words = [text.replace(LAST_DATE, '').trim(), zone, cameWords(text, time)]
    return { why: `only matches ${words.filter((one) => one !== undefined).join('; ')}` }
  }
  const [, set, key, rate] = METER.exec(text) ?? []
  if (set !== undefined)
    return {
      why: `this packet was over the limit of ${rate} that set ${set} keeps for each ${key}, or that set was full`,
      mend: `raise the limit in the rule, or delete the packet's element from set ${set}: its limit then starts again`,
    }
  if (LIMIT.test(text))
    return { why: `only matches ${text}; the limit is shared by all packets that match the rest of the rule` }
  const quota = namedQuota(miss.condition, moment)
  if (quota) return quota
  const plain = text
    .replace(/^! /, '')
    .replace(/^(quota|ct count) over /, '$1 ')
    .replace(/^--connlimit-above /, '--connlimit-upto ')
  for (const [pattern, usedUp, left] of USED_UP) {
    const match = pattern.exec(plain)
    if (match) return (OVER.test(text) ? left : usedUp)(match)
  }
  return undefined
}

/** That the packet is longer than all that a limit lets through at once; undefined of any other. */
export function roomWords(condition: Condition, moment: EvalContext): string | undefined {
  if (condition.kind === 'not') return roomWords(condition.of, moment)
  const room = Math.min(...withFigures(condition, moment).flatMap(roomOf))
  const length = held('meta length', moment)
  return typeof length === 'number' && length > room
    ? `the packet has ${length} bytes, and the limit lets no more than ${room} bytes through at once`
    : undefined
}

/** All that a limit lets through at once, in bytes. */
function roomOf(condition: Condition): number[] {
  if (condition.kind === 'not') return roomOf(condition.of)
  const lasts = condition.kind === 'unknown' ? condition.lasts : undefined
  return lasts && 'refills' in lasts ? [lasts.bytes] : []
}

/** A quota that the table has under a name: of the rule's words only that. */
function namedQuota(condition: Condition, moment: EvalContext): SettledWords | undefined {
  const lasts = condition.kind === 'unknown' ? condition.lasts : undefined
  if (!lasts || !('object' in lasts) || lasts.object !== 'quota') return undefined
  const found = namedAllowance(lasts, '', moment)
  if (isUnknown(found) || !('val' in found.values)) return undefined
  const { val, val_unit, inv = false } = found.values
  const { family, name: table } = lasts.table
  const words = `quota ${found.name} of ${printBytes(inBytes(val, val_unit))} is`
  const reset = spoken(command('nft', 'reset', 'quota', family, table, found.name))
  return inv
    ? { why: `its ${words} not used up yet` }
    : { why: `its ${words} used up`, mend: `raise the quota${reset === undefined ? '' : `, or reset it: ${reset}`}` }
}

/** iptables prints the last second of 31 bits where nobody wrote a date. */
const LAST_DATE = /(?:^| )--datestop 2038-01-19T03:14:07/

const OF_KERNEL = "the kernel's time zone (UTC, unless a program has changed it)"

/** In which time zone a condition that asks for the time has it (nft_meta_weekday, nft_meta_hour, xt_time); undefined of any other. */
function zoneOf(text: string): string | undefined {
  const [, field] =
    /^(?:! )?(meta (?:day|hour|time)|--(?:timestart|weekdays|monthdays|datestart|datestop)) /.exec(text) ?? []
  if (field === undefined) return undefined
  if (field === 'meta day') return `its days are in ${OF_KERNEL}`
  if (field.startsWith('meta ')) return 'nft prints times in the time zone of whoever lists the rules'
  return / --kerneltz\b/.test(text) ? `these times are in ${OF_KERNEL}` : 'these times are in UTC'
}

const ASKS_DAY = /meta (day|time)|--(weekdays|monthdays|date)/
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']

/** Undefined where the capture does not say when, or not in which zone. */
function cameWords(text: string, time: Journey['time']): string | undefined {
  const [, date, clock] = /^(.*)T(\d\d:\d\d:\d\d).*Z$/.exec(time?.first ?? '') ?? []
  if (date === undefined) return undefined
  const day = ASKS_DAY.test(text.replace(LAST_DATE, '')) ? `on ${DAYS[new Date(date).getUTCDay()]} ${date} ` : ''
  return `the packet came ${day}at ${clock} UTC`
}
