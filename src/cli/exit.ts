/** Exit codes, and what makes them. */
import type { Journey } from '../model/journey.ts'

export const EXIT = { done: 0, problem: 1, failed: 2 } as const

/** What makes the exit code 1. */
export const isProblem = ({ outcome, findings }: Journey): boolean =>
  outcome === 'dropped' ||
  outcome === 'rejected' ||
  outcome === 'vanished' ||
  findings.some((one) => one.severity === 'error')
