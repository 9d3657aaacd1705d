/** docs/outcomes.md names every outcome and every finding that there is, with its severity, and no other. */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { isProblem } from '../../src/analysis/is-problem.ts'
import { EXIT } from '../../src/cli/errors.ts'
import { DETECTORS, FIRST, LAST, VANISHED } from '../../src/explain/findings/index.ts'
import { type ExchangeStatus, isFailed } from '../../src/model/exchange.ts'
import type { Journey, Outcome } from '../../src/model/journey.ts'
import { tableRows } from './markdown.ts'

const page = readFileSync(new URL('../../docs/outcomes.md', import.meta.url), 'utf8')
const word = (cell: string | undefined) => /^`([^`]+)`$/.exec(cell ?? '')?.[1]

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

/** Of no journey alone. */
const OF_EXCHANGES = [
  ...['reply-by-other-uplink', 'several-causes', 'icmp-error-dropped', 'neighbour-discovery-dropped'],
  ...['snat-elsewhere', 'reply-from-other-address'],
]

/** The compiler sees to it that none is missing. */
const STATUSES: Record<ExchangeStatus, true> = {
  ...{ answered: true, refused: true, unanswered: true, 'reply-lost': true, dropped: true, rejected: true },
  ...{ lost: true, queued: true, undetermined: true },
}

test('exchanges', () => {
  const told = tableRows(page, 'Exchanges').flatMap(([status, , code]) =>
    status!.split(', ').map((one) => [word(one), Number(code)]),
  )
  const exitCodes = (Object.keys(STATUSES) as ExchangeStatus[]).map((one) => [
    one,
    isFailed(one) ? EXIT.problem : EXIT.done,
  ])
  expect(Object.fromEntries(told)).toEqual(Object.fromEntries(exitCodes))
})

describe('findings', () => {
  const rows = tableRows(page, 'Findings')
  const detected = [FIRST, ...VANISHED, ...DETECTORS, LAST].map(({ code }) => code)
  const codes = [...new Set([...detected, ...OF_EXCHANGES])]

  test('each has one row', () => expect(rows.map(([code]) => word(code)).sort()).toEqual(codes.sort()))

  test.each(rows)('%s: %s', (code, severity) => {
    expect(severitiesOf(word(code)!)).toEqual(severity!.split(' or ').sort())
  })
})

const sources = ['explain/findings', 'analysis/exchanges', 'explain'].flatMap((path) => {
  const folder = new URL(`../../src/${path}/`, import.meta.url)
  return readdirSync(folder)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(new URL(file, folder), 'utf8'))
})

/** As `finding('code', SEVERITY, …` says in the sources. */
function severitiesOf(code: string): string[] {
  const calls = sources.flatMap((source) => [...source.matchAll(/\bfinding\(\s*'([a-z-]+)',([^,]+),/g)])
  const words = calls.flatMap(([, name, severity]) => (name === code ? [...severity!.matchAll(/'(\w+)'/g)] : []))
  return [...new Set(words.map((match) => match[1]!))].sort()
}
