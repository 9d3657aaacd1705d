/** Who was asked refuses, and the refusal itself does not get back: with all that is mended here, who asked would be refused. */
import { describeEnd } from '../../../explain/context.ts'
import { refusesOpening } from '../../../explain/reply/request-reply.ts'
import type { Finding, Journey } from '../../../model/journey.ts'
import type { Part } from '../join/joined.ts'

/** The capture lost sight of the reset before it left, and the model says that no reply gets back. */
export function lostReset({ told: { reply } }: Part, { id, told: { journey } }: Part): Finding | undefined {
  if (reply?.finding?.code !== 'reply-dropped' || isOnItsWay(journey)) return undefined
  return inVain(reply.finding, `The reply that came here (#${id})`, journey)
}

/** A rule here has dropped it: let through, it tells who asked no more than that. */
export function droppedReset({ told: { journey, says } }: Part): Finding | undefined {
  const seen = journey.findings.find(({ code }) => code === 'reply-dropped')
  return seen && says === 'resets' && refusesOpening(journey.packet) ? inVain(seen, 'This reply', journey) : undefined
}

function inVain(finding: Finding, which: string, { packet: { src, sport } }: Journey): Finding {
  const from = describeEnd(src, sport)
  return {
    ...finding,
    message: `${finding.message} ${which} is a reset from ${from}: no program listens there, or a firewall there rejects it.`,
    fix: finding.fix.map((fix) => ({ ...fix, but: `${from} refuses it` })),
  }
}

/** Routing has found a way for it. */
const isOnItsWay = ({ steps }: Journey): boolean =>
  steps.some(({ hook }) => hook === 'forward' || hook === 'input' || hook === 'postrouting')
