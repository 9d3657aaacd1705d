/** What is said of a problem in another form, against what is said of the same as it was kept. */
import type { Input } from '../../../src/index.ts'
import type { Problem } from '../problem.ts'
import { type JudgedWithLess, judgeWithLess } from '../with-less.ts'

/** `less`: what was named is not, or what was known is not; nothing said is false. */
export type Outcome = 'same' | 'less' | 'wrong' | 'error'

export interface JudgedForm {
  outcome: Outcome
  /** Findings that are there as it was kept and not in this form, and the other way round. */
  lost: string[]
  gained: string[]
  /** Kinds of warnings that are not there as it was kept, with the first of each. */
  warned: Readonly<Record<string, string>>
  judged?: JudgedWithLess
  error?: string
}

const findingsOf = ({ exchange }: JudgedWithLess) =>
  (exchange?.findings ?? []).map(({ code, severity, message }) => `${severity} ${code}: ${message}`)

const missing = (from: readonly string[], other: readonly string[]) => from.filter((one) => !other.includes(one))

export async function judgeForm(
  problem: Problem,
  inputs: readonly Input[],
  sport: number | undefined,
  kept: JudgedWithLess,
): Promise<JudgedForm> {
  let judged: JudgedWithLess
  try {
    judged = await judgeWithLess(problem, inputs, () => true, sport)
  } catch (error) {
    return { outcome: 'error', lost: [], gained: [], warned: {}, error: (error as Error).stack ?? String(error) }
  }
  const codes = new Set(kept.warnings.map(codeOf))
  const warned: Record<string, string> = {}
  for (const one of judged.warnings) if (!codes.has(codeOf(one))) warned[codeOf(one)] ??= one
  return {
    outcome: compared(judged, kept),
    lost: missing(findingsOf(kept), findingsOf(judged)),
    gained: missing(findingsOf(judged), findingsOf(kept)),
    warned,
    judged,
  }
}

/** Of `INPUT: CODE: MESSAGE`. */
const codeOf = (warning: string): string => warning.split(': ')[1] ?? warning

/** The truth names a rule in iptables' words or in nft's: what is said of the same rule in the others' words is as true. */
function compared(judged: JudgedWithLess, kept: JudgedWithLess): Outcome {
  const said = codesOf(kept)
  if (judged.wrong.some((one) => !kept.wrong.includes(one) && !said.has(one.split(': ')[0]!))) return 'wrong'
  if (!judged.exchange) return kept.exchange ? 'error' : 'same'
  const isNamed = judged.named || isSameCulprit(judged, kept) || [...said].every((code) => codesOf(judged).has(code))
  const isUnknown = judged.exchange.status === 'undetermined' && kept.exchange?.status !== 'undetermined'
  return (kept.named && !isNamed) || isUnknown ? 'less' : 'same'
}

/** `SEVERITY CODE` of each finding that is more than a note. */
const codesOf = ({ exchange }: JudgedWithLess): Set<string> =>
  new Set(
    (exchange?.findings ?? []).flatMap(({ severity, code }) => (severity === 'note' ? [] : [`${severity} ${code}`])),
  )

function isSameCulprit(judged: JudgedWithLess, kept: JudgedWithLess): boolean {
  const [a, b] = [judged.exchange?.culprit, kept.exchange?.culprit]
  if (!a || !b) return false
  const isSameRule =
    a.handle !== undefined && b.handle !== undefined ? a.handle === b.handle : a.ruleNumber === b.ruleNumber
  return a.table === b.table && a.chain === b.chain && isSameRule
}
