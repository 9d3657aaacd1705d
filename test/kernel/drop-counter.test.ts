/** Drops that the kernel itself counts, between two namespaces: every one, unique by reason and tuple, whatever comes. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Counter, openCounter } from '../../src/kernel/bpf/counter.ts'
import type { Drop } from '../../src/model/host.ts'
import { type FoldedDrops, readCounts, readFolded } from '../../src/read/host/drop-count-record.ts'
import type { DropNames } from '../../src/read/host/kernel-drop-record.ts'
import { until, whyNoDrops } from './drops/available.ts'
import { buildDrops } from './drops/build.ts'
import { CASES, from, isOf } from './drops/cases.ts'
import { Network, ROUTER, ROUTER6 } from './drops/network.ts'

const { thread } = await buildDrops()
const reason = await whyNoDrops(thread)
if (reason) console.warn(`the kernel does not count drops here: ${reason}`)

describe.skipIf(reason)('drops that the kernel counts', () => {
  let network: Network
  let counter: Counter
  let counts: Map<string, { drop: Drop; count: number; last: number }>
  let folded: FoldedDrops[]
  let rest: number

  beforeAll(() => {
    network = new Network()
    network.dropsAll()
    network.onRouter(`
      nft add table inet t
      nft add chain inet t f '{ type filter hook forward priority 0; }'
      nft add rule inet t f udp dport 666 drop
      sysctl -qw net.ipv4.icmp_ratelimit=0`)
  })
  afterAll(() => network?.remove())

  const open = (entries: number) => {
    counter = openCounter(network.inodeOf(network.router), entries)
    counts = new Map()
    folded = []
    rest = 0
  }
  beforeEach(() => open(16_384))
  afterEach(() => counter.close())

  const look = () => {
    const piece = counter.take()
    if (!piece) return false
    const names: DropNames = { reasons: counter.reasons, locations: new Map(), clockOffset: 0 }
    for (const { key, count, last, first } of readCounts(piece.entries.keys, piece.entries.values, names)) {
      const before = counts.get(key)
      counts.set(key, { drop: before?.drop ?? first(), count: (before?.count ?? 0) + count, last })
    }
    folded = readFolded(piece.folded.keys, piece.folded.values, names)
    rest = piece.rest
    return true
  }
  const isTold = (one: { packet: Drop['packet'] }) => one.packet.dport !== undefined
  /** Of drops with these destination ports. */
  const sumOf = (ports: (port: number) => boolean): number =>
    [...counts.values()].reduce(
      (sum, one) => sum + (isTold(one.drop) && ports(one.drop.packet.dport!) ? one.count : 0),
      0,
    )

  it('has each case once, with its reason', async () => {
    network.send(CASES.map(({ sent }) => sent))
    const found = () => CASES.map((one) => [...counts.values()].filter(({ drop }) => isOf(one, drop.packet)))
    await until(() => look() && found().every((one) => one.length > 0))
    CASES.forEach((one, i) => {
      expect(
        found()[i]!.map(({ drop, count }) => ({ reason: drop.reason, count })),
        one.what,
      ).toEqual([{ reason: one.reason, count: 1 }])
    })
  })

  it('counts what has the same reason and tuple together, and nothing else', async () => {
    network.send([
      from(ROUTER, 1, { sport: 1, dport: 9, times: 1000 }),
      from(ROUTER, 2, { sport: 1, dport: 9, times: 500 }),
      from(ROUTER, 3, { sport: 2, dport: 9, times: 300 }),
      from(ROUTER6, 4, { sport: 1, dport: 9, times: 200 }),
      from(ROUTER, 5, { sport: 1, dport: 9, protocol: 6, times: 100 }),
      from(ROUTER, 6, { sport: 1, dport: 9, wrong: 1, times: 50 }),
    ])
    await until(() => look() && sumOf((port) => port === 9) === 2150)
    const told = [...counts.values()].filter(({ drop }) => drop.packet.dport === 9)
    expect(told.map(({ drop, count }) => [drop.reason, drop.packet.protocol, drop.packet.sport, count]).sort()).toEqual(
      [
        ['NO_SOCKET', 'tcp', 1, 100],
        ['NO_SOCKET', 'udp', 1, 1500],
        ['NO_SOCKET', 'udp', 1, 200],
        ['NO_SOCKET', 'udp', 2, 300],
        ['UDP_CSUM', 'udp', 1, 50],
      ],
    )
  })

  it('loses none of 50,000 while it is read', async () => {
    const isFlood = (port: number) => port >= 30_000 && port < 40_000
    const sent = Array.from({ length: 10_000 }, (_, i) => from(ROUTER, i % 60_000, { dport: 30_000 + i, times: 5 }))
    let over = false
    const sending = network.sendMeanwhile(sent).then(() => {
      over = true
    })
    while (!over) {
      look()
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    await sending
    await until(() => !look())
    const missed = counter.missed()
    expect(sumOf(isFlood)).toBeGreaterThanOrEqual(50_000 - missed)
    expect(sumOf(isFlood)).toBeLessThanOrEqual(50_000)
    const told = [...counts.values()].filter(({ drop }) => isFlood(drop.packet.dport ?? 0))
    expect(told).toHaveLength(10_000)
    expect([folded, rest]).toEqual([[], 0])
  })

  it('counts by reason and protocol what a full table has no room for', async () => {
    counter.close()
    open(64)
    network.send(Array.from({ length: 2000 }, (_, i) => from(ROUTER, i, { dport: 40_000 + i, times: 2 })))
    await until(() => look() && counts.size > 0)
    look()
    const told = sumOf((port) => port >= 40_000 && port < 42_000)
    const ours = folded.filter((one) => one.reason === 'NO_SOCKET' && one.protocol === 'udp' && one.family === 'ip')
    expect(ours).toHaveLength(1)
    expect(told).toBeLessThanOrEqual(128)
    expect(told + ours[0]!.count + counter.missed()).toBeGreaterThanOrEqual(4000)
    expect(told + ours[0]!.count).toBeLessThanOrEqual(4000)
    expect(rest).toBe(0)
  })

  it('counts nothing once it is detached, and what was counted can be taken', () => {
    network.send([from(ROUTER, 1, { dport: 7, times: 10 })])
    counter.detach()
    network.send([from(ROUTER, 1, { dport: 7, times: 10 })])
    while (look());
    expect(sumOf((port) => port === 7)).toBe(10)
  })
})
