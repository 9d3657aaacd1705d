import { FOR_REPORTS } from '../../model/for-reports.ts'
import { bridgeCalls, bridgeNamed } from '../../rules/bridge-calls.ts'
import { type Context, type Detector, describeEnd, finding, lastPacket } from '../context.ts'
import { nameRef } from '../refs.ts'
import { conditionsWords, forReports, ownerWords, whyThere } from '../why-there.ts'
import { blame, fixes } from './verdicts.ts'

/** A REJECT rule: the sender was told, and sees "connection refused" or "unreachable" at once. */
export const rejectedByRule: Detector = {
  code: 'rejected-by-rule',
  detect(context) {
    if (context.journey.outcome !== 'rejected') return []
    const told = blame(context)
    if (!told) return []
    const { rule } = context.evidence.arrivals[context.ended.step]!
    const reject = rule?.statements.find((statement) => statement.kind === 'reject')
    const why = conditionsWords(context)
    const there = whyThere(context, told)
    const answer =
      reject?.kind === 'reject' ? ` It answered with ${reject.with === 'tcp-reset' ? 'a TCP reset' : reject.with}.` : ''
    const unheard = reject?.kind === 'reject' && reject.with === 'tcp-reset' ? unheardReset(context) : ''
    return [
      finding(
        'rejected-by-rule',
        'error',
        `${nameRef(told.end)}${ownerWords(told.end)} rejected it${why === '' ? '' : ` (${why})`}${told.filled}${there}.${answer}${unheard}`,
        {
          steps: told.steps,
          rules: told.rules,
          fix: fixes(context, told),
          culprit: told.walked.culprit,
          [FOR_REPORTS]: forReports(context, why, there, answer),
        },
      ),
    ]
  },
}

/** br_netfilter has the reset sent by the bridge at once, past the chains that would undo NAT (nf_send_reset). */
function unheardReset(context: Context): string {
  const { journey, world } = context
  const { host } = world
  const { in: device, dst, dport } = lastPacket(context)
  const asked = journey.packet
  const bridge = bridgeNamed(host, device)
  if (!bridge || bridgeCalls(host, bridge, journey.family) !== true) return ''
  if (asked.dst === dst && asked.dport === dport) return ''
  const [from, to] = [describeEnd(dst, dport), describeEnd(asked.dst, asked.dport)]
  return ` The sender ignores the reset: with br_netfilter it comes from ${from}, but the sender contacted ${to}.`
}
