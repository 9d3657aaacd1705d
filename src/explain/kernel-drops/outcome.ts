/** How the journey ended, where the kernel says that it dropped the packet. */
import type { Journey } from '../../model/journey.ts'
import type { Context } from '../context.ts'
import { meaningOf } from './meaning.ts'
import type { Stage } from './stages.ts'

/**
 * Writes it into the journey; false: the drop says nothing of how it ended. What the capture itself shows to the end
 * stays: that a rule dropped it, or that it passed all chains (and was dropped behind them).
 */
export function endByDrop(context: Context): boolean {
  const { journey, ended, drop } = context
  const meaning = drop && meaningOf(drop)
  if (!meaning || meaning.harmless || mayBeRules(context)) return false
  const outcome = endOf(ended.outcome, ended.basis, meaning.stage)
  if (outcome === undefined) return false
  journey.outcome = outcome
  journey.basis = 'observed'
  return true
}

/**
 * The kernel dropped the packet in netfilter, or where it does not say, and the packet's last events are not there: they
 * may have shown a rule that did so.
 */
export function mayBeRules({ ended: { because }, drop }: Context): boolean {
  const meaning = drop && meaningOf(drop)
  if (!meaning || meaning.harmless || (because !== 'lost-events' && because !== 'capture-ends')) return false
  return meaning.stage === undefined || meaning.stage === 'netfilter'
}

function endOf(
  outcome: Journey['outcome'],
  basis: Journey['basis'],
  stage: Stage | undefined,
): Journey['outcome'] | undefined {
  switch (outcome) {
    case 'vanished':
    case 'undetermined':
      // whoever is asked for a socket has come by all chains
      return stage === 'here' ? 'delivered' : 'vanished'
    case 'delivered':
    case 'forwarded':
      if (stage === 'here') return 'delivered'
      return basis === 'inferred' && (stage === 'routing' || stage === 'netfilter') ? 'vanished' : undefined
    default:
      return undefined
  }
}
