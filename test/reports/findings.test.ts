/** Which fixes are told, and in which order. */

import { expect, it } from 'vitest'
import { command } from '../../src/model/command.ts'
import type { Journey, PrintedFix } from '../../src/model/journey.ts'
import { distinctFixes } from '../../src/reports/findings.ts'

const helps: PrintedFix = { description: 'helps', command: command('a'), verified: 'model', after: 'delivered' }
const inVain: PrintedFix = { description: 'in vain', command: command('b'), verified: 'model', after: 'dropped' }
const untried: PrintedFix = { description: 'untried', command: command('c'), unverified: 'no routes' }
const told = (...fix: PrintedFix[]) =>
  distinctFixes({ findings: [{ code: 'near-miss', severity: 'note', message: '', steps: [], rules: [], fix }] } as Pick<
    Journey<PrintedFix>,
    'findings'
  > as Journey<PrintedFix>).map(({ description }) => description)

it('what does not mend it is left out where something does', () => {
  expect(told(inVain, helps, untried)).toEqual(['helps', 'untried'])
})

it('else it comes last', () => {
  expect(told(inVain, untried)).toEqual(['untried', 'in vain'])
})

it('what would stop it is told where nothing is to be mended', () => {
  const stops: PrintedFix = { ...inVain, description: 'stops', stops: true }
  const lets: PrintedFix = { ...helps, command: command('d'), description: 'lets it through', stops: true }
  expect(told(lets, stops)).toEqual(['stops'])
  expect(told(stops, untried)).toEqual(['untried'])
})
