/** What nfwhy says of the exchange that failed, as the library tells it: which one it is, its findings, its fixes. */
import type { Sending } from '../../src/demo/incident.ts'
import { type Exchange, type Input, open, printCommand, printedExchange } from '../../src/index.ts'
import type { Journey, PrintedFix } from '../../src/model/journey.ts'
import type { Packet } from '../../src/model/packet.ts'
import { distinctFixes } from '../../src/reports/findings.ts'
import { printedGroup } from '../../src/reports/printed-group.ts'
import { claims } from './judge.ts'
import type { Problem } from './problem.ts'

export async function explained(
  inputs: Input[],
  problem: Problem,
  sport?: number,
): Promise<{ exchange?: Exchange; claimed: PrintedFix[]; warnings: string[] }> {
  const analysis = await open(inputs)
  const { exchanges, ending } = await analysis.exchanges()
  // with two captures of one packet, the one that says most
  const all = exchanges.filter((one) => isAsked(one, problem))
  // not what other traffic has left behind
  const sent = all.filter(({ asked }) => sport !== undefined && asked.sport === sport)
  const own = sent.length > 0 ? sent : all
  const exchange = own.find(({ culprit }) => culprit) ?? own.find(({ status }) => status !== 'undetermined') ?? own[0]
  const warnings = ending.warnings.map(({ input, code, message }) => `${input}: ${code}: ${message}`)
  const { groups } = await analysis.groups({})
  const shown = groups.filter((one) => exchange && one.exchanges?.worst.id === exchange.id).map(printedGroup)
  const fixes = [
    ...shown.flatMap(({ journey }) => distinctFixes(journey)),
    ...(exchange ? distinctFixes(printedExchange(exchange) as unknown as Journey<PrintedFix>) : []),
  ]
  const said = new Map(
    fixes.flatMap((one) =>
      one.command && !one.stops && claims(one) ? [[printCommand(one.command), one] as const] : [],
    ),
  )
  return { ...(exchange ? { exchange } : {}), claimed: [...said.values()], warnings }
}

const isAsked = ({ asked }: Exchange, { looksAt, fails }: Problem): boolean =>
  looksAt
    ? asked.dst === looksAt.dst &&
      asked.protocol === looksAt.protocol &&
      (looksAt.dport === undefined || asked.dport === looksAt.dport)
    : isOf(asked, fails)

/** xtables-monitor does not name the protocol of what is not TCP. */
export const isOf = (asked: Packet, { to, ...what }: Sending): boolean =>
  asked.dst === to &&
  (what.what === 'ping'
    ? asked.protocol === undefined
      ? asked.dport === undefined
      : /^icmp/.test(asked.protocol)
    : (asked.protocol ?? what.what) === what.what && asked.dport === what.port)

/** As a report shows them: the first that a person could type, and that changes something. */
export function firstFix(exchange: Exchange): PrintedFix | undefined {
  const all = exchange.findings.flatMap(({ fix }) => fix)
  const looks = new Set(all.flatMap(({ look }) => (look ? [printCommand(look)] : [])))
  return distinctFixes(printedExchange(exchange) as unknown as Journey<PrintedFix>).find(
    ({ command }) => command !== undefined && !looks.has(printCommand(command)),
  )
}
