/** What makes a sender send smaller packets than those that do not fit. */
import type { Packet } from '../../model/packet.ts'
import { changesOf, propose } from './change.ts'
import type { Proposal } from './proposal.ts'

const UP_TO_SENDER = 'the effect depends on the sender'

/** Only TCP agrees on a size beforehand; whoever else sends learns it from the error. */
export function smallerPackets({ protocol }: Packet, family: 'ip' | 'ip6'): Proposal[] {
  const mangle = { family, table: 'mangle', chain: 'FORWARD' }
  const accept: Proposal = {
    description: 'accept the ICMP error all the way back to the sender, which then sends smaller packets',
    unverified: UP_TO_SENDER,
  }
  if (protocol !== 'tcp') return [accept]
  const clamp = changesOf(mangle).add(mangle, { chain: mangle.chain }, { kind: 'openings' }, { kind: 'clamp' })
  return [
    ...propose("clamp TCP's segment size to the path's MTU", clamp, 'affects new connections only', UP_TO_SENDER),
    accept,
  ]
}
