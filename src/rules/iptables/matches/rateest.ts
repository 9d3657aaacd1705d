import type { Negatable } from '../../../model/ruleset.ts'
import {
  atLeastOne,
  defineMatch,
  flag,
  type Given,
  type Option,
  type OptionTable,
  type Values,
  WordError,
} from '../extension.ts'
import { printBitRate, readBitRate } from '../values/bit-rates.ts'
import { readNumber } from '../values/numbers.ts'
import { cutName } from '../values/text.ts'

/** A rate may follow the option or not; absent, it is 0. */
const rate = (read: (text: string) => number, print: (value: number) => string, aliases: string[] = []) =>
  ({
    aliases,
    words: ([next]) => (next === undefined || /^[-!]/.test(next) ? 0 : 1),
    read: ([text]) => (text === undefined ? 0 : read(text)),
    print: (value) => [print(value)],
  }) satisfies Option<number>

const bps = (...aliases: string[]) => rate(readBitRate, printBitRate, aliases)
const pps = (...aliases: string[]) => rate((text) => readNumber(text), String, aliases)

const options = {
  'rateest-delta': flag(),
  rateest1: cutName(15, { aliases: ['rateest'], required: true }),
  rateest2: cutName(15),
  'rateest-bps1': bps(),
  'rateest-bps2': bps('rateest-bps'),
  'rateest-pps1': pps(),
  'rateest-pps2': pps('rateest-pps'),
  'rateest-lt': flag({ invert: true }),
  'rateest-gt': flag({ invert: true }),
  'rateest-eq': flag({ invert: true }),
} satisfies OptionTable

type Rateest = Values<typeof options>

const COMPARISONS = ['rateest-lt', 'rateest-gt', 'rateest-eq'] as const

/** `-m rateest`: the rate that a RATEEST rule has measured, against a number or another such rate (libxt_rateest.c). */
export const rateest = defineMatch<typeof options, Rateest>({
  name: 'rateest',
  options,
  collect,
  check(values) {
    atLeastOne(values, ...COMPARISONS)
    atLeastOne(values, 'rateest-bps1', 'rateest-bps2', 'rateest-pps1', 'rateest-pps2')
  },
  print,
  conditions: (values) => [
    { kind: 'unknown', text: print(values).join(' '), reason: 'depends on the rate measured at that moment' },
  ],
})

/**
 * The last comparison wins. It may be repeated, although the tool refuses that: for a rule with both units iptables-save
 * itself prints it twice.
 */
function collect(given: readonly Given[]): Rateest {
  const values: Record<string, Negatable<unknown>> = {}
  const isComparison = (option: string) => COMPARISONS.some((one) => one === option)
  for (const { option, value, not } of given) {
    if (isComparison(option)) for (const one of COMPARISONS) delete values[one]
    if (values[option]) throw new WordError(`--${option} is given twice`)
    values[option] = { value, not }
  }
  return values as Rateest
}

/** As rateest_save: the comparison is repeated for each unit. */
function print(values: Rateest): string[] {
  const { 'rateest-delta': delta, rateest1, rateest2 } = values
  const words = [...(delta ? ['--rateest-delta'] : []), rateest2 ? '--rateest1' : '--rateest', rateest1!.value]
  words.push(...printRates(values, 'bps', printBitRate), ...printRates(values, 'pps', String))
  return rateest2 ? [...words, '--rateest2', rateest2.value] : words
}

function printRates(values: Rateest, unit: 'bps' | 'pps', printRate: (rate: number) => string): string[] {
  const [first, second] = [values[`rateest-${unit}1`], values[`rateest-${unit}2`]]
  if (!first && !second) return []
  const rateOf = (given: Negatable<number> | undefined) => printRate(given?.value ?? 0)
  const name = COMPARISONS.find((one) => values[one])!
  const comparison = [...(values[name]!.not ? ['!'] : []), `--${name}`]
  const option = `--rateest-${unit}`
  if (values['rateest-delta']) return [`${option}1`, rateOf(first), ...comparison, `${option}2`, rateOf(second)]
  return [...comparison, option, ...(values.rateest2 ? [] : [rateOf(second)])]
}
