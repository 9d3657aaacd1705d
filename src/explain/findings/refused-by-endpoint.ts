import { wayTo } from '../../journey/step-context.ts'
import type { Condition } from '../../model/condition.ts'
import { isLocal } from '../../rules/fib.ts'
import { acceptBefore, propose } from '../changes.ts'
import { type Context, type Detected, type Detector, describeEnd, finding, lastPacket } from '../context.ts'
import { asks } from '../counterfactual/failed-condition.ts'
import { rewrites } from '../counterfactual/goals.ts'
import { DESTINATION, destinationRule, type Rewritten } from '../counterfactual/rewritten.ts'
import { hadItNotMatched } from '../counterfactual/what-if.ts'
import { nameRef, refAt, refOf } from '../refs.ts'
import { listener } from '../sockets.ts'

/** Whoever a DNAT rule sent it to refuses it, and somebody else would have had it. */
export const refusedByEndpoint: Detector = {
  code: 'dnat-refused',
  detect(context) {
    const rule = context.inVain === 'refused' ? destinationRule(context) : undefined
    if (!rule || context.journey.outcome !== 'forwarded') return []
    return keptByList(context, rule) ?? takenFromHere(context, rule) ?? []
  },
}

/** A rule that remembers clients has led it there, past rules that would have sent it elsewhere. */
function keptByList(context: Context, { ref, step }: Rewritten): Detected[] | undefined {
  const { arrivals } = context.evidence
  for (const at of wayTo(arrivals, step)) {
    const { rule, table } = arrivals[at]!
    const asked = rule?.conditions.find(asksList)
    const keeps = asked && refAt(context, at)
    const then = keeps && hadItNotMatched(context, at)
    if (!asked || !keeps || !then?.last || !table || !rewrites(DESTINATION)(then)) continue
    const { dst, dport } = lastPacket(context)
    const { src } = context.journey.packet
    const name = /--name (\S+)/.exec(asks({ condition: asked, settled: false }))?.[1]
    const other = refOf(context, table.name, then.last.chain, then.last.rule)
    return [
      finding(
        'dnat-refused',
        'warning',
        `${nameRef(keeps)} keeps ${src} on ${describeEnd(dst, dport)}, which refuses the connection: ${src} is in the recent list${name === undefined ? '' : ` ${name}`}. Otherwise ${nameRef(other)} would have sent it elsewhere.`,
        {
          steps: [at + 1],
          rules: [keeps, ref, other],
          culprit: at,
          fix: [
            {
              description: `remove ${src} from the list: echo -ADDRESS > /proc/net/xt_recent/LIST`,
              unverified: 'the model does not change recent lists',
            },
          ],
        },
      ),
    ]
  }
  return undefined
}

const asksList = (condition: Condition): boolean =>
  condition.kind === 'unknown' && /^--(rcheck|update) /.test(condition.text)

/** The address that was asked is this host's own, and a program listens there. */
function takenFromHere(context: Context, { ref, step }: Rewritten): Detected[] | undefined {
  const { world, evidence, journey } = context
  const { packet: asked, hook } = evidence.arrivals[step]!
  const own = isLocal(asked.dst, world.host) === true ? listener(world.host, asked) : undefined
  // who listens on all addresses need not be meant
  if (!own?.address) return undefined
  const { dst, dport } = lastPacket(context)
  const end = describeEnd(journey.packet.dst, journey.packet.dport)
  return [
    finding(
      'dnat-refused',
      'warning',
      `${nameRef(ref)} sent it to ${describeEnd(dst, dport)}, which refuses the connection. Without this rule it would reach ${own.process ?? 'a program'} of this host, which listens on ${end}.`,
      {
        steps: [step + 1],
        rules: [ref],
        culprit: step,
        fix: propose(
          'do not rewrite the destination of such packets',
          acceptBefore(ref, asked, hook === undefined ? {} : { hook }),
          'later nat rules do not apply to them either',
        ),
      },
    ),
  ]
}
