/** Connections with their journeys, as one JSON document: a connection a line. */
import type { Ending } from '../analysis/ending.ts'
import type { Flow } from '../analysis/flow.ts'
import { printableJson } from '../model/printable.ts'
import type { FlowsDocument } from './documents.ts'
import { flowDocument } from './journey-document.ts'

const SCHEMA: FlowsDocument['schema'] = 'nfwhy.flows/1'

export function flowsJson(flows: readonly Flow[], { inputs, warnings, stats }: Ending): string {
  const list = flows.map((flow) => `\n${printableJson(flowDocument(flow))}`).join(',')
  const tail: Omit<FlowsDocument, 'schema' | 'flows'> = { inputs, warnings, stats }
  const lines = Object.entries(tail).map(([name, value]) => `\n"${name}":${printableJson(value)}`)
  return `{"schema":"${SCHEMA}",\n"flows":[${list}\n],${lines}}\n`
}
