/** What kind of an outcome it is. */
import type { Finding, Outcome, Severity } from './journey.ts'

/** Is anything of this severity among them? */
export const has = (findings: readonly Finding[], severity: Severity): boolean =>
  findings.some((one) => one.severity === severity)

const STOPPED: readonly Outcome[] = ['dropped', 'rejected', 'vanished']
const PASSED: readonly Outcome[] = ['delivered', 'forwarded', 'sent']

export const isStopped = (outcome: Outcome): boolean => STOPPED.includes(outcome)
export const isPassed = (outcome: Outcome): boolean => PASSED.includes(outcome)
