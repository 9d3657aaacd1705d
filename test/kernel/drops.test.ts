/** Packets that the kernel drops, each in its own way, between two namespaces: does it say why, and do we hear it? */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DropWatch, watchDrops } from '../../src/kernel/bpf/watch.ts'
import type { Drop } from '../../src/model/host.ts'
import { until, whyNoDrops } from './drops/available.ts'
import { buildDrops } from './drops/build.ts'
import { CASES, type Case, from, isOf } from './drops/cases.ts'
import { FAR, Network, ROUTER } from './drops/network.ts'

const { thread } = await buildDrops()
const reason = await whyNoDrops(thread)
if (reason) console.warn(`the kernel is not asked for its drops: ${reason}`)

describe.skipIf(reason)('drops that the kernel tells', () => {
  let network: Network
  let watch: DropWatch
  const drops: Drop[] = []

  beforeAll(async () => {
    network = new Network()
    network.dropsAll()
    network.onRouter(`
      nft add table inet t
      nft add chain inet t f '{ type filter hook forward priority 0; }'
      nft add rule inet t f udp dport 666 drop`)
    watch = watchDrops({ namespaceInode: network.inodeOf(network.router) }, thread)
    watch.onDrops((some) => drops.push(...some))
    await watch.ready
    network.send(CASES.map(({ sent }) => sent))
    // the kernel asks for the neighbour for three seconds
    await until(() => CASES.every((one) => dropOf(one)))
  })
  afterAll(async () => {
    await watch?.stop()
    network?.remove()
  })

  const dropOf = (one: Case): Drop | undefined => drops.find(({ packet }) => isOf(one, packet))

  it.each(CASES)('$what: $reason', (one) => {
    const found = dropOf(one)
    expect(found, JSON.stringify(drops, null, 1)).toMatchObject({
      reason: one.reason,
      namespace: network.inodeOf(network.router),
      packet: { src: one.sent.src, dst: one.sent.dst, mark: 0, ...one.at },
    })
    if (one.location) expect(found!.location).toMatch(one.location)
    const age = Date.now() - Date.parse(found!.time)
    expect(age).toBeGreaterThanOrEqual(0)
    expect(age).toBeLessThan(30_000)
  })

  it('shows the mark, and ports behind NAT', async () => {
    network.onRouter(`
      nft add chain inet t p '{ type nat hook prerouting priority -100; }'
      nft add rule inet t p udp dport 777 meta mark set 0x2a dnat ip to ${ROUTER}:778`)
    network.send([from(ROUTER, 901, { dport: 777 })])
    await until(() => drops.some(({ packet }) => packet.ipId === 901))
    expect(drops.find(({ packet }) => packet.ipId === 901)).toMatchObject({
      reason: 'NO_SOCKET',
      packet: { dport: 778, mark: 42 },
    })
  })

  it('has handed over what was there when it is asked to', async () => {
    for (let id = 910; id < 930; id++) {
      network.send([from(ROUTER, id)])
      await watch.caughtUp()
      expect(drops.at(-1)?.packet.ipId).toBe(id)
    }
    const begun = performance.now()
    await Promise.all(Array.from({ length: 100 }, () => watch.caughtUp()))
    expect(performance.now() - begun).toBeLessThan(1000)
  })

  it('says nothing of another namespace', async () => {
    network.send([from(FAR, 902)])
    network.send([from(ROUTER, 903)])
    await until(() => drops.some(({ packet }) => packet.ipId === 903))
    // the far host has dropped it by then
    expect(drops.filter(({ packet }) => packet.ipId === 902)).toEqual([])
    const there = watchDrops({ namespaceInode: network.inodeOf(network.far) }, thread)
    const elsewhere: Drop[] = []
    there.onDrops((some) => elsewhere.push(...some))
    await there.ready
    network.send([from(FAR, 904)])
    await until(() => elsewhere.some(({ packet }) => packet.ipId === 904))
    await there.stop()
    expect(elsewhere.every(({ namespace }) => namespace === network.inodeOf(network.far))).toBe(true)
    expect(drops.filter(({ packet }) => packet.ipId === 904)).toEqual([])
  })
})

describe.skipIf(reason)('a flood of 200,000 drops', () => {
  let network: Network
  beforeAll(() => {
    network = new Network()
    // else multicast of IPv6's own is dropped, too
    network.withoutIpv6()
  })
  afterAll(() => network?.remove())

  const flood = async (entries?: number) => {
    const watch = watchDrops(
      { namespaceInode: network.inodeOf(network.router), ...(entries === undefined ? {} : { entries }) },
      thread,
    )
    let seen = 0
    watch.onDrops((some) => {
      seen += some.length
    })
    await watch.ready
    const sent = network.send([from(ROUTER, 1, { dport: 9, times: 200_000 })])
    await watch.caughtUp()
    const before = seen
    await watch.stop()
    // nothing comes any more to those who wait
    await watch.caughtUp()
    expect(seen).toBe(before)
    return { sent, seen, lost: watch.lost(), missed: watch.missed() }
  }

  it('loses none', async () => {
    expect(await flood()).toEqual({ sent: 200_000, seen: 200_000, lost: 0, missed: 0 })
  })

  it('counts exactly what a small queue loses', async () => {
    const { sent, seen, lost, missed } = await flood(64)
    expect(sent).toBe(200_000)
    expect(seen + lost).toBe(200_000)
    expect(lost).toBeGreaterThan(0)
    expect(missed).toBe(0)
  })
})
