/**
 * ICMP errors that were stopped, and that quote no packet in the capture (nft's trace has 20 bytes of what is behind the IP
 * header): that they went to who had asked is all that tells what they may be about.
 */
import { finding } from '../../explain/context.ts'
import { nameRef } from '../../explain/refs.ts'
import type { Exchange } from '../../model/exchange.ts'
import type { Finding, Journey } from '../../model/journey.ts'

/** Kept of each machine. */
export const MOST_STRAY = 100

/** RFC 1191 and 4443: a router asks for smaller packets. */
const isTooBig = ({ protocol, icmpType, icmpCode }: Journey['packet']): boolean =>
  protocol === 'icmp' ? icmpType === 3 && icmpCode === 4 : icmpType === 2

/** Of an exchange that got no reply. */
export function strayErrorsAbout(strays: readonly Journey[], { asked, became, status }: Exchange): Finding[] {
  if (status !== 'unanswered' && status !== 'undetermined') return []
  const askers = new Set([asked.src, became?.src])
  const about = strays.find(({ packet, steps }) => askers.has(packet.dst) || askers.has(steps.at(-1)?.dst))
  if (!about) return []
  const { packet, outcome, cause, culprit, findings } = about
  const rule = culprit ?? cause[0]?.rule
  const what = isTooBig(packet) ? '"too big for the next link"' : `ICMP error ${packet.icmpType}/${packet.icmpCode}`
  const by = rule ? ` by ${nameRef(rule)}` : ''
  return [
    finding(
      'icmp-error-dropped',
      'warning',
      `An answer of ${packet.src}, ${what}, was ${outcome}${by}: it may be about this request (#${about.id}).`,
      { rules: rule ? [rule] : [], fix: findings.flatMap(({ fix }) => fix) },
    ),
  ]
}
