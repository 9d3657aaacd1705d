/** Connections with their journeys, as one JSON document: a connection a line. */
import type { Ending } from '../analysis/ending.ts'
import type { Flow } from '../analysis/flows.ts'
import { printableJson } from '../model/printable.ts'
import type { FlowDocument, FlowsDocument } from './documents.ts'
import { fieldLines } from './json.ts'
import { printedFix } from './printed-journey.ts'

const SCHEMA: FlowsDocument['schema'] = 'nfwhy.flows/1'

export function flowsJson(flows: readonly Flow[], { inputs, warnings, stats }: Ending): string {
  const list = flows.map((flow) => `\n${printableJson(printedFlow(flow))}`).join(',')
  const fields: Omit<FlowsDocument, 'schema' | 'flows'> = { inputs, warnings, stats }
  return `{"schema":"${SCHEMA}",\n"flows":[${list}\n],${fieldLines(fields)}}\n`
}

const printedFlow = (flow: Flow): FlowDocument => ({
  ...flow,
  findings: flow.findings.map((finding) => ({ ...finding, fix: finding.fix.map(printedFix) })),
})
