/** Did an incident come out as it should? Used by the tests, and told to whoever plays it on another kernel. */
import type { Journey } from '../model/journey.ts'
import type { Incident } from './incident.ts'
import { inQuestion, type Played } from './play.ts'

/** One sentence for each thing that came otherwise; none: all as described. */
export function differences(
  { expected, traced, packet }: Incident,
  { before, after }: Pick<Played, 'before' | 'after'>,
): string[] {
  const told: string[] = []
  const compare = (what: string, wanted: string | undefined, got: string | undefined) => {
    if (wanted !== got) told.push(`${what}: ${got ?? 'none'} in place of ${wanted ?? 'none'}`)
  }
  for (const [i, { sending, seen }] of before.sent.slice(0, -1).entries()) {
    compare(`what ${sending.from} saw of packet ${i + 1}`, 'answered', seen)
    compare(`the outcome of packet ${i + 1}`, undefined, stopped(before.journeys[i]))
  }
  const journey = inQuestion(before.journeys)
  compare(`what ${packet.from} saw`, expected.sender, inQuestion(before.sent).seen)
  compare('the outcome', expected.outcome, journey?.outcome)
  const { culprit } = expected
  if (culprit !== undefined) compare('the rule to look at', culprit, culpritOf(journey, culprit.includes(':')))
  const codes = new Set(journey?.findings.map(({ code }) => code))
  for (const code of expected.findings) if (!codes.has(code)) told.push(`the finding ${code} is missing`)
  const { command, proposed } = expected.fix
  if (proposed && !proposals(journey).includes(command!)) told.push(`nfwhy does not propose: ${command}`)
  compare(`what ${packet.from} saw after the fix`, expected.after.sender, inQuestion(after.sent).seen)
  compare('the outcome after the fix', expected.after.outcome, inQuestion(after.journeys)?.outcome)
  compare('a finding after the fix', undefined, inQuestion(after.journeys)?.findings.find(isBad)?.code)
  for (const one of [...before.told, ...after.told]) told.push(`what ${traced} said is not understood: ${one}`)
  return told
}

const stopped = (journey: Journey | undefined): string | undefined =>
  journey && ['delivered', 'forwarded', 'sent'].includes(journey.outcome) ? undefined : (journey?.outcome ?? 'no trace')

const isBad = ({ severity }: { severity: string }): boolean => severity !== 'note'

const proposals = (journey: Journey | undefined): (string | undefined)[] =>
  journey?.findings.flatMap(({ fix }) => fix.map(({ command }) => command)) ?? []

/** `nat:KUBE-NODEPORTS:16`, or without a number of interest `inet filter allowed_dnats`. */
function culpritOf(journey: Journey | undefined, numbered: boolean): string | undefined {
  const culprit = journey?.culprit
  if (!culprit) return undefined
  const { family, table, chain, ruleNumber } = culprit
  return numbered ? `${table}:${chain}:${ruleNumber}` : `${family} ${table} ${chain}`
}
