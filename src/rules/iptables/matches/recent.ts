import type { Condition } from '../../../model/condition.ts'
import { SEEN_LATELY } from '../../by-turns.ts'
import {
  atLeastOne,
  atMostOne,
  defineMatch,
  flag,
  printOptions,
  type RuleContext,
  type Values,
  WordError,
  word,
} from '../extension.ts'
import { addressOption } from '../values/addresses.ts'
import { readNumber } from '../values/numbers.ts'
import { cutName } from '../values/text.ts'

const ACTIONS = ['set', 'rcheck', 'update', 'remove'] as const

const options = {
  set: flag({ invert: true }),
  rcheck: flag({ invert: true }),
  update: flag({ invert: true }),
  remove: flag({ invert: true }),
  seconds: word((text) => readNumber(text, 0xffffffff, 1), String),
  reap: flag(),
  hitcount: word((text) => readNumber(text, 0xffff), String),
  rttl: flag(),
  name: cutName(199),
  mask: addressOption(),
  rsource: flag(),
  rdest: flag(),
}

/** `-m recent`: a list of addresses seen lately, kept by the rules themselves (libxt_recent.c revision 1). */
export const recent = defineMatch({
  name: 'recent',
  options,
  check(values) {
    atLeastOne(values, ...ACTIONS)
    atMostOne(values, ...ACTIONS)
    atMostOne(values, 'rsource', 'rdest')
    if (values.reap && !values.seconds) throw new WordError('--reap needs --seconds')
    const writes = values.set ?? values.remove
    if (writes && (values.rttl || values.seconds || values.hitcount?.value))
      throw new WordError('--seconds, --hitcount and --rttl belong to --rcheck and --update')
    const name = values.name?.value
    if (name === '' || name === '.' || name === '..' || name?.includes('/'))
      throw new WordError(`"${name}" cannot be a file in /proc/net/xt_recent`)
  },
  print,
  conditions(values, context) {
    const text = print(values, context).join(' ')
    // it adds the address, and holds whether it was there or not
    if (values.set) return values.set.not ? [{ kind: 'any', of: [], text }] : []
    const condition: Condition = { kind: 'unknown', text, reason: SEEN_LATELY }
    return [condition]
  },
})

/** The list, the mask and the side are always printed. */
function print(values: Values<typeof options>, context: RuleContext): string[] {
  const { hitcount, name, mask, rsource, rdest, ...rest } = values
  const everyBit = context.family === 'ip' ? '255.255.255.255' : 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'
  return printOptions(
    options,
    {
      ...rest,
      ...(hitcount?.value ? { hitcount } : {}),
      name: name ?? { value: 'DEFAULT', not: false },
      mask: mask ?? { value: everyBit, not: false },
      ...(rdest ? { rdest } : { rsource: rsource ?? { value: true, not: false } }),
    },
    context,
  )
}
