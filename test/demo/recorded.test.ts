/**
 * Every incident as `nfwhy demo --record fixtures/demo` wrote it: explained without a kernel, it tells the same.
 *
 *     rm -r fixtures/demo && node bin/nfwhy.js demo --record fixtures/demo
 */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { explainFiles } from '../../src/demo/explained.ts'
import { INCIDENTS } from '../../src/demo/incidents/index.ts'
import { explainedOtherwise } from '../../src/demo/judge.ts'
import { recordedAs } from '../../src/demo/record.ts'

const ROOT = fileURLToPath(new URL('../../fixtures/demo/', import.meta.url))
const CAPTURE = /\.(pcap|txt)$/

/** A bundle's capture, and all else in it by name. */
function readBundle(name: string) {
  const files: Record<string, string> = {}
  let capture: { name: string; bytes: Uint8Array } | undefined
  for (const entry of readdirSync(ROOT + name, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const bytes = readFileSync(`${entry.parentPath}/${entry.name}`)
    if (entry.parentPath === ROOT + name && CAPTURE.test(entry.name)) capture = { name: entry.name, bytes }
    else files[entry.name] = bytes.toString()
  }
  return { capture: capture!, files }
}

describe.each(INCIDENTS.map((incident) => ({ name: incident.name, incident })))('$name', ({ incident }) => {
  const [failing, fixed] = recordedAs(incident)
  const { expected, packet, asks } = incident
  const explained = (name: string) => {
    const { capture, files } = readBundle(name)
    const { journeys, told } = explainFiles(capture, files)
    expect(told).toEqual([])
    // the last of those that the packet in question made
    return journeys.findLast((one) => one.packet[asks === 'answer' ? 'src' : 'dst'] === packet.to)
  }

  it('is explained', () => expect(explainedOtherwise(expected, explained(failing))).toEqual([]))

  it('is mended', () => {
    const journey = explained(fixed)
    expect(journey?.outcome).toBe(expected.after.outcome)
    expect(journey?.findings.filter(({ severity }) => severity !== 'note')).toEqual([])
  })
})

it('has no other bundles', () => {
  const names = readdirSync(ROOT, { withFileTypes: true }).filter((one) => one.isDirectory())
  expect(names.map(({ name }) => name).sort()).toEqual(INCIDENTS.flatMap(recordedAs).sort())
})
