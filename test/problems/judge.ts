/** What is said, against the truth. */
import type { Exchange } from '../../src/index.ts'
import { printedExchange } from '../../src/index.ts'
import type { Finding, PrintedFix, RuleRef } from '../../src/model/journey.ts'
import { isPassed } from '../../src/model/outcome-kinds.ts'
import type { FixTried } from './play.ts'
import type { Cause, Problem } from './problem.ts'

export interface Judgement {
  /** By what: the exchange's culprit, or the worst finding that does; absent: the cause is not named. */
  named?: 'culprit' | Finding['severity']
  /** What is said and is not so. */
  wrong: string[]
}

/** The kernel's trace shows these, so they are true wherever the packet was stopped. */
const OBSERVED: ReadonlySet<string> = new Set([
  'dropped-by-rule',
  'dropped-by-policy',
  'dropped-by-mark',
  'rejected-by-rule',
  'reply-dropped',
])

/** These say what is not known. */
const HONEST: ReadonlySet<string> = new Set([
  'undetermined',
  'lost-events',
  'capture-ends',
  'no-ruleset',
  'unknown-condition',
])

export function judge(
  { truth }: Problem,
  exchange: Exchange | undefined,
  fix: PrintedFix | undefined,
  tried: FixTried,
): Judgement {
  if (!exchange) return { wrong: [] }
  const { status, culprit } = exchange
  const { findings } = printedExchange(exchange)
  const wrong: string[] = []
  if (status !== 'undetermined' && !truth.status.includes(status))
    wrong.push(`status ${status} in place of ${truth.status.join(' or ')}`)
  const stopped = truth.status.some((one) => one === 'dropped' || one === 'rejected' || one === 'reply-lost')
  for (const finding of findings) {
    if (finding.severity === 'note' || truth.causes.some((cause) => isNamed(cause, finding))) continue
    if (HONEST.has(finding.code) || truth.alsoTrue?.includes(finding.code) || (stopped && OBSERVED.has(finding.code)))
      continue
    wrong.push(`${finding.severity} ${finding.code}: ${finding.message}`)
  }
  if (fix && claims(fix) && (tried.result === 'not restored' || tried.result === 'refused by the tool'))
    wrong.push(`tried with the model, ${fix.after}, but on the kernel ${tried.told}: ${tried.command}`)
  const named =
    culprit && truth.causes.some((cause) => isRef(cause, culprit)) ? 'culprit' : namedBy(truth.causes, findings)
  return { ...(named ? { named } : {}), wrong }
}

/** Is it said to have helped? */
export const claims = ({ verified, after, but }: PrintedFix): boolean =>
  verified !== undefined && after !== undefined && isPassed(after) && but === undefined

const namedBy = (causes: readonly Cause[], findings: readonly Finding<PrintedFix>[]) =>
  (['error', 'warning', 'note'] as const).find((severity) =>
    findings.some((one) => one.severity === severity && causes.some((cause) => isNamed(cause, one))),
  )

function isNamed(cause: Cause, { code, message, rules, fix }: Finding<PrintedFix>): boolean {
  if (!('code' in cause)) return rules.some((ref) => isRef(cause, ref))
  const text = [message, ...fix.map(({ description, command }) => `${description} ${command ?? ''}`)].join('\n')
  return code === cause.code && (cause.words ?? []).every((word) => text.includes(word))
}

function isRef(cause: Cause, ref: RuleRef): boolean {
  const isIn = (chain: string) =>
    [`${ref.table} ${ref.chain}`, `${ref.family} ${ref.table} ${ref.chain}`].includes(chain)
  if ('rule' in cause) return isIn(cause.chain) && (ref.rule ?? '').includes(cause.rule)
  if ('policy' in cause) return isIn(cause.policy) && ref.ruleNumber === undefined && ref.handle === undefined
  return 'chain' in cause && isIn(cause.chain)
}
