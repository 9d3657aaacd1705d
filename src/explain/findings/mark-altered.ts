import { hex } from '../../rules/iptables/values/numbers.ts'
import { leadsHere, lookupRoute } from '../../rules/route.ts'
import { changesOf, propose } from '../changes/change.ts'
import { type Context, type Detected, type Detector, finding } from '../context.ts'
import { missedBy } from '../counterfactual/failed-condition.ts'
import { marksGiven, questionAt } from '../counterfactual/marked-way.ts'
import { markAsked } from '../counterfactual/marks.ts'
import { passes, refOfSkipped, type SkippedRule, skippedRules } from '../counterfactual/skipped-rules.ts'
import { lacksReply } from '../counterfactual/undeliverable.ts'
import { nameRef, refAt } from '../refs.ts'
import { writtenBy } from './mark-lost.ts'

/**
 * A proxy marks what it sends (SO_MARK), so that a rule spares it from being led to the proxy again. That rule compares the
 * whole mark, and another rule had set bits of its own by then: the proxy's connections go round to itself.
 */
export const markAltered: Detector = {
  code: 'mark-missing',
  detect(context) {
    const given = context.evidence.arrivals[0]?.packet.mark
    if (!given || context.journey.packet.in !== undefined) return []
    for (const pass of passes(context))
      for (const skipped of skippedRules(context, pass)) {
        const found = tell(context, skipped, given)
        if (found) return [found]
      }
    return []
  },
}

function tell(context: Context, skipped: SkippedRule, given: number): Detected | undefined {
  const { rule, moment, step } = skipped
  const mark = rule.conditions.map(markAsked).find((one) => one !== undefined)
  if (!mark || mark.not || mark.value === 0 || (given & mark.mask) >>> 0 !== mark.value >>> 0) return undefined
  // all else speaks for it
  if (missedBy(rule, { ...moment, packet: { ...moment.packet, mark: given } })?.length !== 0) return undefined
  const taken = takenInstead(context, skipped)
  const altered = [...marksGiven(context, step - 1)].find(
    ({ before, behind }) => (before & mark.mask) >>> 0 === mark.value && (behind & mark.mask) >>> 0 !== mark.value,
  )
  if (taken === undefined || !altered) return undefined
  const { before, behind } = altered
  // the bits that it was asked for are still there
  const written = writtenBy(context, altered.step, 'meta mark')
  const kept = (mark.mask & ~(written?.mask ?? before ^ behind)) >>> 0
  if ((mark.value & ~kept) !== 0) return undefined
  const [ref, by] = [refOfSkipped(context, skipped), refAt(context, taken)!]
  const isLost = context.inVain !== undefined || lacksReply(context)
  return finding(
    'mark-missing',
    isLost ? 'warning' : 'note',
    `${nameRef(ref)} requires mark ${hex(mark.value)}, which the packet no longer has: ${nameRef(altered.ref)} changed it to ${hex(behind)}. So ${nameRef(by)} took the packet. If the proxy that it leads to sent the packet, the proxy's connections come back to itself.`,
    {
      steps: [taken + 1, altered.step + 1],
      rules: [ref, by, altered.ref],
      culprit: taken,
      fix: propose(
        `make rule ${ref.ruleNumber} of ${ref.chain} ignore the bits that ${nameRef(altered.ref)} sets`,
        changesOf(ref).askForMark(ref, { value: mark.value, mask: kept }),
        'the rule then matches whatever these bits are',
      ),
    },
  )
}

/** Index of the step of a rule behind it in its chain that leads what is sent to a program of this host. */
const takenInstead = (context: Context, { pass, chain, step }: SkippedRule): number | undefined =>
  pass.steps.find(
    (i) =>
      i >= step &&
      context.journey.steps[i]!.kind === 'rule' &&
      context.evidence.arrivals[i]!.chain === chain &&
      leadsToProgram(context, i),
  )

/** By another destination, or by a mark that has a local route. */
function leadsToProgram(context: Context, step: number): boolean {
  const statements = context.evidence.arrivals[step]!.rule?.statements ?? []
  if (statements.some(({ kind }) => kind === 'redirect' || kind === 'dnat')) return true
  if (!statements.some((one) => one.kind === 'set' && one.field === 'meta mark')) return false
  const question = questionAt(context, step)
  const route = question && lookupRoute(question, context.world.host)
  return route ? leadsHere(route) : false
}
