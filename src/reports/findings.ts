/** Which findings and fixes of a journey are told, and in which order. */
import { printCommand } from '../model/command.ts'
import type { Finding, Journey, PrintedFix } from '../model/journey.ts'
import { helps } from '../model/outcome-kinds.ts'
import { NOTICES } from './journey-words.ts'

/** They say what the first line says: which rule or policy stopped the packet. */
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

/** All but notices about the input, errors first. NAT is shown with the packet. */
export function toldFindings<F>({ findings }: Pick<Journey<F>, 'findings'>): Finding<F>[] {
  const told = findings.filter(({ code }) => !NOTICES.has(code) && code !== 'dnat-changed-destination')
  return ORDER.flatMap((severity) => told.filter((one) => one.severity === severity))
}

/** Does it say no more than the outcome, and the rule that decided it? */
export const isRetold = ({ code }: Finding<unknown>): boolean => RETOLD.has(code)

/** The headline names the rule. */
export const isInHeadline = ({ code }: Finding<unknown>): boolean => code === 'last-rule-seen'

/** Findings that say where to look next: their commands change nothing. */
const LOOKING: ReadonlySet<string> = new Set(['not-netfilter', 'last-rule-seen'])

export const lookNext = ({ code, fix }: Finding<PrintedFix>): PrintedFix[] => (LOOKING.has(code) ? fix : [])

/** What fits this very case goes before what fits every drop. */
export function distinctFixes({ findings }: Pick<Journey<PrintedFix>, 'findings'>): PrintedFix[] {
  const told = findings.filter(({ code }) => !NOTICES.has(code) && !LOOKING.has(code))
  const fixes = [...told.filter((one) => !RETOLD.has(one.code)), ...told.filter((one) => RETOLD.has(one.code))].flatMap(
    (one) => one.fix,
  )
  const byWords = new Map<string, PrintedFix>()
  for (const fix of fixes) {
    const words = fix.command ? printCommand(fix.command) : fix.description
    if (!byWords.has(words)) byWords.set(words, fix)
  }
  const distinct = [...byWords.values()]
  // where something is broken, nobody asks how to stop the packet
  const mending = distinct.filter(({ stops }) => !stops)
  return withoutVain(mending.length > 0 ? mending : distinct)
}

function withoutVain(distinct: PrintedFix[]): PrintedFix[] {
  const others = distinct.filter((fix) => !isTriedInVain(fix))
  // what was tried and does not mend it is worth telling only where nothing else is known to
  return others.some(({ verified }) => verified !== undefined) ? others : [...others, ...distinct.filter(isTriedInVain)]
}

export const isTriedInVain = (fix: PrintedFix): boolean => fix.verified !== undefined && !helps(fix)
