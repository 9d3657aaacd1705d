/** Replies that whoever asked never gets. */
import type { Finding } from '../../../model/journey.ts'
import { isAsking, type Part } from '../join/joined.ts'
import { answersStranger } from './gone-on.ts'
import { toProxy } from './later.ts'
import { goesOnBehind } from './unheard.ts'

export const goesPastAsker = (parts: readonly Part[], answer: Part): boolean =>
  answersStranger(parts, answer) || (answer.told.journey.outcome === 'forwarded' && isForThisHost(parts, answer))

/**
 * This host itself had asked, and none of the replies got to it. A log of several network namespaces shows the asker's own
 * packets, and forwards them as well.
 */
function isForThisHost(parts: readonly Part[], answer: Part): boolean {
  const first = parts.find(isAsking)
  if (first === undefined || first.told.journey.packet.in !== undefined || first.told.host !== answer.told.host)
    return false
  return parts.every((one) => {
    const { outcome, packet } = one.told.journey
    if (one.role === 'replies') return outcome !== 'delivered'
    // whoever goes on has had its answer
    return one.role === 'errors' || (packet.in === undefined && !goesOnBehind(one, answer, parts))
  })
}

/** Routing lost the reply, or led it past a program that asked with another host's address: not one that nat gave. */
export function missesProxy(parts: readonly Part[], reply: Part): Finding | undefined {
  const { outcome, packet } = reply.told.journey
  const isLost = outcome === 'vanished' || outcome === 'forwarded'
  const asked = parts.find(isAsking)?.told.journey.packet
  return isLost && asked?.src === packet.dst && isForThisHost(parts, reply) ? toProxy(reply) : undefined
}
