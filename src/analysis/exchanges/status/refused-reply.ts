/** A reply that got through, and that an ICMP error was sent about: no program took it, or it did not get there. */
import { isLossReport, isRefusal } from '../../../model/icmp-error.ts'
import { isPassed } from '../../../model/outcome-kinds.ts'
import { isAsking, type Part } from '../join/joined.ts'
import { goesOnBehind } from './unheard.ts'

/**
 * Nobody took any of the replies. A program that has its reply may close its socket, so that the next copy is refused: one
 * reply that no error is about will do. What comes behind a refused one meets the same socket, unless somebody asked again.
 */
export function refusesReplies(parts: readonly Part[], answer: Part): boolean {
  const refused = refusedReplies(parts)
  if (!refused.has(answer.id)) return false
  const isTcp = answer.told.journey.packet.protocol === 'tcp'
  if (isTcp && parts.some((one) => goesOnBehind(one, answer, parts))) return false
  let isOpen = true
  for (const part of parts) {
    if (isAsking(part)) isOpen = true
    else if (isReply(part)) {
      if (refused.has(part.id)) isOpen = false
      else if (isOpen) return false
    }
  }
  return true
}

/** Each error is about the latest reply before it that no later error is about. */
function refusedReplies(parts: readonly Part[]): ReadonlySet<number> {
  const refused = new Set<number>()
  for (const error of parts.toReversed()) {
    if (error.role !== 'errors' || !error.aboutReply || !isLossReport(error.told.journey.packet)) continue
    const reply = parts.findLast(
      (one) => isReply(one) && one.id < error.id && one.capture === error.capture && !refused.has(one.id),
    )
    if (reply && !mayBeTaken(reply, error, parts)) refused.add(reply.id)
  }
  return refused
}

/** Microseconds: nobody who asks by UDP gives up sooner (resolvers wait a second or more). */
const PATIENCE = 1e6

/**
 * Who asks with a socket of its own for packets (nmap, hping, traceroute) reads the reply, and its kernel, which knows no
 * socket for it, says that the port is unreachable. A program that has given up and closed its socket has waited before.
 */
function mayBeTaken(reply: Part, error: Part, parts: readonly Part[]): boolean {
  const { packet } = error.told.journey
  if (reply.told.journey.packet.protocol !== 'udp' || !isRefusal(packet)) return false
  const asked = parts.findLast((one) => isAsking(one) && one.capture === reply.capture && one.id < reply.id)
  return !(asked && reply.clock - asked.clock >= PATIENCE)
}

const isReply = ({ role, told }: Part): boolean => role === 'replies' && isPassed(told.journey.outcome)
