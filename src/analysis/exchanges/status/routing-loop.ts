/** What this host sends comes back by the same interface, and it sends it there again: the same packet, each time with a lower TTL. */
import { finding } from '../../../explain/context.ts'
import type { Finding, Fix } from '../../../model/journey.ts'
import { isPassed } from '../../../model/outcome-kinds.ts'
import { leftBy } from '../../../model/way-out.ts'
import { entryOpened, isUnreplied } from '../../../rules/conntrack/entries.ts'
import type { Part } from '../join/joined.ts'

/** Fewer may be a proxy or two beside this router, which hand back what they are sent. */
const FEWEST = 3

export function routingLoop(parts: readonly Part[]): { part: Part; finding: Finding } | undefined {
  const request = parts.find(({ role, own }) => role === 'request' && own)
  if (!request || !isPassed(request.told.journey.outcome)) return undefined
  if (parts.some(({ role }) => role === 'replies')) return undefined
  const again = parts.filter((one) => isSameAgain(one, request))
  const last = again.at(-1)
  // what inspects packets for this router has handed it back, and it left in the end; with its TTL used up it does not
  const hasLeft = (one: Part) => isPassed(one.told.journey.outcome) && !isRound(one)
  if (!last || again.some((one) => ttlOf(one) <= ttlOf(last) && hasLeft(one))) return undefined
  const { srcMac } = last.told.journey.packet
  // what loops comes back from the same neighbour; duplicates have the same TTL
  const rounds = again.filter((one) => isRound(one) && one.told.journey.packet.srcMac === srcMac)
  const part = rounds.find(({ own }) => own)
  if (!part || new Set(rounds.map(ttlOf)).size < FEWEST || isReplied(request)) return undefined
  const said = part.told.journey.findings.find(({ code }) => code === 'wrong-way-out')
  const message = `It is in a routing loop: the same packet came back ${rounds.length} times, each time with a lower TTL.`
  return {
    part,
    finding: said
      ? { ...said, severity: 'error', message: `${message} ${said.message}`, fix: said.fix.map(forNewOnes) }
      : finding(
          'wrong-way-out',
          'error',
          `${message} Each time it left by ${leftBy(part.told.journey.steps)}, the interface that it had come in on.`,
          {},
        ),
  }
}

/** nat decides anew for a new connection, and what was tried is a packet of this one. */
function forNewOnes(fix: Fix): Fix {
  const { verified, after: _, but: __, ...untried } = fix
  return verified === undefined
    ? fix
    : { ...untried, unverified: 'the model played a later packet of this connection; a new connection was not tried' }
}

const ttlOf = ({ told }: Part): number => told.journey.packet.ttl ?? 0

/** Who sends again takes another identification, and the TTL that the first one had. */
function isSameAgain({ role, told, capture }: Part, request: Part): boolean {
  if (role !== 'retransmissions' || capture !== request.capture) return false
  const [first, again] = [request.told.journey.packet, told.journey.packet]
  const { ttl, ipId } = again
  if (ttl === undefined || first.ttl === undefined || ttl >= first.ttl) return false
  const isNumbered = ipId !== undefined && ipId !== 0
  return isNumbered ? ipId === first.ipId : again.srcMac !== first.srcMac
}

/** It leaves where it came from. */
function isRound({ told: { journey } }: Part): boolean {
  const { in: from } = journey.packet
  return from !== undefined && from === leftBy(journey.steps)
}

/** Conntrack has seen that it got there. */
function isReplied({ told: { journey, world } }: Part): boolean {
  const entry = entryOpened(journey.packet, world)
  return entry !== undefined && !isUnreplied(entry)
}
