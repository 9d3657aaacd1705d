/** Did an incident come out as it should? Used by the tests, and told to whoever plays it on another kernel. */
import type { Journey } from '../model/journey.ts'
import type { Expected, Incident } from './incident.ts'
import type { Played } from './play.ts'
import { proposal } from './proposal.ts'
import { inQuestion } from './send.ts'

/** One sentence for each thing that came otherwise; none: all as described. */
export function differences(
  { expected, traced, packet }: Incident,
  { before, after }: Pick<Played, 'before' | 'after'>,
): string[] {
  return [
    ...before.sent
      .slice(0, -1)
      .flatMap(({ sending, seen }, i) => [
        ...compare(`what ${sending.from} saw of packet ${i + 1}`, 'answered', seen),
        ...compare(`the outcome of packet ${i + 1}`, undefined, stopped(before.journeys[i])),
      ]),
    ...compare(`what ${packet.from} saw`, expected.sender, inQuestion(before.sent).seen),
    ...explainedOtherwise(expected, inQuestion(before.journeys)),
    ...compare(`what ${packet.from} saw after the fix`, expected.after.sender, inQuestion(after.sent).seen),
    ...compare('the outcome after the fix', expected.after.outcome, inQuestion(after.journeys)?.outcome),
    // a fix that closes a port leaves a packet that is dropped
    ...(expected.after.sender === 'answered'
      ? compare('a finding after the fix', undefined, inQuestion(after.journeys)?.findings.find(isBad)?.code)
      : []),
    ...[...before.told, ...after.told].map((one) => `nfwhy warns about the capture of ${traced}: ${one}`),
  ]
}

/** The same of what nfwhy makes of the packet in question. */
export function explainedOtherwise(expected: Expected, journey: Journey | undefined): string[] {
  const { outcome, culprit, findings, fix } = expected
  const codes = new Set(journey?.findings.map(({ code }) => code))
  return [
    ...compare('the outcome', outcome, journey?.outcome),
    ...(culprit === undefined ? [] : compare('the rule to check', culprit, culpritOf(journey, culprit.includes(':')))),
    ...findings.filter((code) => !codes.has(code)).map((code) => `the finding ${code} is missing`),
    ...(fix.proposed && proposal(fix, journey) === undefined ? [`nfwhy does not propose: ${fix.command}`] : []),
  ]
}

const compare = (what: string, wanted: string | undefined, got: string | undefined): string[] =>
  wanted === got ? [] : [`${what}: ${got ?? 'none'} (expected: ${wanted ?? 'none'})`]

const stopped = (journey: Journey | undefined): string | undefined =>
  journey && ['delivered', 'forwarded', 'sent'].includes(journey.outcome) ? undefined : (journey?.outcome ?? 'no trace')

const isBad = ({ severity }: { severity: string }): boolean => severity !== 'note'

/** `nat:KUBE-NODEPORTS:16`, or without a number of interest `inet filter allowed_dnats`. */
function culpritOf(journey: Journey | undefined, numbered: boolean): string | undefined {
  const culprit = journey?.culprit
  if (!culprit) return undefined
  const { family, table, chain, ruleNumber } = culprit
  return numbered ? `${table}:${chain}:${ruleNumber}` : `${family} ${table} ${chain}`
}
