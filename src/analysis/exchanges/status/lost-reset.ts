/** Who was asked refuses, and the refusal itself does not get back: with all that is mended here, who asked would be refused. */
import { describeEnd } from '../../../explain/context.ts'
import type { Finding, Journey } from '../../../model/journey.ts'
import type { Part } from '../join/joined.ts'

/** The capture lost sight of the reset before it left, and the model says that no reply gets back. */
export function lostReset({ told: { reply } }: Part, { id, told: { journey } }: Part): Finding | undefined {
  if (reply?.finding?.code !== 'reply-dropped' || isOnItsWay(journey)) return undefined
  const from = describeEnd(journey.packet.src, journey.packet.sport)
  return {
    ...reply.finding,
    message: `${reply.finding.message} The reply that came here (#${id}) is a reset from ${from}: no program listens there, or a firewall there rejects it.`,
    fix: reply.finding.fix.map((fix) => ({ ...fix, but: `${from} refuses it` })),
  }
}

/** Routing has found a way for it. */
const isOnItsWay = ({ steps }: Journey): boolean =>
  steps.some(({ hook }) => hook === 'forward' || hook === 'input' || hook === 'postrouting')
