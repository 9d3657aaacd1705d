/** What a packet is to the exchange that it belongs to, told by the packet alone. */
import { isIcmpError } from '../../../model/icmp-error.ts'
import type { Packet } from '../../../model/packet.ts'

/** `any`: whichever direction it has. */
export type Says = 'opens' | 'answers' | 'resets' | 'fails' | 'any'

/** `fails`: an ICMP error about another packet. */
export function saysOf({ inner, protocol, tcpFlags = [], icmpType }: Packet): Says {
  if (inner) return 'fails'
  if (protocol === 'tcp') {
    if (tcpFlags.includes('rst')) return 'resets'
    if (!tcpFlags.includes('syn')) return 'any'
    return tcpFlags.includes('ack') ? 'answers' : 'opens'
  }
  if (protocol === 'icmp' || protocol === 'icmpv6') {
    // what it quotes was not captured
    if (isIcmpError(protocol === 'icmpv6', icmpType ?? -1)) return 'fails'
    if (icmpType === 8 || icmpType === 128) return 'opens'
    if (icmpType === 0 || icmpType === 129) return 'answers'
  }
  return 'any'
}
