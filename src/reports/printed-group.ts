/** Groups with what a person types for each fix. */
import type { Group } from '../analysis/groups.ts'
import { printedJourney } from '../edits/fix.ts'
import type { PrintedFix } from '../model/journey.ts'

export const printedGroup = (group: Group): Group<PrintedFix> => ({ ...group, journey: printedJourney(group.journey) })
