/** Packets that the kernel drops, each in its own way, between two namespaces: does it say why, and do we hear it? */
import { release } from 'node:os'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DropWatch, watchDrops } from '../../src/kernel/bpf/watch.ts'
import type { Drop } from '../../src/model/host.ts'
import { FAR, FAR6, HOST, HOST6, Network, ROUTER, ROUTER6, type Sent } from './drops/network.ts'
import { whyNot } from './namespaces.ts'

const THREAD = fileURLToPath(new URL('../../dist/drops.cjs', import.meta.url))
const [TCP, UDP, ICMP6] = [6, 17, 58]

const reason = whyNotHere() ?? (await whyNoDrops())
if (reason) console.warn(`the kernel is not asked for its drops: ${reason}`)

function whyNotHere(): string | undefined {
  if (process.getuid?.() !== 0) return 'no right to name network namespaces (run as root)'
  // the names have become more from release to release
  const [major = 0, minor = 0] = release().split('.').map(Number)
  if (major < 6 || (major === 6 && minor < 14)) return 'before Linux 6.14 the kernel has fewer reasons'
  return whyNot('ip', 'nft', 'python3')
}

async function whyNoDrops(): Promise<string | undefined> {
  const watch = watchDrops({ namespaceInode: 1, entries: 16 }, THREAD)
  try {
    await watch.ready
    await watch.stop()
  } catch (error) {
    return (error as Error).message
  }
  return undefined
}

const from = (dst: string, id: number, more: Partial<Sent> = {}): Sent => ({
  src: dst.includes(':') ? HOST6 : HOST,
  dst,
  protocol: UDP,
  sport: 5000,
  // IPv6 has no id
  dport: 20_000 + id,
  id,
  ...more,
})

interface Case {
  what: string
  sent: Sent
  reason: string
  location?: RegExp
  /** Where it was then. */
  at?: { in?: string; out?: string }
}

let id = 0
const drop = (what: string, dst: string, reason: string, sent: Partial<Sent> = {}, more: Partial<Case> = {}): Case => ({
  what,
  sent: from(dst, ++id, sent),
  reason,
  at: { in: 'ra' },
  ...more,
})

const CASES: readonly Case[] = [
  drop('the reverse path filter', FAR, 'IP_RPFILTER', { src: '203.0.113.77' }),
  drop('no route', '192.0.2.9', 'IP_INNOROUTES'),
  drop('a route that refuses', '192.0.2.66', 'NOT_SPECIFIED', {}, { location: /^ip_error\+/ }),
  drop('a closed port of UDP', ROUTER, 'NO_SOCKET'),
  drop('a closed port of TCP', ROUTER, 'NO_SOCKET', { protocol: TCP }),
  drop('time to live', FAR, 'IP_INHDR', { ttl: 1 }, { location: /^ip_forward\+/ }),
  drop('a checksum of UDP', ROUTER, 'UDP_CSUM', { wrong: 1 }),
  drop('a checksum of TCP', ROUTER, 'TCP_CSUM', { protocol: TCP, wrong: 1 }),
  drop('too long, and not to be cut', FAR, 'PKT_TOO_BIG', { df: true, data: 1400 }),
  drop('a rule of nft', FAR, 'NETFILTER_DROP', { dport: 666 }, { location: /^nft_do_chain\+/ }),
  drop('a source of loopback', ROUTER, 'IP_LOCALNET', { src: '127.0.0.1' }),
  drop('its own source', ROUTER, 'IP_LOCAL_SOURCE', { src: ROUTER }),
  drop('a group that nobody joined', '239.1.2.3', 'NOT_SPECIFIED', {}, { location: /^ip_rcv_finish_core/ }),
  drop('a protocol that nobody speaks', ROUTER, 'IP_NOPROTO', { protocol: 253 }),
  drop('nobody at that address', '203.0.113.99', 'NEIGH_FAILED', {}, { at: { in: '#2', out: 'rb' } }),
  drop('a closed port of UDP over IPv6', ROUTER6, 'NO_SOCKET'),
  drop('a closed port of TCP over IPv6', ROUTER6, 'NO_SOCKET', { protocol: TCP }),
  drop('no route of IPv6', '2001:db8:9::9', 'IP_INNOROUTES'),
  drop('hop limit', FAR6, 'IP_INHDR', { ttl: 1 }),
  drop('too long for IPv6', FAR6, 'PKT_TOO_BIG', { data: 1400 }, { at: { in: '#2', out: 'rb' } }),
  drop('a checksum of ICMPv6', ROUTER6, 'ICMP_CSUM', { protocol: ICMP6, wrong: 1 }),
]

describe.skipIf(reason)('drops that the kernel tells', () => {
  let network: Network
  let watch: DropWatch
  const drops: Drop[] = []

  beforeAll(async () => {
    network = new Network()
    network.onRouter(`
      sysctl -qw net.ipv4.conf.ra.rp_filter=1
      ip route add blackhole 192.0.2.64/26
      nft add table inet t
      nft add chain inet t f '{ type filter hook forward priority 0; }'
      nft add rule inet t f udp dport 666 drop`)
    watch = watchDrops({ namespaceInode: network.inodeOf(network.router) }, THREAD)
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

  const dropOf = ({ sent }: Case): Drop | undefined =>
    drops.find(({ packet }) =>
      sent.dst.includes(':')
        ? packet.dst === sent.dst &&
          (packet.dport === sent.dport || (sent.protocol === ICMP6 && packet.icmpId === sent.id))
        : packet.ipId === sent.id && packet.src === sent.src,
    )

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

  it('says nothing of another namespace', async () => {
    network.send([from(FAR, 902)])
    network.send([from(ROUTER, 903)])
    await until(() => drops.some(({ packet }) => packet.ipId === 903))
    // the far host has dropped it by then
    expect(drops.filter(({ packet }) => packet.ipId === 902)).toEqual([])
    const there = watchDrops({ namespaceInode: network.inodeOf(network.far) }, THREAD)
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
      THREAD,
    )
    let seen = 0
    watch.onDrops((some) => {
      seen += some.length
    })
    await watch.ready
    const sent = network.send([from(ROUTER, 1, { dport: 9, times: 200_000 })])
    await watch.stop()
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

async function until(done: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !done(); i++) await new Promise((resolve) => setTimeout(resolve, 20))
}
