/** Which findings and fixes of a journey are told, and in which order. */
import { printCommand } from '../model/command.ts'
import type { Finding, Journey, PrintedFix } from '../model/journey.ts'
import { helps } from '../model/outcome-kinds.ts'
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
export const tellsCause = ({ cause }: Journey<unknown>): boolean =>
  cause.length > 1 || (cause[0] !== undefined && cause[0].role === 'outcome')

/**
 * Besides the cause, the rewriting of addresses and the notices: errors first. That nothing stopped a packet is shown
 * by its mark; where to look next is told of a journey only if `further`.
 */
export function spokenFindings<F>(journey: Journey<F>, further: boolean): Finding<F>[] {
  const told = journey.findings.filter(
    (one) =>
      !NOTICES.has(one.code) &&
      one.code !== 'dnat-changed-destination' &&
      !(RETOLD.has(one.code) && tellsCause(journey)) &&
      isSpoken(one, journey, further),
  )
  return ORDER.flatMap((severity) => told.filter((one) => one.severity === severity))
}

const isSpoken = ({ code }: Finding<unknown>, { outcome }: Journey<unknown>, further: boolean) =>
  code !== 'not-netfilter' || further || outcome === 'vanished'

/** Findings that say where to look next: their commands change nothing. */
const LOOKING: ReadonlySet<string> = new Set(['not-netfilter', 'last-rule-seen'])

export const lookNext = ({ code, fix }: Finding<PrintedFix>): PrintedFix[] => (LOOKING.has(code) ? fix : [])

/** What fits this very case goes before what fits every drop. */
export function distinctFixes({ findings }: Pick<Journey<PrintedFix>, 'findings'>): PrintedFix[] {
  const told = findings.filter(({ code }) => !NOTICES.has(code) && !LOOKING.has(code))
  const fixes = [...told.filter((one) => !RETOLD.has(one.code)), ...told.filter((one) => RETOLD.has(one.code))].flatMap(
    (one) => one.fix,
  )
  const distinct = [
    ...new Map(fixes.map((fix) => [fix.command ? printCommand(fix.command) : fix.description, fix])).values(),
  ]
  // where something is broken, nobody asks how to stop the packet
  const mending = distinct.filter(({ stops }) => !stops)
  return withoutVain(mending.length > 0 ? mending : distinct)
}

function withoutVain(distinct: PrintedFix[]): PrintedFix[] {
  const others = distinct.filter((fix) => !isTriedInVain(fix))
  // what was tried and does not mend it is worth telling only where nothing else is known to
  return others.some(({ verified }) => verified !== undefined) ? others : [...others, ...distinct.filter(isTriedInVain)]
}

const isTriedInVain = (fix: PrintedFix): boolean => fix.verified !== undefined && !helps(fix)
