/** All that is asked of a repair, fetched at once (later.ts). */
import type { Fix } from '../../model/journey.ts'
import type { Reproduction } from '../verify-fixes/reproduce.ts'
import { asOneFix, type RepairStep, searchRepair } from './search.ts'

export { severalCauses } from './several-causes.ts'

/** The smallest set of changes that brings it through, as one fix. `begin`: what is done in any case. */
export function repaired(
  reproduction: Reproduction,
  begin?: RepairStep,
): { fix: Fix; steps: readonly RepairStep[] } | undefined {
  const found = searchRepair(reproduction, undefined, begin)
  return found && { fix: asOneFix(found, reproduction), steps: found.steps }
}
