import type { Condition } from '../../../model/condition.ts'
import type { Negatable } from '../../../model/ruleset.ts'
import {
  defineMatch,
  flag,
  type Given,
  HOOKS_IN,
  HOOKS_OUT,
  type OptionTable,
  printOptions,
  type RuleContext,
  type Values,
  WordError,
  word,
} from '../extension.ts'
import { protocolName, protocolNumber } from '../protocols.ts'
import { hostMaskOption } from '../values/addresses.ts'
import { hex, readNumber, u32 } from '../values/numbers.ts'

const oneOf =
  (...names: string[]) =>
  (text: string) => {
    if (!names.includes(text)) throw new WordError(`"${text}" is none of ${names.join(', ')}`)
    return text
  }

/** What is asked of one transformation, in the order iptables-save prints it. */
const element = {
  reqid: u32({ invert: true }),
  spi: word((text) => readNumber(text), hex, { invert: true }),
  proto: word((text) => oneOf('esp', 'ah', 'ipcomp')(protocolName(protocolNumber(text) ?? 0)), String, {
    invert: true,
  }),
  mode: word(oneOf('transport', 'tunnel'), String, { invert: true }),
  'tunnel-dst': hostMaskOption({ invert: true }),
  'tunnel-src': hostMaskOption({ invert: true }),
} satisfies OptionTable

const policyOptions = {
  dir: word(oneOf('in', 'out'), String),
  pol: word(oneOf('none', 'ipsec'), String),
  strict: flag(),
}

const options = { ...policyOptions, ...element, next: flag() }

type Element = Values<typeof element>

interface Policy {
  policy: Values<typeof policyOptions>
  /** One for each transformation, `--next` between them. */
  elements: Element[]
}

/** XT_POLICY_MAX_ELEM. */
const MAX_ELEMENTS = 4

/** `-m policy`: has the packet been through IPsec, or will it be? (libxt_policy.c) */
export const policy = defineMatch<typeof options, Policy>({
  name: 'policy',
  hooks: ({ policy }) => (policy.dir?.value === 'out' ? HOOKS_OUT : HOOKS_IN),
  options,
  collect,
  check({ policy, elements }) {
    if (!policy.dir) throw new WordError('--dir in or --dir out is missing')
    if (elements.length > 1 && !policy.strict) throw new WordError('--next needs --strict')
    if (elements.length > MAX_ELEMENTS) throw new WordError(`at most ${MAX_ELEMENTS} transformations can be described`)
    if (policy.pol?.value === 'none') {
      if (policy.strict) throw new WordError('--pol none cannot be used with --strict')
      return
    }
    for (const one of elements) checkElement(one, policy.strict !== undefined)
  },
  print,
  conditions(values, context) {
    const { dir, pol } = values.policy
    const words = print(values, context).join(' ')
    const field = dir!.value === 'out' ? 'rt ipsec' : 'meta ipsec'
    const none = pol?.value === 'none'
    const any: Condition = { kind: 'compare', field, op: none ? '==' : '!=', value: 0, text: words }
    if (none || values.elements.every((one) => Object.keys(one).length === 0)) return [any]
    return [any, { kind: 'unknown', text: words, reason: "the packet's IPsec transformations are not known" }]
  },
})

function collect(given: readonly Given[]): Policy {
  const policy: Record<string, Negatable<unknown>> = {}
  const elements: Record<string, Negatable<unknown>>[] = [{}]
  for (const { option, value, not } of given) {
    if (option === 'next') {
      elements.push({})
      continue
    }
    const place = option in policyOptions ? policy : elements.at(-1)!
    if (place[option]) throw new WordError(`--${option} is given twice`)
    place[option] = { value, not }
  }
  return { policy, elements } as unknown as Policy
}

function checkElement(one: Element, strict: boolean): void {
  if (strict && Object.keys(one).length === 0) throw new WordError('--strict needs a condition for each transformation')
  const tunnel = one.mode && (one.mode.value === 'tunnel') !== one.mode.not
  if ((one['tunnel-src'] || one['tunnel-dst']) && !tunnel)
    throw new WordError('--tunnel-src and --tunnel-dst need --mode tunnel')
}

function print({ policy, elements }: Policy, context: RuleContext): string[] {
  const pol = policy.pol ?? { value: 'ipsec', not: false }
  const words = printOptions(policyOptions, { ...policy, pol }, context)
  if (pol.value === 'none') return words
  elements.forEach((one, i) => {
    if (i > 0) words.push('--next')
    words.push(...printOptions(element, one, context))
  })
  return words
}
