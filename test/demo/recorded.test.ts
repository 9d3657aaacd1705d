/**
 * Every incident as `nfwhy demo --record fixtures/demo` wrote it: explained without a kernel, it tells the same.
 *
 *     rm -r fixtures/demo && node bin/nfwhy.js demo --record fixtures/demo && rm fixtures/demo/README.md
 */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { INCIDENTS } from '../../src/demo/incidents/index.ts'
import { explainedOtherwise } from '../../src/demo/judge.ts'
import { journeyOf } from '../../src/demo/play.ts'
import { recordedAs } from '../../src/demo/record.ts'
import { modelEngine } from '../../src/simulate/engine.ts'
import { explainFile, worldOf } from '../journey/journeys.ts'

const ROOT = fileURLToPath(new URL('../../fixtures/demo/', import.meta.url))

/** All journeys of a bundle's captures. */
function explainBundle(name: string) {
  const captures: Uint8Array[] = []
  const texts: string[] = []
  for (const file of readdirSync(ROOT + name)) {
    const bytes = readFileSync(`${ROOT}${name}/${file}`)
    if (file.startsWith('trace-')) captures.push(bytes)
    else if (file !== 'collected.txt') texts.push(bytes.toString())
  }
  const world = worldOf(...texts)
  return captures.flatMap((capture) => {
    const { journeys, told } = explainFile(capture, world, [], { engine: modelEngine })
    expect(told).toEqual([])
    return journeys
  })
}

describe.each(INCIDENTS.map((incident) => ({ name: incident.name, incident })))('$name', ({ incident }) => {
  const [failing, fixed] = recordedAs(incident)
  const { expected, packet: sending, asks } = incident
  const inQuestion = (name: string) => {
    const journeys = explainBundle(name)
    const last = journeys.findLast(({ packet }) => packet[asks === 'answer' ? 'src' : 'dst'] === sending.to)
    const sport = last?.packet[asks === 'answer' ? 'dport' : 'sport']
    return journeyOf({ sending, seen: 'nothing', ...(sport === undefined ? {} : { sport }) }, journeys, incident)
  }

  it('is explained', () => expect(explainedOtherwise(expected, inQuestion(failing))).toEqual([]))

  it('is mended', () => {
    const journey = inQuestion(fixed)
    expect(journey?.outcome).toBe(expected.after.outcome)
    const bad = journey?.findings.filter(({ severity }) => severity !== 'note') ?? []
    // a fix that closes a port leaves a packet that is dropped
    expect(bad.length > 0).toBe(expected.after.sender !== 'answered')
  })
})

it('has no other bundles', () => {
  const names = readdirSync(ROOT, { withFileTypes: true }).filter((one) => one.isDirectory())
  expect(names.map(({ name }) => name).sort()).toEqual(INCIDENTS.flatMap(recordedAs).sort())
})
