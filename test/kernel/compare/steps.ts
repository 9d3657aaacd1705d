/** One journey's steps against the walk that the kernel's lines are. */
import type { Step } from '../../../src/model/journey.ts'
import type { WalkedStep } from '../truth/walk.ts'
import type { Pair } from './pair.ts'

export function compareSteps({ seen, journey }: Pair): string[] {
  const differences: string[] = []
  for (const [i, walked] of seen.steps.entries()) {
    const step = journey.steps[i]!
    const check = (what: string, kernel: unknown, ours: unknown) => {
      if (kernel !== ours)
        differences.push(
          `step ${step.n} (${walked.line.text}): ${what} has to be ${String(kernel)}, not ${String(ours)}`,
        )
    }
    check('n', i + 1, step.n)
    check('known', 'observed', step.known)
    check('family', seen.packet.src!.includes(':') ? 'ip6' : 'ip', step.family)
    check('kind', walked.kind, step.kind)
    if (walked.kind === 'log') {
      compareLog(walked, step, check)
      continue
    }
    const type = walked.line.point!.type
    check('reported', type === walked.kind ? undefined : type, step.reported)
    check('hook', walked.hook, step.hook)
    check('depth', walked.depth, step.depth)
    check('ruleNumber', walked.ruleNumber, step.ruleNumber)
    check('rule', walked.rule?.text, step.rule)
    check('verdict', verdict(walked), step.verdict)
  }
  return differences
}

/** A prefix that several rules have names none of them; then only what is told has to be right. */
function compareLog(
  walked: WalkedStep,
  step: Step,
  check: (what: string, kernel: unknown, ours: unknown) => void,
): void {
  if (step.hook !== undefined || step.rule !== undefined) check('hook', walked.hook, step.hook)
  if (step.rule === undefined) return
  check('rule', walked.rule?.text, step.rule)
  check('depth', walked.depth, step.depth)
}

const NAMED: Readonly<Record<string, string>> = {
  ACCEPT: 'accept',
  DROP: 'drop',
  RETURN: 'return',
  REJECT: 'reject',
  NFQUEUE: 'queue',
  DNAT: 'dnat',
  SNAT: 'snat',
  REDIRECT: 'redirect',
  MASQUERADE: 'masquerade',
  NETMAP: 'netmap',
}
/** Targets after which the next rule is looked at. */
const GO_ON = /^(MARK|CONNMARK|LOG|NFLOG|TTL|HL|DSCP|TOS|NOTRACK|CT|TRACE)$/

/** As contract.md words it. */
function verdict({ kind, rule, ends }: WalkedStep): string {
  if (kind === 'return') return 'return'
  if (kind === 'policy') return ends === 'accepted' ? 'accept' : 'drop'
  const { target, goto } = rule!
  if (target === undefined || GO_ON.test(target)) return 'continue'
  return NAMED[target] ?? `${goto ? 'goto' : 'jump'} ${target}`
}
