/** What a rule that was met did. */
import { verdictOf } from '../rules/verdict.ts'
import type { Context } from './context.ts'

/** Of step `i`, in the words of `verdictOf`: of all that nat rewrites, nft's trace itself only says "accept". */
export function verdictAt({ journey, evidence }: Context, i: number): string {
  const { rule } = evidence.arrivals[i]!
  return (rule ? verdictOf(rule).text : journey.steps[i]!.verdict) ?? ''
}
