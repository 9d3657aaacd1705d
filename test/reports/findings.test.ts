/** Which fixes are told, and in which order. */

import { expect, it } from 'vitest'
import { command } from '../../src/model/command.ts'
import type { Fix, Journey } from '../../src/model/journey.ts'
import { distinctFixes } from '../../src/reports/findings.ts'

const helps: Fix = { description: 'helps', command: command('a'), verified: 'model', after: 'delivered' }
const inVain: Fix = { description: 'in vain', command: command('b'), verified: 'model', after: 'dropped' }
const untried: Fix = { description: 'untried', command: command('c'), unverified: 'no routes' }
const told = (...fix: Fix[]) =>
  distinctFixes({ findings: [{ code: 'near-miss', severity: 'note', message: '', steps: [], rules: [], fix }] } as Pick<
    Journey,
    'findings'
  > as Journey).map(({ description }) => description)

it('what does not mend it is left out where something does', () => {
  expect(told(inVain, helps, untried)).toEqual(['helps', 'untried'])
})

it('else it comes last', () => {
  expect(told(inVain, untried)).toEqual(['untried', 'in vain'])
})
