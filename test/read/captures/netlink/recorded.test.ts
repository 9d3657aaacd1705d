/**
 * What `nft -a monitor trace` and the receiver recorded of the same packets: IPv4 and IPv6 through a router with jumps,
 * nat, marks, drops and verdict maps (test/kernel/receiver). Both give the same journeys.
 */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { explainFile, worldOf } from '../../../journey/journeys.ts'

const FOLDER = new URL('../../../../fixtures/read/captures/netlink/', import.meta.url)
const text = (name: string) => readFileSync(new URL(name, FOLDER), 'utf8')
const world = worldOf(text('every-kind.nft'), text('every-kind.ip-addr.json'))
const pcap = new Uint8Array(readFileSync(new URL('every-kind.pcap', FOLDER)))

it('gives the same journeys as the text', () => {
  const [asText, asMessages] = [explainFile(text('every-kind.txt'), world), explainFile(pcap, world)]
  expect([asMessages.told, asMessages.stats.skipped, asMessages.stats.lost]).toEqual([[], 0, 0])
  expect(asMessages.stats.events).toBe(asText.stats.events)
  const walk = ({ journeys }: typeof asText) =>
    journeys.map(({ traceId, family, outcome, basis, steps }) => ({
      ...{ traceId, family, outcome, basis },
      steps: steps.map(({ mark: _, changes, ...step }) => [step, changes.filter(({ field }) => field !== 'mark')]),
    }))
  expect(walk(asMessages)).toEqual(walk(asText))
})

it('tells of each journey when it was, and each mark', () => {
  const { journeys } = explainFile(pcap, world)
  expect(journeys.length).toBeGreaterThan(30)
  for (const { time, steps } of journeys) {
    expect(time?.first).toMatch(/^2026-\d\d-\d\dT[\d:]{8}\.\d{6}Z$/)
    expect(steps.map(({ mark }) => mark)).not.toContain(undefined)
  }
})
