/** The next hop sends the packet back, and this host sends it there again: the same packet, each time with a lower TTL. */
import { finding } from '../../../explain/context.ts'
import type { Finding, Fix } from '../../../model/journey.ts'
import { isPassed } from '../../../model/outcome-kinds.ts'
import { leftBy } from '../../../model/way-out.ts'
import type { Part } from '../join/joined.ts'

/** Fewer may be a proxy or two beside this router, which hand back what they are sent. */
const FEWEST = 3

export function inACircle(parts: readonly Part[]): { part: Part; finding: Finding } | undefined {
  const request = parts.find(({ role, own }) => role === 'request' && own)
  if (!request || !isPassed(request.told.journey.outcome)) return undefined
  if (parts.some(({ role }) => role === 'replies')) return undefined
  const rounds = parts.filter((one) => isRound(one, request))
  const part = rounds.find(({ own }) => own)
  if (!part || rounds.length < FEWEST) return undefined
  const said = part.told.journey.findings.find(({ code }) => code === 'wrong-way-out')
  const message = `It goes in a circle: the same packet came back ${rounds.length} times, each time with a lower TTL.`
  return {
    part,
    finding: said
      ? { ...said, severity: 'error', message: `${message} ${said.message}`, fix: said.fix.map(forNewOnes) }
      : finding('wrong-way-out', 'error', `${message} Whoever this host sends it to sends it back.`, {}),
  }
}

/** nat decides anew for a new connection, and what was tried is a packet of this one. */
function forNewOnes(fix: Fix): Fix {
  const { verified, after: _, but: __, ...untried } = fix
  return verified === undefined
    ? fix
    : { ...untried, unverified: 'the model tried a later packet of this connection, and no new one' }
}

/** Who sends again takes another identification, and the TTL that the first one had. */
function isRound({ role, told, capture }: Part, request: Part): boolean {
  if (role !== 'retransmissions' || capture !== request.capture) return false
  const [first, again] = [request.told.journey, told.journey]
  const { ttl, ipId, in: from } = again.packet
  if (ttl === undefined || first.packet.ttl === undefined || ttl >= first.packet.ttl) return false
  if (from === undefined || from !== leftBy(first.steps) || from !== leftBy(again.steps)) return false
  const isNumbered = ipId !== undefined && ipId !== 0
  return isNumbered ? ipId === first.packet.ipId : again.packet.srcMac !== first.packet.srcMac
}
