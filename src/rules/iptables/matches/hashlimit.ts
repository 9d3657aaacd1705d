import type { Allowance, Condition } from '../../../model/condition.ts'
import { wordTable } from '../../../model/word-table.ts'
import { COUNTED_BEFORE } from '../../by-turns.ts'
import {
  atLeastOne,
  atMostOne,
  defineMatch,
  flag,
  type Option,
  type RuleContext,
  type Values,
  WordError,
  word,
} from '../extension.ts'
import { readMask } from '../values/addresses.ts'
import { costToBytes, printByteBurst, printByteRate, readBurst, readByteRate } from '../values/byte-rates.ts'
import { u32 } from '../values/numbers.ts'
import { printRate, type Rate, readRate } from '../values/rates.ts'
import { cutName } from '../values/text.ts'

/** XT_HASHLIMIT_SCALE_v2: revisions 2 and 3 count in microseconds. */
const SCALE = 1000000
const DEFAULT_BURST = 5
const MAX_BURST = 1000000
const DEFAULT_GC_INTERVAL = 1000
/** Seconds after which an entry of a byte rate expires, without and with a burst. */
const BYTE_EXPIRE = 15
const BYTE_EXPIRE_BURST = 60

/** In the order they are printed. */
const MODES = ['srcip', 'srcport', 'dstip', 'dstport']

/** Packets, or bytes by their cost. */
type AnyRate = Rate | { cost: number }

const options = {
  'hashlimit-upto': rate({ aliases: ['hashlimit'] }),
  'hashlimit-above': rate(),
  'hashlimit-burst': word(readBurst, String),
  'hashlimit-mode': word(readModes, (modes) => modes.join(',')),
  'hashlimit-name': cutName(254, { required: true }),
  'hashlimit-htable-size': u32(),
  'hashlimit-htable-max': u32(),
  'hashlimit-htable-gcinterval': u32(),
  'hashlimit-htable-expire': u32(),
  'hashlimit-srcmask': prefixLength(),
  'hashlimit-dstmask': prefixLength(),
  'hashlimit-rate-match': flag(),
  'hashlimit-rate-interval': word(readInterval, String),
}

/** `-m hashlimit`: a rate for each host, port or pair of them (libxt_hashlimit.c revision 3). */
export const hashlimit = defineMatch({
  name: 'hashlimit',
  options,
  check(values) {
    atLeastOne(values, 'hashlimit-upto', 'hashlimit-above')
    atMostOne(values, 'hashlimit-upto', 'hashlimit-above')
    const name = values['hashlimit-name']!.value
    if (name === '' || name === '.' || name === '..' || name.includes('/'))
      throw new WordError(`"${name}" cannot be a file in /proc/net/ipt_hashlimit`)
    for (const option of ['hashlimit-htable-gcinterval', 'hashlimit-htable-expire'] as const)
      if (values[option]?.value === 0) throw new WordError(`the kernel refuses --${option} 0`)
    checkBurst(values)
  },
  print,
  conditions(values, context) {
    const text = print(values, context).join(' ')
    const lasts = allowanceOf(values, context)
    const open = { kind: 'unknown', text, reason: COUNTED_BEFORE } as const
    if (!lasts) return [open]
    const below: Condition = { ...open, lasts }
    return [isUpto(values) ? below : { kind: 'not', of: below, text }]
  },
})

const FIELDS: Readonly<Record<string, (family: string) => string>> = wordTable({
  srcip: (family) => `${family} saddr`,
  srcport: () => 'th sport',
  dstip: (family) => `${family} daddr`,
  dstport: () => 'th dport',
})

/** Of packets, for single hosts; bytes, networks and rates of intervals are not counted here. */
function allowanceOf(values: Values<typeof options>, { family }: RuleContext): Allowance | undefined {
  const { 'hashlimit-srcmask': source, 'hashlimit-dstmask': destination } = values
  const width = family === 'ip' ? 32 : 128
  if ([source, destination].some((mask) => mask && mask.value !== width)) return undefined
  if ('cost' in rateOf(values) || values['hashlimit-rate-match']) return undefined
  const fields = (values['hashlimit-mode']?.value ?? []).map((mode) => FIELDS[mode]!(family))
  const table = values['hashlimit-name']!.value
  return { packets: values['hashlimit-burst']?.value ?? DEFAULT_BURST, each: { table, fields } }
}

function isUpto(values: Values<typeof options>): boolean {
  const given = (values['hashlimit-upto'] ?? values['hashlimit-above'])!
  return 'hashlimit-upto' in values !== given.not
}

