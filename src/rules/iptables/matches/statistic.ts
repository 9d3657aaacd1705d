import { CHANCE, COUNTED_BEFORE } from '../../by-turns.ts'
import { atMostOne, defineMatch, type Option, printOptions, WordError, word } from '../extension.ts'
import { readNumber } from '../values/numbers.ts'

/** The kernel keeps a probability as a number of 31 bits. */
const SCALE = 0x80000000

const probability = (): Option<number> =>
  word(
    (text) => {
      const value = Number(text)
      if (!/^\+?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) || value > 1)
        throw new WordError(`"${text}" is not a probability between 0 and 1`)
      return Math.round(SCALE * value)
    },
    printProbability,
    { invert: true },
  )

/** As printf's %.11f rounds: to the nearest, halves to the even digit. */
function printProbability(stored: number): string {
  const scaled = BigInt(stored) * 10n ** 11n
  const [floor, rest, half] = [scaled / BigInt(SCALE), scaled % BigInt(SCALE), BigInt(SCALE) / 2n]
  const digits = rest > half || (rest === half && floor % 2n === 1n) ? floor + 1n : floor
  const text = String(digits).padStart(12, '0')
  return `${text.slice(0, -11)}.${text.slice(-11)}`
}

const options = {
  mode: word(
    (text) => {
      if (text !== 'random' && text !== 'nth') throw new WordError(`"${text}" is neither random nor nth`)
      return text
    },
    String,
    { required: true },
  ),
  probability: probability(),
  every: word((text) => readNumber(text, 0xffffffff, 1), String, { invert: true }),
  packet: word((text) => readNumber(text), String),
}

/** `-m statistic`: by chance, or each nth packet (libxt_statistic.c). */
export const statistic = defineMatch({
  name: 'statistic',
  options,
  check(values) {
    atMostOne(values, 'probability', 'every')
    atMostOne(values, 'probability', 'packet')
    const { mode, probability, every, packet } = values
    if (mode!.value === 'random' && !probability) throw new WordError('random mode needs --probability')
    if (mode!.value === 'nth' && !(every && packet)) throw new WordError('nth mode needs --every and --packet')
    if (every && packet && packet.value >= every.value) throw new WordError('--packet has to be less than --every')
  },
  conditions: (values, context) => [
    {
      kind: 'unknown',
      text: printOptions(options, values, context).join(' '),
      reason: values.mode!.value === 'random' ? CHANCE : COUNTED_BEFORE,
    },
  ],
})
