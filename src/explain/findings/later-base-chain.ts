import type { StepContext } from '../../journey/step-context.ts'
import { isStoppedByRule } from '../../model/outcome-kinds.ts'
import { type Detector, finding } from '../context.ts'
import { isParticular } from '../counterfactual/failed-condition.ts'
import { passes } from '../counterfactual/skipped-rules.ts'
import { nameChain, nameRef, refAt } from '../refs.ts'

/** A rule had accepted it, and a chain that comes later stopped it all the same. */
export const laterBaseChain: Detector = {
  code: 'later-base-chain',
  detect(context) {
    const { journey, ended, evidence } = context
    if (!isStoppedByRule(journey.outcome)) return []
    const all = passes(context)
    const last = all.findIndex(({ steps }) => steps.includes(ended.step))
    // of iptables' tables only filter is there to let pass; nft's may have any name
    const { arrivals } = evidence
    const accepts = all
      .slice(0, Math.max(last, 0))
      .filter(({ table, base }) => (table.kind === 'nft' ? base.type === 'filter' : table.name === 'filter'))
      .flatMap(({ steps }) => steps.slice(-1))
      .filter((i) => arrivals[i]!.ending === 'accept' && journey.steps[i]!.kind === 'rule')
    // at the hook that stopped it the accept was meant to be the last word
    const accepted =
      accepts.find((i) => arrivals[i]!.hook === arrivals[ended.step]!.hook) ??
      accepts.find((i) => !isCheck(arrivals[i]!))
    const [ref, end] = [accepted === undefined ? undefined : refAt(context, accepted), refAt(context, ended.step)]
    if (accepted === undefined || !ref || !end) return []
    const isSeen = journey.steps[ended.step]!.known !== 'simulated'
    const priorityOf = (step: number) => all.find(({ steps }) => steps.includes(step))?.base.priority
    return [
      finding(
        'later-base-chain',
        'note',
        isSeen || priorityOf(accepted) !== priorityOf(ended.step)
          ? `${nameRef(ref)} accepted it, but an accept ends only its own base chain: ${nameChain(end)} comes later.`
          : // the model plays chains of one priority in some order, and the kernel may have another
            `${nameRef(ref)} accepts it, but an accept ends only its own base chain: ${nameChain(end)} has the same priority, and is evaluated too.`,
        { steps: [accepted + 1, ended.step + 1], rules: [end, ref] },
      ),
    ]
  },
}

/** In PREROUTING an accept that names no end is a check that the packet has passed, as of its reverse path, and lets nobody in. */
const isCheck = ({ hook, rule }: StepContext): boolean => hook === 'prerouting' && !rule?.conditions.some(isParticular)
