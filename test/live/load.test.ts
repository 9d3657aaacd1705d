/** What a session leaves out under load: known kinds before new ones, packets as a whole, and nothing without being counted. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { CaptureExplainer } from '../../src/analysis/capture.ts'
import type { ClosedJourney } from '../../src/analysis/closed-journey.ts'
import { Load, type LoadOptions } from '../../src/live/load.ts'
import type { Journey } from '../../src/model/journey.ts'
import { nftNetlink } from '../../src/read/captures/netlink/format.ts'
import { worldOf } from '../journey/journeys.ts'
import { head, KINDS, type Packet, packets, RULES } from './trace-flood.ts'

const NOON = Date.UTC(2026, 0, 5, 12)
const MOST = 1000

function session(options: Partial<LoadOptions> = {}, keeps = true) {
  const state = { unread: 0, full: false, now: 0 }
  const load = new Load({
    unread: () => state.unread,
    most: MOST,
    tellsEach: true,
    isFull: () => state.full,
    now: () => state.now,
    ...options,
  })
  const told: Journey[] = []
  const take = (closed: ClosedJourney) => {
    if (load.leavesOut(closed)) return
    const journey = closed.explain()
    if (keeps) told.push(journey)
  }
  const explainer = new CaptureExplainer(nftNetlink, worldOf(RULES), () => {}, take)
  explainer.push(head())
  let id = 0
  const come = (...kinds: number[]) => {
    const list = kinds.map((kind): Packet => ({ id: ++id, kind }))
    explainer.push(packets(list, NOON + state.now))
  }
  return { state, load, told, explainer, come }
}

const kindsOf = (told: readonly Journey[]) => told.map(({ steps }) => steps.at(-1)!.handle! - 11)

describe('a session that is behind', () => {
  it('tells every packet while it is not', () => {
    const { told, come, load } = session()
    come(0, 0, 1, 1, 0)
    expect(kindsOf(told)).toEqual([0, 0, 1, 1, 0])
    expect(load.overload(0)).toBeUndefined()
    expect(told.every(({ outcome }) => outcome === 'dropped')).toBe(true)
  })

  it('leaves out kinds that were told, and tells the first of each other one', () => {
    const { told, come, load, state, explainer } = session()
    come(0)
    state.unread = MOST
    come(0, 1, 0, 2, 1, 0)
    expect(kindsOf(told)).toEqual([0, 1, 2])
    expect(load.shed).toEqual({ packets: 4, events: 8, newKinds: 0 })
    // each event is of a packet that was told, or of one that was left out
    expect(explainer.stats.events).toBe(told.reduce((sum, { steps }) => sum + steps.length, 0) + load.shed.events)
  })

  it('does so until it has come well below that again', () => {
    const { told, come, state } = session()
    come(0)
    for (const unread of [MOST / 2 + 1, MOST / 3, MOST / 4 + 1]) {
      state.unread = unread
      come(0)
    }
    expect(told).toHaveLength(1)
    state.unread = MOST / 4
    come(0)
    state.unread = MOST / 3
    come(0)
    expect(told).toHaveLength(3)
  })

  it('leaves out new kinds, too, where there is no room, and tells them when there is', () => {
    const { told, come, state, load } = session()
    state.full = true
    come(0, 1)
    expect(told).toEqual([])
    expect(load.shed).toEqual({ packets: 2, events: 4, newKinds: 2 })
    state.full = false
    state.unread = MOST
    come(1, 1, 0)
    expect(kindsOf(told)).toEqual([1, 0])
  })

  it('leaves out nothing of a known kind where packets of one kind are only counted', () => {
    const { told, come, state, load } = session({ tellsEach: false })
    state.unread = MOST
    come(0, 0, 1, 0)
    state.full = true
    come(0, 1, 2)
    expect(kindsOf(told)).toEqual([0, 0, 1, 0, 0, 1])
    expect(load.shed).toEqual({ packets: 1, events: 2, newKinds: 1 })
  })
})

describe('at the end', () => {
  const many = (count: number, kind: number) => Array<number>(count).fill(kind)

  it('has time for what is not much, however long it takes', () => {
    const { told, come, state, load } = session()
    load.close()
    state.now = 60_000
    expect(load.isOver).toBe(false)
    come(...many(50, 0), 1, 2)
    expect(told).toHaveLength(52)
    expect(load.overload(0)).toBeUndefined()
  })

  it('tells only what is new after a while, and nothing after a second', () => {
    const { told, come, state, load } = session()
    load.close()
    come(...many(100, 0))
    expect(told).toHaveLength(100)
    state.now = 300
    come(0, 1, 0)
    expect(kindsOf(told.slice(100))).toEqual([1])
    state.now = 1000
    expect(load.isOver).toBe(true)
    come(2, 0, 3)
    expect(told).toHaveLength(101)
    expect(load.overload(7)).toEqual({ unread: 7, shedPackets: 5, shedEvents: 10 })
    expect(load.shed.newKinds).toBe(2)
  })

  it('does not read on where much is left', () => {
    const { state, load } = session()
    load.close()
    state.unread = 64 << 20
    state.now = 1000
    expect(load.isOver).toBe(true)
  })
})

describe('a long run', () => {
  it('does not grow with packets of few kinds', async () => {
    const { explainer, load, state } = session({}, false)
    const chunk = 1000
    const run = (from: number, to: number) => {
      for (let id = from; id < to; id += chunk) {
        // an hour for ten million
        state.now = id * 0.36
        state.unread = id % (10 * chunk) === 0 ? 0 : MOST
        const list = Array.from({ length: chunk }, (_, i): Packet => ({ id: id + i + 1, kind: i % KINDS }))
        explainer.push(packets(list, NOON + state.now))
      }
    }
    const count = Number(process.env.NFWHY_PACKETS ?? 100_000)
    run(0, count)
    const before = await memory()
    run(count, 2 * count)
    const after = await memory()
    expect(explainer.stats.events).toBe(4 * count)
    expect(load.shed.packets).toBeGreaterThan(count)
    // a byte for each two packets would be too much
    expect(after - before).toBeLessThan(Math.max(count / 2, 4 << 20))
  }, 3_600_000)
})

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Bytes that are held. Buffers are given back by a thread of V8's own, some time behind the collection. */
async function memory(): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < 5; i++) {
    collect()
    await new Promise((resolve) => setTimeout(resolve, 20))
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    least = Math.min(least, heapUsed + arrayBuffers)
  }
  return least
}
