/** A step's name. */
import { expect, test } from 'vitest'
import type { Step } from '../../src/model/journey.ts'
import { UNICODE } from '../../src/reports/marks.ts'
import { stepWords } from '../../src/reports/step-words.ts'

const AT_END: Step = {
  ...{ n: 1, family: 'ip', table: 'nat', chain: 'DOCKER', changes: [], known: 'observed' },
  ...{ kind: 'return', ruleNumber: 37, verdict: 'return' },
}

test('names no rule where a chain of 36 rules ended', () => {
  expect(stepWords(AT_END, UNICODE)).toBe('nat DOCKER  end of the chain → return')
})

test('names the rule that returns', () => {
  expect(stepWords({ ...AT_END, rule: '-A DOCKER -j RETURN' }, UNICODE)).toBe('nat DOCKER rule 37 → return')
})

test('names the number where no ruleset tells what has it', () => {
  expect(stepWords({ ...AT_END, kind: 'unknown' }, UNICODE)).toContain('rule 37')
})

test('says what comes behind the rules of a chain', () => {
  const odd = (reported: Step['reported']) => stepWords({ ...AT_END, kind: 'unknown', reported: reported! }, UNICODE)
  expect(odd('return')).toContain('(a rule or the end of the chain: unknown which)')
  expect(odd('policy')).toContain('(a rule or the policy: unknown which)')
})
