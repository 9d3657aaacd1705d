/** What the owner of the rules has to let such a packet in: its own command, or what to change. */
import { spoken } from '../../model/command.ts'
import type { Packet } from '../../model/packet.ts'
import type { World } from '../../model/world.ts'
import type { Proposal } from '../changes/proposal.ts'
import { isAnswer } from '../reply/request-reply.ts'
import type { Owner } from './owner.ts'
import { withOption } from './undone.ts'

const NO_RULE = 'this is not a netfilter change'

/** None for what answers: its connection is what has to be known, and no service to be let in. */
export function allowedBy({ name, allows }: Owner, packet: Packet, world: World): Proposal[] {
  const allow = isAnswer(packet, world) ? undefined : allows?.(packet)
  const words = allow && spoken(allow)
  return words === undefined ? [] : [{ description: `allow it with ${name}: ${words}`, unverified: NO_RULE }]
}

/** `option`: a zone or policy, as its command takes it. */
export const insteadOf = ({ instead }: Owner, option?: string): Proposal => ({
  description: withOption(instead, option),
  unverified: NO_RULE,
})
