import type { Condition, Value } from '../../../model/condition.ts'
import type { MaskedAddress, Negatable } from '../../../model/ruleset.ts'
import {
  atLeastOne,
  defineMatch,
  negateIf,
  type OptionTable,
  printOptions,
  type RuleContext,
  type Values,
  word,
} from '../extension.ts'
import { hostMaskOption, networkValue } from '../values/addresses.ts'
import { ctStates, ctStatuses, stateCondition, statesWithoutEntry, statusCondition } from '../values/ct.ts'
import { readName } from '../values/names.ts'
import { type Range, rangeOption, rangeValue } from '../values/numbers.ts'
import { decimalPortRange } from '../values/ports.ts'
import { protocolOption } from '../values/protocols.ts'

const host = () => hostMaskOption({ invert: true })
const port = () => decimalPortRange({ invert: true })

const options = {
  ctstate: ctStates({ invert: true, nat: true }),
  ctproto: protocolOption({ invert: true }),
  ctorigsrc: host(),
  ctorigdst: host(),
  ctreplsrc: host(),
  ctrepldst: host(),
  ctorigsrcport: port(),
  ctorigdstport: port(),
  ctreplsrcport: port(),
  ctrepldstport: port(),
  ctstatus: ctStatuses({ invert: true }),
  ctexpire: rangeOption(0xffffffff, { invert: true }),
  ctdir: word((text) => readName(text, ['ORIGINAL', 'REPLY']), String),
} satisfies OptionTable

/** What an option of the entry compares with what. */
interface Asked {
  field: string
  value: Value
  mask?: string
}
const network = (field: string) => (given: MaskedAddress) => ({ field, ...networkValue(given) })
const range = (field: string) => (given: Range) => ({ field, value: rangeValue(given) })

// biome-ignore lint/suspicious/noExplicitAny: each takes what its own option has read
const ASKED: { [option: string]: (given: any) => Asked } = {
  ctproto: (name: string) => ({ field: 'ct protocol', value: name }),
  ctorigsrc: network('ct original saddr'),
  ctorigdst: network('ct original daddr'),
  ctreplsrc: network('ct reply saddr'),
  ctrepldst: network('ct reply daddr'),
  ctorigsrcport: range('ct original proto-src'),
  ctorigdstport: range('ct original proto-dst'),
  ctreplsrcport: range('ct reply proto-src'),
  ctrepldstport: range('ct reply proto-dst'),
  ctexpire: range('ct expiration'),
  ctdir: (name: string) => ({ field: 'ct direction', value: name.toLowerCase() }),
}

/**
 * `-m conntrack`: the packet's connection tracking entry (libxt_conntrack.c revision 3, xt_conntrack.c conntrack_mt).
 * A packet without an entry matches as soon as `--ctstate` lets it through, whatever the other options ask.
 */
export const conntrack = defineMatch({
  name: 'conntrack',
  options,
  check: (values) => atLeastOne(values, ...Object.keys(options)),
  conditions(values, context) {
    const ofEntry = entryConditions(values, context)
    if (!values.ctstate) return ofEntry
    const { value: states, not } = values.ctstate
    const state = negateIf(not, stateCondition(states, `--ctstate ${states.join(',')}`))
    const letThrough = statesWithoutEntry(states, not)
    if (letThrough.length === 0) return [state, ...ofEntry]
    return [
      state,
      ...ofEntry.map((condition): Condition => {
        const text = condition.text ?? ''
        const noEntry: Condition = { kind: 'compare', field: 'ct state', op: '==', value: { set: letThrough }, text }
        return { kind: 'any', of: [noEntry, condition], text }
      }),
    ]
  },
})

/** What is asked of the entry; none of it holds where there is no entry. */
function entryConditions(values: Values<typeof options>, context: RuleContext): Condition[] {
  const conditions: Condition[] = []
  for (const [name, given] of Object.entries(values) as [keyof typeof options, Negatable<unknown>][]) {
    const text = printOptions({ [name]: options[name] }, values, context).join(' ')
    const asked = ASKED[name]?.(given.value)
    if (asked) conditions.push({ kind: 'compare', op: given.not ? '!=' : '==', ...asked, text })
    else if (name === 'ctstatus') conditions.push(statusCondition(values.ctstatus!, text))
  }
  return conditions
}
