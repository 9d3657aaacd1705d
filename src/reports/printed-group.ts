/** Groups and connections with what a person types for each fix. */
import type { Flow } from '../analysis/flow.ts'
import type { Group } from '../analysis/groups.ts'
import { printedExchange, printedFix, printedJourney } from '../edits/fix.ts'
import { saysNoReply } from '../model/exchange.ts'
import type { PrintedFix } from '../model/journey.ts'

const OF_EXCHANGES: ReadonlySet<string> = new Set([
  ...['reply-dropped', 'several-causes', 'reply-by-other-uplink', 'icmp-error-dropped', 'neighbour-discovery-dropped'],
])

/** What is wrong with the exchange is told with the journey that began it. */
export function printedGroup({ exchanges, ...group }: Group): Group<PrintedFix> {
  const { journey } = group
  const own = exchanges?.worst.findings.filter((one) => journey.findings.every(({ code }) => code !== one.code)) ?? []
  const lost = own.filter(({ code }) => OF_EXCHANGES.has(code))
  const replied = (exchanges?.worst.journeys.replies.length ?? 0) > 0
  const found = journey.findings.filter(({ code }) => !(replied && saysNoReply(code)))
  return {
    ...group,
    journey: printedJourney({ ...journey, findings: [...lost, ...found] }),
    ...(exchanges ? { exchanges: { ...exchanges, worst: printedExchange(exchanges.worst) } } : {}),
  }
}

export const printedFlow = (flow: Flow): Flow<PrintedFix> => ({
  ...flow,
  findings: flow.findings.map((one) => ({ ...one, fix: one.fix.map(printedFix) })),
})
