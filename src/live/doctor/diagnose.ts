/** What is wrong at one place, the most important first. */

import { loadNft } from '../../edits/later.ts'
import { type Facts, survey, sysctlOf } from '../survey/facts.ts'
import { HERE, type TraceHost } from '../trace-host.ts'
import { CAUSES } from './causes/index.ts'
import { type Problem, sayableMend } from './problem.ts'
import type { Wish } from './wish.ts'

export interface Diagnosis {
  place: TraceHost
  facts: Facts
  problems: Problem[]
}

/** Looks, and changes nothing. Throws LiveProblem where the place cannot be reached. */
export async function diagnose(place: TraceHost, wish: Wish, ending?: AbortSignal): Promise<Diagnosis> {
  // what it proposes for nft's tables is in their language
  await loadNft()
  const facts = await withHost(place, await survey(place, 'close', ending))
  return { place, facts, problems: problemsOf(facts, wish) }
}

const SEVERITIES: readonly Problem['severity'][] = ['error', 'warning', 'note']

/** Of recorded facts too. */
export function problemsOf(facts: Facts, wish: Wish): Problem[] {
  const found = CAUSES.flatMap((cause) => cause.check(facts, wish)).map((one) =>
    one.fix ? { ...one, fix: sayableMend(one.fix) } : one,
  )
  return SEVERITIES.flatMap((severity) => found.filter((problem) => problem.severity === severity))
}

/** Notes are worth knowing, and no problem. */
export const isProblem = ({ severity }: Problem): boolean => severity !== 'note'

/** What only the first namespace shows; from outside, on the same kernel, it can be asked. */
async function withHost(place: TraceHost, facts: Facts): Promise<Facts> {
  const name = 'net/netfilter/nf_log_all_netns'
  const own = sysctlOf(facts, name)
  if (own !== undefined || place.prefix.length === 0) return facts
  const here = await survey(HERE).catch(() => undefined)
  const boot = 'kernel/random/boot_id'
  const value = here && sysctlOf(here, boot) === sysctlOf(facts, boot) ? sysctlOf(here, name) : undefined
  return value === undefined ? facts : { ...facts, allNetns: value }
}
