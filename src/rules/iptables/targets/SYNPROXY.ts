import { defineTarget, flag, needsProtocol, word } from '../extension.ts'
import { readNumber } from '../values/numbers.ts'

/** The kernel keeps fewer bits than the option takes. */
const cut = (mask: number) => word((text) => readNumber(text) & mask, String)

const [SYN, ACK, FIN_SYN_RST_ACK] = [0x02, 0x10, 0x17]

/**
 * `-j SYNPROXY`: answers the handshake in the server's place, so SYN and ACK packets end here; others go on
 * (libxt_SYNPROXY.c, net/ipv4/netfilter/ipt_SYNPROXY.c). An ACK that answers no SYN cookie is dropped.
 */
export const SYNPROXY = defineTarget({
  name: 'SYNPROXY',
  hooks: ['input', 'forward'],
  options: { 'sack-perm': flag(), timestamp: flag(), wscale: cut(0xff), mss: cut(0xffff), ecn: flag() },
  check: (_values, context) => needsProtocol(context, 'tcp'),
  statements: () => [
    {
      kind: 'stolen',
      by: 'SYNPROXY',
      when: { kind: 'compare', field: 'tcp flags', op: '==', mask: FIN_SYN_RST_ACK, value: { set: [SYN, ACK] } },
    },
  ],
})
