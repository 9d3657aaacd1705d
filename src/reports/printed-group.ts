/** Groups and connections with what a person types for each fix. */
import type { Flow } from '../analysis/flow.ts'
import type { Group } from '../analysis/groups.ts'
import { printedFix, printedJourney } from '../edits/fix.ts'
import type { PrintedFix } from '../model/journey.ts'

export const printedGroup = (group: Group): Group<PrintedFix> => ({ ...group, journey: printedJourney(group.journey) })

export const printedFlow = (flow: Flow): Flow<PrintedFix> => ({
  ...flow,
  findings: flow.findings.map((one) => ({ ...one, fix: one.fix.map(printedFix) })),
})
