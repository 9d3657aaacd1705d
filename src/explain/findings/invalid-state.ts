import { type Detector, finding } from '../context.ts'
import { entryAnswered, entryOpened } from '../conversation.ts'
import { asksInvalid } from '../meant/miss.ts'
import { nameRef, refAt } from '../refs.ts'

/** Connection tracking could make nothing of it, and that is why it was dropped. */
export const invalidState: Detector = {
  code: 'invalid-state',
  detect(context) {
    const { journey, ended, evidence, world } = context
    if (journey.outcome !== 'dropped' && journey.outcome !== 'rejected') return []
    const { rule } = evidence.arrivals[ended.step]!
    const asks = rule?.conditions.some(asksInvalid)
    const end = refAt(context, ended.step)
    if (!asks || !end) return []
    const known = entryAnswered(journey.packet, world) ?? entryOpened(journey.packet, world)
    const why = known
      ? 'its sequence numbers or flags do not fit the connection that conntrack has of it'
      : 'conntrack has no connection of it: this host has not seen how it began, or its answers take another way'
    return [
      finding('invalid-state', 'error', `${nameRef(end)} dropped it as invalid: ${why}.`, {
        steps: [ended.step + 1],
        rules: [end],
        fix: [
          {
            description:
              'see that both directions of the connection pass this host, and that nothing is left untracked',
            unverified: 'it is not in this rule',
          },
        ],
      }),
    ]
  },
}
