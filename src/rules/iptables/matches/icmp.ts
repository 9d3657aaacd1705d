import { compare, defineMatch, needsProtocol } from '../extension.ts'
import { ICMP_TYPES, type IcmpType, icmpCondition, icmpTypeOption, printIcmpType } from '../values/icmp.ts'

/** Type 255 is iptables' word for any type, whatever its code (net/netfilter/xt_tcpudp.c, icmp_type_code_match). */
const print = (value: IcmpType): string => (value.type === 255 ? 'any' : printIcmpType(value))

/** `-p icmp -m icmp --icmp-type TYPE[/CODE]` (libipt_icmp.c). */
export const icmp = defineMatch({
  name: 'icmp',
  family: 'ip',
  options: { 'icmp-type': icmpTypeOption(ICMP_TYPES, print, { invert: true, required: true }) },
  check: (_, context) => needsProtocol(context, 'icmp'),
  conditions(values) {
    const type = values['icmp-type']!
    const words = `--icmp-type ${print(type.value)}`
    if (type.value.type === 255) return [compare('icmp type', { range: [0, 255] }, { words, not: type.not })]
    return [icmpCondition('icmp', words, type)]
  },
})
