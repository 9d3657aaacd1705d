/** Whoever was asked took the connection, and then ended it by a reset. */
import { describeEnd, finding } from '../../../explain/context.ts'
import type { Finding } from '../../../model/journey.ts'
import { isPassed } from '../../../model/outcome-kinds.ts'
import { isAsking, type Part } from '../join/joined.ts'
import { mayCarryData } from './segment.ts'

export interface Reset {
  part: Part
  /** It had sent nothing before: whoever asked got no answer. */
  isBare: boolean
  finding: Finding
}

/**
 * Undefined where one side had ended the connection before: then the reset only clears up. What went by unseen is
 * counted by sequence numbers, or by what whoever asked acknowledged.
 */
export function resetByPeer(parts: readonly Part[]): Reset | undefined {
  const accepted = parts.find((one) => one.role === 'replies' && one.told.says === 'answers' && isTcp(one))
  const part =
    accepted && parts.find((one) => one.role === 'replies' && one.told.says === 'resets' && isLater(one, accepted))
  if (!part || !isPassed(part.told.journey.outcome)) return undefined
  const before = parts.filter((one) => isLater(one, accepted) && one.id < part.id)
  if (before.some(({ told: { says, journey } }) => says === 'resets' || journey.packet.tcpFlags?.includes('fin')))
    return undefined
  const { src, sport, in: from } = part.told.journey.packet
  const isBare = !hasSent(accepted, part, before)
  const end = describeEnd(src, sport)
  const who = from === undefined ? `The program on ${end}` : end
  const sent = isBare ? 'It had sent no data' : 'It had sent data before'
  const maybe = from === undefined ? '' : `: the program there closed it, or a firewall on the way sent the reset`
  return {
    part,
    isBare,
    finding: finding(
      'reset-by-peer',
      isBare ? 'warning' : 'note',
      `${who} accepted the connection, and then reset it (#${part.id}). ${sent}${isBare ? maybe : ''}.`,
      isBare
        ? {
            fix: [
              {
                description:
                  'check the log and the access lists of that program and, if it is a proxy, the server behind it',
                unverified: 'this is not a netfilter change',
              },
            ],
          }
        : {},
    ),
  }
}

const isTcp = ({ told }: Part): boolean => told.journey.packet.protocol === 'tcp'

const isLater = (one: Part, other: Part): boolean => one.id > other.id && one.capture === other.capture

function hasSent(accepted: Part, reset: Part, before: readonly Part[]): boolean {
  const [first, last] = [accepted, reset].map(({ own, told }) => (own ? told.journey.packet.tcpSeq : undefined))
  // the number behind SYN is that of the first byte
  if (first !== undefined && last !== undefined && reset.told.journey.packet.tcpFlags?.includes('ack'))
    return (last - first) >>> 0 !== 1
  if (before.some((one) => one.role === 'replies' && carriesSome(one))) return true
  // the first acknowledges SYN, and any other one acknowledges data
  return before.filter((one) => isAsking(one) && !carriesSome(one)).length > 1
}

const carriesSome = ({ told }: Part): boolean => mayCarryData(told.journey.packet)
