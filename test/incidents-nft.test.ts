/**
 * The incident of the missing set element, recorded from `nft monitor trace` with and without -a and from xtables-monitor:
 * each of them, with the ruleset as text or as JSON, tells what a person concludes.
 */

import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../src/edits/fix.ts'
import type { Step } from '../src/model/journey.ts'
import { recognise } from '../src/read/recognise.ts'
import { explainFile, worldOf } from './journey/journeys.ts'

interface Expected {
  traceId: string
  capture: string
  steps: object[]
  outcome: string
  culprit?: string
  findings?: string[]
  fix?: string
}

const folder = new URL('../fixtures/incidents/nft-allow-set/', import.meta.url)
const text = (name: string) => readFileSync(new URL(name, folder), 'utf8')
const expected: Expected[] = JSON.parse(text('expected.json'))
const host = readdirSync(new URL('host/', folder))
  .map((name) => text(`host/${name}`))
  .filter((one) => one.trim() !== '')

const shown = ({ family, table, chain, kind, reported, handle, verdict }: Step) => ({
  family,
  table,
  chain,
  printed: reported ?? kind,
  ...(handle === undefined ? {} : { handle }),
  verdict,
})

describe.each(['dropped', 'fixed'])('%s', (name) => {
  const wanted = expected.filter(({ capture }) => capture.startsWith(name))
  describe.each(['json', 'nft'])('with the ruleset as %s', (form) => {
    const world = worldOf(text(`ruleset-${name}.${form}`), ...host)
    it.each([`${name}.txt`, `${name}.handles.txt`, `${name}.xtables-monitor.txt`])('%s', (file) => {
      const { journeys, told, stats } = explainFile(text(file), world)
      expect([told, stats.skipped, stats.lost]).toEqual([[], 0, 0])
      expect(journeys.length).toBe(wanted.length)
      for (const [i, journey] of journeys.entries()) {
        const one = wanted[i]!
        expect(journey.traceId).toBe(one.traceId)
        expect(journey.steps.map(shown)).toEqual(one.steps)
        expect([journey.outcome, journey.basis]).toEqual([one.outcome, 'observed'])
        const { culprit } = journey
        const named = culprit && `${culprit.family} ${culprit.table} ${culprit.chain} handle ${culprit.handle}`
        expect(named).toBe(one.culprit)
        const codes = journey.findings.map(({ code }) => code)
        for (const code of one.findings ?? []) expect(codes).toContain(code)
        expect(codes).not.toContain('ruleset-mismatch')
        if (one.fix)
          expect(journey.findings.flatMap(({ fix }) => fix).map((fix) => String(fixCommands(fix).command))).toContain(
            one.fix,
          )
      }
    })
  })
})

it('is told whose each capture is by its content', () => {
  const ids = ['dropped.txt', 'dropped.handles.txt', 'dropped.xtables-monitor.txt'].map((file) => recognise(text(file)))
  expect(ids.map((one) => one?.format.id)).toEqual(['nft-trace', 'nft-trace', 'xtables-monitor'])
})

describe('without a ruleset', () => {
  it.each(['dropped.txt', 'dropped.handles.txt'])('%s tells it all the same', (file) => {
    const { journeys } = explainFile(text(file))
    expect(journeys.map(({ outcome }) => outcome)).toEqual(['dropped', 'dropped'])
    expect(journeys[0]!.steps.map(({ hook }) => hook)).toEqual([
      'prerouting',
      'prerouting',
      'prerouting',
      'forward',
      'forward',
    ])
    expect(journeys[0]!.steps.map(({ depth }) => depth)).toEqual([0, 0, 0, 0, 1])
    expect(journeys[0]!.steps[2]!.changes).toEqual([
      { field: 'dst', from: '10.1.2.3', to: '192.168.70.10' },
      { field: 'dport', from: 1222, to: 22 },
    ])
    expect(journeys[0]!.steps.at(-1)!.rule).toBe('drop')
  })

  it('another ruleset is contradicted', () => {
    const world = worldOf(text('ruleset-dropped.json').replaceAll('allowed_dnats', 'other'), ...host)
    const { journeys } = explainFile(text('dropped.txt'), world)
    expect(journeys[0]!.findings.map(({ code }) => code)).toContain('ruleset-mismatch')
  })
})
