/** What a journey needs to be looked at for; the commands' exit code 1. */
import type { Journey } from '../model/journey.ts'

export const isProblem = ({ outcome, findings }: Journey): boolean =>
  outcome === 'dropped' ||
  outcome === 'rejected' ||
  outcome === 'vanished' ||
  findings.some((one) => one.severity === 'error')
