/** What a condition says that no packet tells, where the trace shows that it was the only one that did not hold. */
import type { Journey } from '../../model/journey.ts'
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

const OVER = /^! |^quota over |^ct count over |^--connlimit-above /

/** Undefined where the words of the condition say it best. */
export function settledWords(miss: FailedCondition, journey: Journey): SettledWords | undefined {
  if (!miss.settled) return undefined
  const text = asks(miss)
  if (isTime(text)) return timeWords(text, journey)
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

/** iptables prints the last second of 31 bits where nobody wrote a date. */
const LAST_DATE = /(?:^| )--datestop 2038-01-19T03:14:07/

const isTime = (text: string): boolean => /^(! )?--(timestart|weekdays|monthdays|datestart|datestop) /.test(text)

function timeWords(text: string, { time }: Journey): SettledWords {
  const words = text.replace(LAST_DATE, '').trim()
  const came = time && /T(\d\d:\d\d:\d\d).*Z$/.exec(time.first)?.[1]
  const zone = / --kerneltz\b/.test(text)
    ? "these times are in the kernel's time zone (UTC, unless a program has changed it)"
    : 'these times are in UTC'
  return { why: `only matches ${words}; ${zone}${came === undefined ? '' : `; the packet came at ${came} UTC`}` }
}
