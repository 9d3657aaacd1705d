import type { Negatable } from '../../../model/ruleset.ts'
import { atMostOne, defineMatch, flag, type Values, WordError, word } from '../extension.ts'
import {
  printDate,
  printDaytime,
  readDate,
  readDaytime,
  readMonthdays,
  readWeekdays,
  WEEKDAYS,
} from '../values/time.ts'

/** The defaults: every time of every day until the last second that 31 bits hold. */
const DAY_START = 0
const DAY_STOP = 86399
const DATE_START = 0
const DATE_STOP = 0x7fffffff

const options = {
  timestart: word(readDaytime, printDaytime),
  timestop: word(readDaytime, printDaytime),
  monthdays: word(readMonthdays, String, { invert: true }),
  weekdays: word(readWeekdays, String, { invert: true }),
  datestart: word(readDate, printDate),
  datestop: word(readDate, printDate),
  kerneltz: flag({ aliases: ['localtz'] }),
  utc: flag(),
  contiguous: flag(),
}

/** `-m time`: when the packet comes (libxt_time.c). */
export const time = defineMatch({
  name: 'time',
  options,
  check(values) {
    atMostOne(values, 'kerneltz', 'utc')
    const { start, stop } = daytime(values)
    if (values.contiguous && start < stop)
      throw new WordError('--contiguous only makes sense when --timestop is before --timestart')
  },
  print,
  conditions: (values) => [
    { kind: 'unknown', text: print(values).join(' '), reason: 'depends on when the packet came' },
  ],
})

const daytime = ({ timestart, timestop }: Values<typeof options>) => ({
  start: timestart?.value ?? DAY_START,
  stop: timestop?.value ?? DAY_STOP,
})

/** As time_save: inverted days as the days that are left, and always a --datestop. */
function print(values: Values<typeof options>): string[] {
  const words: string[] = []
  const { start, stop } = daytime(values)
  if (start !== DAY_START || stop !== DAY_STOP)
    words.push('--timestart', printDaytime(start), '--timestop', printDaytime(stop))
  words.push(...printDays('--monthdays', values.monthdays, 31, String))
  words.push(...printDays('--weekdays', values.weekdays, 7, (day) => WEEKDAYS[day - 1]!))
  const from = values.datestart?.value ?? DATE_START
  if (from !== DATE_START) words.push('--datestart', printDate(from))
  words.push('--datestop', printDate(values.datestop?.value ?? DATE_STOP))
  if (values.kerneltz) words.push('--kerneltz')
  if (values.contiguous) words.push('--contiguous')
  return words
}

function printDays(
  option: string,
  given: Negatable<number[]> | undefined,
  count: number,
  name: (day: number) => string,
): string[] {
  const all = Array.from({ length: count }, (_, i) => i + 1)
  if (!given || (given.not ? given.value.length === 0 : given.value.length === count)) return []
  // none at all cannot be written any other way
  if (given.not && given.value.length === count) return ['!', option, all.map(name).join(',')]
  const days = given.not ? all.filter((day) => !given.value.includes(day)) : given.value
  return [option, days.map(name).join(',')]
}
