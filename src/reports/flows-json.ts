/** Connections with their journeys, as one JSON document. */

import type { Ending } from '../analysis/ending.ts'
import type { Flow } from '../analysis/flows.ts'
import { printableJson } from '../model/printable.ts'

export function flowsJson(flows: readonly Flow[], { inputs, warnings, stats }: Ending): string {
  const list = flows.map((flow) => `\n${printableJson(flow)}`).join(',')
  const tail = `"inputs":${printableJson(inputs)},\n"warnings":${printableJson(warnings)},\n"stats":${printableJson(stats)}`
  return `{"schema":"nfwhy.flows/1",\n"flows":[${list}\n],\n${tail}}\n`
}
