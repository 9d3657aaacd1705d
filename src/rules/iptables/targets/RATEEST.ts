import { defineTarget, type Option, printOptions, type Values, WordError, word } from '../extension.ts'
import { cutName } from '../values/text.ts'

const SECOND = 1_000_000
const QUARTER = SECOND / 4
const UNITS: Readonly<Record<string, number>> = { s: SECOND, ms: 1000, us: 1, '': 1 }

/** In microseconds. */
const duration: Option<number> = word(
  (text) => {
    const match = /^(\d+\.?\d*|\.\d+)(s|ms|us|)(?:ecs?)?$/i.exec(text)
    if (!match) throw new WordError(`"${text}" is not a time`)
    return Math.trunc(Number(match[1]) * UNITS[match[2]!.toLowerCase()]!) % 2 ** 32
  },
  (time) =>
    time >= SECOND ? `${(time / SECOND).toFixed(1)}s` : time >= 1000 ? `${(time / 1000).toFixed(1)}ms` : `${time}us`,
  { required: true },
)

const options = {
  'rateest-name': cutName(15, { required: true }),
  'rateest-interval': duration,
  'rateest-ewmalog': duration,
}

/**
 * What the kernel can keep: an interval of a quarter of a second times a power of two, and an average over such a
 * multiple of it, which is found with the interval as it was given. Throws WordError where that is out of range.
 */
function stored(values: Values<typeof options>): { interval: number; average: number } {
  const [interval, average] = [values['rateest-interval']!.value, values['rateest-ewmalog']!.value]
  const step = [0, 1, 2, 3, 4, 5].find((power) => interval <= QUARTER << power)
  if (step === undefined) throw new WordError('--rateest-interval is longer than 8 seconds')
  let log = 1
  while (log < 32 && interval / -Math.log(1 - 1 / 2 ** log) <= average) log++
  log--
  if (log === 0 || log >= 31) throw new WordError('--rateest-ewmalog cannot be used with --rateest-interval')
  // the tool multiplies with 32 bits
  return { interval: QUARTER << step, average: ((QUARTER << step) * 2 ** log) % 2 ** 32 }
}

/** `-j RATEEST`: counts towards an estimated rate that `-m rateest` asks for; the packet goes on (libxt_RATEEST.c). */
export const RATEEST = defineTarget({
  name: 'RATEEST',
  options,
  check: (values) => void stored(values),
  print(values, context) {
    const { interval, average } = stored(values)
    return printOptions(
      options,
      {
        ...values,
        'rateest-interval': { value: interval, not: false },
        'rateest-ewmalog': { value: average, not: false },
      },
      context,
    )
  },
  statements: (values) => [{ kind: 'note', text: `counts towards the rate ${values['rateest-name']!.value}` }],
})