function checkBurst(values: Values<typeof options>): void {
  const burst = values['hashlimit-burst']?.value
  if (burst === undefined) return
  const rate = rateOf(values)
  if (!('cost' in rate)) {
    if (burst > MAX_BURST) throw new WordError(`--hashlimit-burst is more than ${MAX_BURST}`)
  } else if (costToBytes(rate.cost) === 0) throw new WordError('the rate is too slow for --hashlimit-burst')
  else if (burst < costToBytes(rate.cost))
    throw new WordError(`--hashlimit-burst is less than one second of the rate (${costToBytes(rate.cost)} bytes)`)
}

const rateOf = (values: Values<typeof options>): AnyRate =>
  (values['hashlimit-upto'] ?? values['hashlimit-above'])!.value

/** As hashlimit_mt_save: what the kernel has taken as default is left out, rates are printed as it keeps them. */
function print(values: Values<typeof options>, { family }: RuleContext): string[] {
  const { words, expire, defaultExpire, interval } = printLimit(values)
  words.unshift(isUpto(values) ? '--hashlimit-upto' : '--hashlimit-above')
  const add = (option: keyof typeof options, value: number | string | undefined, hidden?: number | string) => {
    if (value !== undefined && value !== hidden) words.push(`--${option}`, String(value))
  }
  add('hashlimit-mode', values['hashlimit-mode']?.value.join(','), '')
  add('hashlimit-name', values['hashlimit-name']!.value)
  add('hashlimit-htable-size', values['hashlimit-htable-size']?.value, 0)
  add('hashlimit-htable-max', values['hashlimit-htable-max']?.value, 0)
  add('hashlimit-htable-gcinterval', values['hashlimit-htable-gcinterval']?.value, DEFAULT_GC_INTERVAL)
  add('hashlimit-htable-expire', values['hashlimit-htable-expire']?.value ?? expire, defaultExpire)
  const width = family === 'ip' ? 32 : 128
  add('hashlimit-srcmask', values['hashlimit-srcmask']?.value, width)
  add('hashlimit-dstmask', values['hashlimit-dstmask']?.value, width)
  if (values['hashlimit-rate-match']) {
    words.push('--hashlimit-rate-match')
    add('hashlimit-rate-interval', values['hashlimit-rate-interval']?.value ?? interval, 1)
  }
  return words
}

interface PrintedLimit {
  words: string[]
  /** Milliseconds: what the rate as given brings along, and what the printed one would. */
  expire: number
  defaultExpire: number
  /** Seconds of --hashlimit-rate-interval where it is not given. */
  interval: number
}

function printLimit(values: Values<typeof options>): PrintedLimit {
  const rate = rateOf(values)
  const burst = values['hashlimit-burst']?.value
  if ('cost' in rate) {
    const expire = (burst === undefined ? BYTE_EXPIRE : BYTE_EXPIRE_BURST) * 1000
    const words = [printByteRate(rate.cost)]
    if (burst !== undefined) words.push('--hashlimit-burst', printByteBurst(burst, rate.cost))
    return { words, expire, defaultExpire: expire, interval: 1 }
  }
  // rate matching counts packets in each interval, so the rate is kept per second
  const period = values['hashlimit-rate-match'] ? Math.floor(rate.period / rate.per) : rate.period
  const { text, per } = printRate(period, SCALE)
  const words = [text, '--hashlimit-burst', String(burst ?? DEFAULT_BURST)]
  return { words, expire: rate.per * 1000, defaultExpire: per * 1000, interval: rate.per }
}

function rate(more: Partial<Option<AnyRate>> = {}): Option<AnyRate> {
  return word<AnyRate>(
    (text) => {
      const cost = readByteRate(text)
      return cost === undefined ? readRate(text, SCALE) : { cost }
    },
    (value) => ('cost' in value ? printByteRate(value.cost) : printRate(value.period, SCALE).text),
    { invert: true, ...more },
  )
}

function prefixLength(): Option<number> {
  return word<number>((text, { family }) => {
    const mask = readMask(text, family)
    if (typeof mask === 'string') throw new WordError(`the mask ${mask} has gaps`)
    return mask
  }, String)
}

function readModes(text: string): string[] {
  const given = text.split(/[,|]/).filter((mode) => mode !== '')
  const wrong = given.find((mode) => !MODES.includes(mode))
  if (wrong !== undefined) throw new WordError(`"${wrong}" is none of ${MODES.join(', ')}`)
  return MODES.filter((mode) => given.includes(mode))
}

function readInterval(text: string): number {
  const seconds = Number.parseInt(text, 10)
  if (!(seconds > 0)) throw new WordError(`"${text}" is not a number of seconds`)
  return seconds
}
