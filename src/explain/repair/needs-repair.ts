/** Is a repair worth searching? */
import type { Journey } from '../../model/journey.ts'
import { isPassed, isStopped } from '../../model/outcome-kinds.ts'
import { uselessBy } from '../verify-fixes/useless.ts'

/** Is a repair worth searching: is it stopped, or does it do no good where it gets to? */
export const needsRepair = (journey: Journey): boolean =>
  isStopped(journey.outcome) ||
  isQueuedForNobody(journey) ||
  (isPassed(journey.outcome) && uselessBy(journey) !== undefined)

/** The kernel drops what no program takes from its queue. */
const isQueuedForNobody = ({ outcome, findings }: Journey): boolean =>
  outcome === 'queued' && findings.some(({ code, severity }) => code === QUEUED_FOR_NOBODY && severity === 'error')

const QUEUED_FOR_NOBODY = 'queue-without-listener'
