/** What a journey needs to be looked at for; the commands' exit code 1. */
import type { Journey } from '../model/journey.ts'
import { has, isStopped, isUnwanted } from '../model/outcome-kinds.ts'

export const isProblem = (journey: Journey): boolean =>
  (isStopped(journey.outcome) && !isUnwanted(journey)) || has(journey.findings, 'error')
