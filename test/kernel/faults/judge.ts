/** Does the diagnosis name the fault? The rules, policies, sets, settings that it points at, against what was done. */
import type { Finding, Journey, PrintedFix, RuleRef } from '../../../src/model/journey.ts'
import type { Diagnosis } from './diagnose.ts'
import type { Culprit, Fault } from './fault.ts'

export interface Judgement {
  named: boolean
  /** How many rules and policies the diagnosis points at; naming everything would be naming nothing. */
  pointedAt: number
  /** Something definite is said, and it is not the fault. */
  confident: boolean
}

export function judge({ culprits, parts }: Fault, { journeys }: Diagnosis): Judgement {
  const refs = journeys.flatMap(refsOf)
  const findings = journeys.flatMap((journey) => journey.findings)
  const groups = parts?.map((part) => part.culprits) ?? [culprits]
  const named = groups.every((group) => group.some((culprit) => isNamed(culprit, refs, findings)))
  const definite = journeys.some(
    ({ culprit, findings: of }) => culprit || of.some(({ severity }) => severity === 'error'),
  )
  return { named, pointedAt: new Set(refs.map(keyOf)).size, confident: !named && definite }
}

/** What only tells what happened to a packet on its way points at nothing. */
const refsOf = ({ culprit, findings }: Journey<PrintedFix>): RuleRef[] => [
  ...(culprit ? [culprit] : []),
  ...findings.flatMap(({ rules }) => rules),
]

const keyOf = ({ family, table, chain, ruleNumber }: RuleRef) => `${family} ${table} ${chain} ${ruleNumber ?? 'policy'}`

/** nft's tables are named with their family. */
const isOf = (ref: RuleRef, { table, chain }: { table: string; chain: string }): boolean =>
  ref.chain === chain && (ref.table === table || `${ref.family} ${ref.table}` === table)

function isNamed(culprit: Culprit, refs: readonly RuleRef[], findings: readonly Finding<PrintedFix>[]): boolean {
  if ('rule' in culprit) {
    const { rule } = culprit
    return refs.some((ref) => isOf(ref, rule) && ref.ruleNumber === rule.ruleNumber)
  }
  if ('policy' in culprit) {
    const { policy } = culprit
    return refs.some((ref) => isOf(ref, policy) && ref.ruleNumber === undefined)
  }
  if ('chain' in culprit) {
    const { chain } = culprit
    return refs.some((ref) => isOf(ref, chain))
  }
  // what stops it behind something else is told with that
  return findings.some(
    ({ code, message }) =>
      (code === culprit.code || code === 'several-causes') && culprit.words.every((word) => message.includes(word)),
  )
}
