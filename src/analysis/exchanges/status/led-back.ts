/** A reply of this host's own that a mark has led back to this host, as a transparent proxy has it for requests. */
import { acceptBefore, propose } from '../../../explain/changes/change.ts'
import { sayable } from '../../../explain/changes/sayable.ts'
import { finding } from '../../../explain/context.ts'
import { nameRef, refOfStep, ruleOfStep } from '../../../explain/refs.ts'
import type { Change, Finding } from '../../../model/journey.ts'
import type { Rule } from '../../../model/ruleset.ts'
import { writesMark } from '../../../rules/assign.ts'
import { hex } from '../../../rules/iptables/values/numbers.ts'
import { isAsking, type Part } from '../join/joined.ts'

/**
 * Who asked is another host, and the reply that this one sent came in again over lo. Of what this host itself asks, with a
 * client's address, that is meant: the proxy gets its reply so.
 */
export function ledBack(parts: readonly Part[], { told: { journey, world } }: Part): Finding | undefined {
  const { outcome, packet, steps } = journey
  if (outcome !== 'delivered' || packet.in !== undefined || !steps.some((step) => step.in === 'lo')) return undefined
  const asked = parts.find(isAsking)?.told.journey.packet
  if (asked?.in === undefined || asked.in === 'lo') return undefined
  // what mark it had before, nft's trace does not always show
  const at = steps.findLastIndex(
    (step) => step.hook === 'output' && (step.changes.some(isMark) || writes(ruleOfStep(step, world)?.rule)),
  )
  const ref = steps[at] && refOfStep(steps[at])
  if (!ref)
    return finding(
      'wrong-way-out',
      'error',
      `The reply to ${packet.dst} never left this host: it came back in over lo. A mark may have routed it to this host itself.`,
    )
  const mark = steps[at]!.changes.find(isMark)?.to ?? steps.find((step, i) => i > at && step.mark !== undefined)?.mark
  return finding(
    'wrong-way-out',
    'error',
    `The reply to ${packet.dst} never leaves this host: ${nameRef(ref)} sets ${mark === undefined ? 'its mark' : `mark ${hex(Number(mark) >>> 0)}`}, and this mark routes it back to this host over lo.`,
    {
      rules: [ref],
      fix: propose(
        'do not mark such replies',
        acceptBefore(ref, packet, { hook: 'output', answer: true }),
        'such packets then skip the rest of that table',
      ).map(sayable),
    },
  )
}

const isMark = ({ field }: Change): boolean => field === 'mark'

const writes = (rule: Rule | undefined): boolean => rule !== undefined && writesMark(rule)
