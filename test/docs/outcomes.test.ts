/** docs/outcomes.md names every outcome and every finding that there is, with its severity, and no other. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { isProblem } from '../../src/analysis/is-problem.ts'
import { EXIT } from '../../src/cli/errors.ts'
import { DETECTORS, FIRST, LAST, VANISHED } from '../../src/explain/findings/index.ts'
import { type ExchangeStatus, isFailed } from '../../src/model/exchange.ts'
import type { Journey, Outcome } from '../../src/model/journey.ts'
import { SEVERITIES } from './codes.ts'
import { tableRows } from './markdown.ts'

const page = readFileSync(new URL('../../docs/outcomes.md', import.meta.url), 'utf8')
const word = (cell: string | undefined) => /^`([^`]+)`$/.exec(cell ?? '')?.[1]
/** Of a link to the page of that code. */
const linked = (cell: string | undefined) => /^\[`([^`]+)`\]\(findings\/\1\.md\)$/.exec(cell ?? '')?.[1]

/** The compiler sees to it that none is missing. */
const OUTCOMES: Record<Outcome, true> = {
  dropped: true,
  rejected: true,
  vanished: true,
  delivered: true,
  forwarded: true,
  sent: true,
  queued: true,
  stolen: true,
  undetermined: true,
}

const EMPTY = (): Journey => ({
  id: '1',
  family: 'ip',
  packet: {},
  steps: [],
  outcome: 'sent',
  basis: 'observed',
  cause: [],
  findings: [],
})

test('outcomes', () => {
  const told = tableRows(page, 'Outcomes').map(([outcome, , code]) => [word(outcome), Number(code)])
  const exitCodes = (Object.keys(OUTCOMES) as Outcome[]).map((outcome) => {
    const journey: Journey = { ...EMPTY(), outcome }
    return [outcome, isProblem(journey) ? EXIT.problem : EXIT.done]
  })
  expect(Object.fromEntries(told)).toEqual(Object.fromEntries(exitCodes))
})

/** The compiler sees to it that none is missing. */
const STATUSES: Record<ExchangeStatus, true> = {
  ...{ answered: true, refused: true, unanswered: true, 'reply-lost': true, dropped: true, rejected: true },
  ...{ lost: true, queued: true, undetermined: true },
}

test('exchanges', () => {
  const told = tableRows(page, 'Exchanges').flatMap(([status, , code]) =>
    status!.split(', ').map((one) => [linked(one), Number(code)]),
  )
  const exitCodes = (Object.keys(STATUSES) as ExchangeStatus[]).map((one) => [
    one,
    isFailed(one) ? EXIT.problem : EXIT.done,
  ])
  expect(Object.fromEntries(told)).toEqual(Object.fromEntries(exitCodes))
})

describe('findings', () => {
  const rows = tableRows(page, 'Findings')
  const codes = [...SEVERITIES.keys()]

  test('each has one row, with a link to its page', () =>
    expect(rows.map(([code]) => linked(code)).sort()).toEqual(codes.sort()))

  test('each detector is known by the code of its findings', () =>
    expect(codes).toEqual(expect.arrayContaining([FIRST, ...VANISHED, ...DETECTORS, LAST].map(({ code }) => code))))

  test.each(rows)('%s: %s', (code, severity) => {
    expect([...SEVERITIES.get(linked(code)!)!].sort()).toEqual(severity!.split(' or ').sort())
  })
})
