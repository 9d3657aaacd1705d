/** Groups and connections with what a person types for each fix. */
import type { Flow } from '../analysis/flow.ts'
import type { Group } from '../analysis/groups.ts'
import { printedExchange, printedFix, printedJourney } from '../edits/fix.ts'
import { type ExchangeStatus, saysNoReply } from '../model/exchange.ts'
import type { PrintedFix } from '../model/journey.ts'
import { isPassed } from '../model/outcome-kinds.ts'

const OF_EXCHANGES: ReadonlySet<string> = new Set([
  ...[
    'reply-dropped',
    'reply-from-other-address',
    'several-causes',
    'reply-by-other-uplink',
    'icmp-error-dropped',
    'neighbour-discovery-dropped',
  ],
])

/** What a request that got through was likely meant to meet: nobody took it, or nothing came back. */
const IN_VAIN: ReadonlySet<string> = new Set(['near-miss', 'snat-elsewhere'])
const CAME_TO_NOTHING: ReadonlySet<ExchangeStatus> = new Set(['refused', 'unanswered', 'undetermined'])

/** What is wrong with the exchange is told with the journey that began it. */
export function printedGroup({ exchanges, ...group }: Group): Group<PrintedFix> {
  const { journey } = group
  const { findings: all = [], status } = exchanges?.worst ?? {}
  const codes = new Set(journey.findings.map(({ code }) => code))
  const messages = new Set(journey.findings.map(({ message }) => message))
  const isVain = status !== undefined && CAME_TO_NOTHING.has(status) && isPassed(journey.outcome)
  const own = all.filter(
    ({ code, message }) =>
      (OF_EXCHANGES.has(code) && !codes.has(code)) || (isVain && IN_VAIN.has(code) && !messages.has(message)),
  )
  const replied = (exchanges?.worst.journeys.replies.length ?? 0) > 0
  const found = journey.findings.filter(({ code }) => !(replied && saysNoReply(code)))
  return {
    ...group,
    journey: printedJourney({ ...journey, findings: [...own, ...found] }),
    ...(exchanges ? { exchanges: { ...exchanges, worst: printedExchange(exchanges.worst) } } : {}),
  }
}

export const printedFlow = (flow: Flow): Flow<PrintedFix> => ({
  ...flow,
  findings: flow.findings.map((one) => ({ ...one, fix: one.fix.map(printedFix) })),
})
