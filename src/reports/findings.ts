/** Which findings and fixes of a journey are told, and in which order. */
import type { Finding, Fix, Journey } from '../model/journey.ts'
import { NOTICES } from './journey-words.ts'

/** Their sentence says what the cause has said already. */
const RETOLD: ReadonlySet<string> = new Set([
  'dropped-by-rule',
  'dropped-by-policy',
  'dropped-by-mark',
  'rejected-by-rule',
])

const ORDER: readonly Finding['severity'][] = ['error', 'warning', 'note']

/** One step with nothing to say is told by its finding instead. */
export const tellsCause = ({ cause }: Journey): boolean =>
  cause.length > 1 || (cause[0] !== undefined && cause[0].role === 'outcome')

/** Besides the cause, the rewriting of addresses and the notices: errors first. */
export function spokenFindings(journey: Journey, full: boolean): Finding[] {
  const told = journey.findings.filter(
    ({ code }) =>
      !NOTICES.has(code) &&
      code !== 'dnat-changed-destination' &&
      !(RETOLD.has(code) && tellsCause(journey)) &&
      (code !== 'not-netfilter' || full || isAlone(journey)),
  )
  return ORDER.flatMap((severity) => told.filter((one) => one.severity === severity))
}

/** That nothing stopped a packet is shown by its mark; where to look next is worth a line only if nothing else is told. */
const isAlone = ({ findings, outcome }: Journey) => outcome === 'vanished' || findings.length === 1

/** What fits this very case goes before what fits every drop. */
export function distinctFixes({ findings }: Journey): Fix[] {
  const told = findings.filter(({ code }) => !NOTICES.has(code) && code !== 'not-netfilter')
  const fixes = [...told.filter((one) => !RETOLD.has(one.code)), ...told.filter((one) => RETOLD.has(one.code))].flatMap(
    (one) => one.fix,
  )
  return [...new Map(fixes.map((fix) => [fix.command ?? fix.description, fix])).values()]
}
