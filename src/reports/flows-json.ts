/** Connections with their journeys, as one JSON document. */

import type { Ending } from '../analysis/ending.ts'
import type { Flow } from '../analysis/flows.ts'
import { printedFix } from '../edits/fix.ts'
import type { PrintedFix } from '../model/journey.ts'
import { printableJson } from '../model/printable.ts'

export function flowsJson(flows: readonly Flow[], { inputs, warnings, stats }: Ending): string {
  const list = flows.map((flow) => `\n${printableJson(printedFlow(flow))}`).join(',')
  const tail = `"inputs":${printableJson(inputs)},\n"warnings":${printableJson(warnings)},\n"stats":${printableJson(stats)}`
  return `{"schema":"nfwhy.flows/1",\n"flows":[${list}\n],\n${tail}}\n`
}

/** With what a person types for each fix. */
export const printedFlow = (flow: Flow): Flow<PrintedFix> => ({
  ...flow,
  findings: flow.findings.map((one) => ({ ...one, fix: one.fix.map(printedFix) })),
})
