import { defineMatch, needsProtocol } from '../extension.ts'
import { ICMPV6_TYPES, icmpCondition, icmpTypeOption, printIcmpType } from '../values/icmp.ts'

/** `-p ipv6-icmp -m icmp6 --icmpv6-type TYPE[/CODE]` (libip6t_icmp6.c). */
export const icmp6 = defineMatch({
  name: 'icmp6',
  aliases: ['icmpv6', 'ipv6-icmp'],
  family: 'ip6',
  options: { 'icmpv6-type': icmpTypeOption(ICMPV6_TYPES, printIcmpType, { invert: true, required: true }) },
  check: (_, context) => needsProtocol(context, 'ipv6-icmp'),
  conditions(values) {
    const type = values['icmpv6-type']!
    return [icmpCondition('icmpv6', `--icmpv6-type ${printIcmpType(type.value)}`, type)]
  },
})
