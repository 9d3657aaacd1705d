import { COUNTED_BEFORE } from '../../by-turns.ts'
import { defineMatch, printOptions, type RuleContext, type Values, WordError, word } from '../extension.ts'
import { readNumber } from '../values/numbers.ts'
import { printRate, readRate } from '../values/rates.ts'

/** XT_LIMIT_SCALE: the kernel counts in tenths of a millisecond. */
const SCALE = 10000
const DEFAULT_RATE = '3/hour'
const DEFAULT_BURST = 5
/** HZ * CREDITS_PER_JIFFY of kernels with an HZ of 100, of 250 or 1000, and of 300. */
const CREDITS_PER_SECOND = [25600, 32000, 38400]
const UINT32 = 2 ** 32

const options = {
  limit: word(
    (text) => readRate(text, SCALE).period,
    (period) => printRate(period, SCALE).text,
  ),
  'limit-burst': word((text) => readNumber(text, 10000), String),
}

/** `-m limit`: as many packets as the rate allows, for the rule as a whole (libxt_limit.c). */
export const limit = defineMatch({
  name: 'limit',
  options,
  check(values) {
    const burst = burstOf(values)
    if (!CREDITS_PER_SECOND.some((credits) => counts(periodOf(values), burst, credits)))
      throw new WordError(
        burst === 0
          ? 'the burst must be at least 1'
          : `a burst of ${burst} is more than the kernel can count at this rate`,
      )
  },
  print,
  conditions: (values, context) => [
    {
      kind: 'unknown',
      text: print(values, context).join(' '),
      reason: COUNTED_BEFORE,
      lasts: { packets: packetsAtOnce(periodOf(values), burstOf(values)) },
    },
  ],
})

/** Can a kernel count this burst in its 32 bits? (xt_limit.c limit_mt_check) */
const counts = (period: number, burst: number, creditsPerSecond: number): boolean =>
  burst > 0 && creditsOf((period * burst) % UINT32, creditsPerSecond) >= creditsOf(period, creditsPerSecond)

/** The burst, or the least that a kernel makes of one that wraps in its 32 bits. */
function packetsAtOnce(period: number, burst: number): number {
  const able = CREDITS_PER_SECOND.filter((credits) => counts(period, burst, credits))
  const packets = (credits: number) =>
    Math.floor(creditsOf((period * burst) % UINT32, credits) / creditsOf(period, credits))
  return Math.min(burst, ...able.map(packets))
}

/** user2credits, in 32 bits. */
const creditsOf = (time: number, creditsPerSecond: number): number =>
  time > UINT32 / creditsPerSecond
    ? (Math.floor(time / SCALE) * creditsPerSecond) % UINT32
    : Math.floor((time * creditsPerSecond) / SCALE)

const burstOf = (values: Values<typeof options>): number => values['limit-burst']?.value ?? DEFAULT_BURST

const periodOf = (values: Values<typeof options>): number => values.limit?.value ?? readRate(DEFAULT_RATE, SCALE).period

function print(values: Values<typeof options>, context: RuleContext): string[] {
  const { 'limit-burst': burst, ...rate } = { limit: { value: periodOf(values), not: false }, ...values }
  const isDefault = burst === undefined || burst.value === DEFAULT_BURST
  return printOptions(options, isDefault ? rate : { ...rate, 'limit-burst': burst }, context)
}
