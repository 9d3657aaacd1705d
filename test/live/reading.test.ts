/** A stream that brings more than can be read: nothing else waits for it, and what is not read makes no false verdict. */
import { expect, it } from 'vitest'
import { CaptureExplainer } from '../../src/analysis/capture.ts'
import { Load } from '../../src/live/load.ts'
import { readStream } from '../../src/live/reading.ts'
import type { Journey } from '../../src/model/journey.ts'
import { nftNetlink } from '../../src/read/captures/netlink/format.ts'
import { worldOf } from '../journey/journeys.ts'
import * as N from '../read/captures/netlink/files.ts'
import { pcap } from '../read/captures/nflog/files.ts'
import { head, type Packet, packets, RULES } from './trace-flood.ts'

const NOON = Date.UTC(2026, 0, 5, 12)

/** As a receiver has it: pieces that lie ready, each of two events a packet. */
class Ready {
  readonly tellsLosses = true
  stopped = false
  private left: Uint8Array[]

  constructor(chunks: readonly Uint8Array[]) {
    this.left = [...chunks]
  }

  readonly chunks = this.read()

  private async *read(): AsyncGenerator<Uint8Array> {
    while (this.left.length > 0) yield this.left.shift()!
  }

  unread = () => this.left.reduce((sum, { length }) => sum + length, 0)

  abandon() {
    expect(this.stopped).toBe(true)
    const chunks = this.left
    this.left = []
    return { chunks, messages: chunks.length }
  }

  async stop() {
    this.stopped = true
  }
}

const packet = (id: number): Packet => ({ id, kind: 0 })

function reader(stream: Ready, now: () => number) {
  const load = new Load({ unread: () => stream.unread(), most: 1 << 30, tellsEach: true, isFull: () => false, now })
  const journeys: Journey[] = []
  const unread = { chunks: 0, events: 0 }
  const explainer = new CaptureExplainer(
    nftNetlink,
    worldOf(RULES),
    () => {},
    (closed) => {
      if (!load.leavesOut(closed)) journeys.push(closed.explain())
    },
  )
  const read = (onChunk: () => void = () => {}, switchedOff: () => number | undefined = () => undefined) =>
    readStream(stream, explainer, {
      isAhead: () => false,
      load,
      patience: 1,
      switchedOff,
      onChunk: async () => onChunk(),
      onUnread: (chunks, events) => {
        unread.chunks += chunks.length
        unread.events += events
      },
      onSettled: () => {},
      onPause: () => {},
    })
  return { load, journeys, unread, read }
}

it('gives way to timers while pieces lie ready', { tags: 'slow' }, async () => {
  const pieces = Array.from({ length: 5000 }, (_, i) => packets([packet(i + 1)], NOON))
  const { read, journeys } = reader(new Ready([head(), ...pieces]), () => 0)
  let seen: number | undefined
  setTimeout(() => {
    seen = journeys.length
  }, 1)
  await read()
  expect(journeys.length).toBe(5000)
  expect(seen).toBeLessThan(5000)
})

it('says nothing wrong of a packet whose rest is not read', async () => {
  let now = 0
  const first = [1, 2, 3].map((id) => packets([packet(id)], NOON, 'first'))
  const rest = Array.from({ length: 10_000 }, (_, i) => packets([packet(i + 1)], NOON, 'end'))
  const { load, read, journeys, unread } = reader(new Ready([head(), ...first, ...rest]), () => now)
  let came = 0
  await read(() => {
    // the head, and what began
    if (++came < 4) return
    load.close()
    now = 10_000
  })
  expect(journeys.map(({ outcome }) => outcome)).toEqual(['undetermined', 'undetermined', 'undetermined'])
  for (const { findings } of journeys) expect(findings.map(({ code }) => code)).toContain('lost-events')
  expect(unread).toEqual({ chunks: 10_000, events: 10_000 })
})

it('says nothing wrong of a packet whose trace was switched off under way', async () => {
  for (const [later, outcome] of [
    [0, 'undetermined'],
    // its rest had time to come
    [60_000, 'vanished'],
  ] as const) {
    const { read, journeys } = reader(
      new Ready([head(), packets([packet(1)], NOON, 'first'), new Uint8Array(0)]),
      () => 0,
    )
    const began = performance.now()
    await read(undefined, () => began + later)
    expect(journeys.map((one) => one.outcome)).toEqual([outcome])
  }
})

it('says nothing wrong of a packet that lost events, where only that is not read', async () => {
  const loss = pcap([N.cooked(N.netlink(4, [5, 0, 0, 0]))], { linkType: 253 }).slice(24)
  const stream = new Ready([head(), packets([packet(1)], NOON, 'first'), loss])
  const { load, read, journeys } = reader(stream, () => now)
  let now = 0
  let came = 0
  const abandon = stream.abandon.bind(stream)
  stream.abandon = () => ({ ...abandon(), messages: 0 })
  await read(() => {
    if (++came < 2) return
    load.close()
    now = 10_000
    stream.unread = () => 2 << 20
  })
  expect(journeys.map(({ outcome }) => outcome)).toEqual(['undetermined'])
})
