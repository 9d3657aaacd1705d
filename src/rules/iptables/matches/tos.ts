import { compare, defineMatch } from '../extension.ts'
import { printTos, tosOption } from '../values/tos.ts'

/** `-m tos --tos VALUE[/MASK]`: the IP header's type of service, IPv6's traffic class (libxt_tos.c revision 1). */
export const tos = defineMatch({
  name: 'tos',
  options: { tos: tosOption(0x3f, { invert: true, required: true }) },
  conditions({ tos }, { family }) {
    const { value, not } = tos!
    const words = `--tos ${printTos(value)}`
    return [compare(`${family} tos`, value.value, { words, not, mask: value.mask })]
  },
})
