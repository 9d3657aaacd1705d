/** What the command keeps of a trace is bounded: journeys held back for their order, a bundle on the disk, output that nobody takes. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { InOrder, weightOf } from '../../src/analysis/order.ts'
import { Saved } from '../../src/cli/trace-save.ts'
import { overloadWarnings } from '../../src/live/overload-warnings.ts'
import type { Journey } from '../../src/model/journey.ts'
import { nftNetlink } from '../../src/read/captures/netlink/format.ts'

const journey = (id: number) => ({ id: String(id), steps: [] as unknown }) as Journey

it('gives up the order of journeys rather than memory', () => {
  const written: string[] = []
  const order = new InOrder<Journey>(({ id }) => written.push(id), weightOf, 10 * weightOf(journey(1)))
  // the first never comes
  for (let id = 2; id <= 11; id++) order.add(id, journey(id))
  expect(written).toEqual([])
  for (let id = 12; id <= 1000; id++) order.add(id, journey(id))
  expect(written.length).toBeGreaterThan(980)
  order.end()
  expect(written).toEqual(Array.from({ length: 999 }, (_, i) => String(i + 2)))
})

it('counts numbers of journeys that are not shown, too', () => {
  const written: string[] = []
  const order = new InOrder<Journey>(({ id }) => written.push(id), weightOf, 64 * 100)
  for (let id = 2; id <= 1000; id++) order.add(id, undefined)
  order.add(1001, journey(1001))
  expect(written).toEqual(['1001'])
})

it('saves up to its limit, and says once that the rest is not saved', ({ onTestFinished }) => {
  const folder = mkdtempSync(join(tmpdir(), 'nfwhy-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const saved = new Saved(join(folder, 'why'), 1 << 20)
  const told: string[] = []
  saved.onBroken = (message) => told.push(message)
  for (let i = 0; i < 20; i++) saved.chunk(undefined, 0, nftNetlink, new Uint8Array(100_000).fill(i))
  saved.close()
  expect(told).toEqual([`${join(folder, 'why')} has reached 1 MB; the rest is not saved`])
  expect(readFileSync(join(folder, 'why/trace-1.pcap')).length).toBe(1_000_000)
})

it('tells apart what was left out, what was not read, and whether each kind was told', () => {
  const warnings = (untoldKinds: number, shedPackets: number, unread: number) =>
    overloadWarnings([
      {
        prepared: { place: { name: 'here' } },
        untoldKinds,
        stats: {
          ...{ bytes: 0, events: 0, journeys: 0, skipped: 0, lost: 0 },
          overload: { shedPackets, shedEvents: 2 * shedPackets, unread },
        },
      },
    ]).map(({ code, message }) => `${code}: ${message}`)
  expect(warnings(0, 7, 0)).toEqual([
    expect.stringMatching(/^packets-left-out: .*7 packets \(one packet of each kind is shown\)/),
  ])
  expect(warnings(2, 7, 0)).toEqual([expect.stringMatching(/including 2 packets of kinds that are not shown at all/)])
  expect(warnings(0, 0, 9)).toEqual([
    expect.stringMatching(/^events-unread: the trace ended before nfwhy had read the last 9 events$/),
  ])
})
