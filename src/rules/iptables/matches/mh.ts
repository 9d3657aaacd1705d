import { compare, defineMatch, needsProtocol, printOptions, type Values, WordError, word } from '../extension.ts'
import { printRange, type Range, rangeValue, readNumber, saysNothing } from '../values/numbers.ts'

const MAX_TYPE = 255

/** Mobility header messages by type, each with its short name, in the order a beginning is looked for. */
const TYPES: readonly [name: string, short: string][] = [
  ['binding-refresh-request', 'brr'],
  ['home-test-init', 'hoti'],
  ['careof-test-init', 'coti'],
  ['home-test', 'hot'],
  ['careof-test', 'cot'],
  ['binding-update', 'bu'],
  ['binding-acknowledgement', 'ba'],
  ['binding-error', 'be'],
]

const options = { 'mh-type': word(readTypes, (range: Range) => printRange(range), { invert: true }) }

/** `-p ipv6-mh -m mh --mh-type TYPE[:TYPE]`: mobile IPv6's messages (libip6t_mh.c). */
export const mh = defineMatch({
  name: 'mh',
  family: 'ip6',
  options,
  check: (_, context) => needsProtocol(context, 'mobility-header'),
  print: (values, context) => printOptions(options, meant(values), context),
  conditions(values) {
    const type = meant(values)['mh-type']
    if (!type) return []
    return [compare('mh type', rangeValue(type.value), { words: `--mh-type ${printRange(type.value)}`, not: type.not })]
  },
})

/** Without a range of all; inverted it is kept, though 1.8.9 forgets it. */
const meant = (values: Values<typeof options>): Values<typeof options> =>
  values['mh-type'] && saysNothing(values['mh-type'], MAX_TYPE) ? {} : values

function readTypes(text: string): Range {
  const [low, high] = text.split(/:(.*)/s)
  if (high === undefined) return { from: readType(text), to: readType(text) }
  const range = { from: low ? readType(low) : 0, to: high ? readType(high) : MAX_TYPE }
  if (range.from > range.to) throw new WordError(`the range ${text} ends before it begins`)
  return range
}

/** A whole name, else the first that begins so, else a number. Throws WordError. */
function readType(text: string): number {
  const name = text.toLowerCase()
  const exact = TYPES.findIndex((names) => names.includes(name))
  const type = exact >= 0 ? exact : TYPES.findIndex((names) => names.some((one) => one.startsWith(name)))
  return type >= 0 ? type : readNumber(text, MAX_TYPE)
}
