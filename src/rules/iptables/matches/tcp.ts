import type { Condition } from '../../../model/condition.ts'
import { atMostOne, compare, defineMatch, flag, needsProtocol, printOptions, type Values, word } from '../extension.ts'
import { readNumber } from '../values/numbers.ts'
import { meantPorts, portConditions, portRange } from '../values/ports.ts'
import { printTcpFlags, SYN_ONLY, tcpFlagsOption } from '../values/tcp.ts'

const options = {
  sport: portRange({ invert: true, aliases: ['source-port'] }),
  dport: portRange({ invert: true, aliases: ['destination-port'] }),
  'tcp-option': word((text) => readNumber(text, 0xff, 1), String, { invert: true }),
  'tcp-flags': tcpFlagsOption(),
  syn: flag({ invert: true }),
}

/**
 * `-p tcp -m tcp` with ports, flags and options (libxt_tcp.c). 1.8.9 forgets `! --sport 0:65535`, which never
 * holds, when it prints; later ones print it, and so is it here.
 */
export const tcp = defineMatch({
  name: 'tcp',
  options,
  check(values, context) {
    needsProtocol(context, 'tcp')
    atMostOne(values, 'syn', 'tcp-flags')
  },
  print: (values, context) => printOptions(options, withoutShorthand(values), context),
  conditions(values) {
    const { 'tcp-option': option, 'tcp-flags': flags } = withoutShorthand(values)
    const conditions: Condition[] = portConditions('tcp', values)
    if (option)
      conditions.push(
        compare('tcp options', String(option.value), { words: `--tcp-option ${option.value}`, not: option.not }),
      )
    if (flags) {
      const { mask, set } = flags.value
      const words = `--tcp-flags ${printTcpFlags(mask)} ${printTcpFlags(set)}`
      conditions.push(compare('tcp flags', set, { words, not: flags.not, mask }))
    }
    return conditions
  },
})

/** `--syn` as the flags it stands for; what says nothing left out. */
function withoutShorthand({ syn, ...values }: Values<typeof options>): Omit<Values<typeof options>, 'syn'> {
  const meant = meantPorts(values)
  if (syn) meant['tcp-flags'] = { value: SYN_ONLY, not: syn.not }
  const flags = meant['tcp-flags']
  if (flags && !flags.not && flags.value.mask === 0 && flags.value.set === 0) delete meant['tcp-flags']
  return meant
}
