/**
 * Packets that a router drops, traced by nft and with the kernel's drops beside: does each journey find its own drop, and
 * is it explained by the kernel's reason? Once with all host state, once with nothing but the rules.
 */
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addDrops } from '../../src/explain/kernel-drops/find.ts'
import { CaptureExplainer, type ClosedJourney, type Journey, recognise, WorldBuilder } from '../../src/index.ts'
import { watchDrops } from '../../src/kernel/bpf/watch.ts'
import { receive } from '../../src/kernel/receiver.ts'
import type { Drop } from '../../src/model/host.ts'
import { nftNetlink } from '../../src/read/captures/netlink/format.ts'
import { dropLine } from '../../src/read/host/drop-lines.ts'
import { until, whyNoDrops } from './drops/available.ts'
import { buildDrops } from './drops/build.ts'
import { CASES, type Case, from, isOf, NAT, NAT_CASES } from './drops/cases.ts'
import { Network, ROUTER } from './drops/network.ts'
import { buildReceiver } from './receiver/build.ts'

const { thread } = await buildDrops()
const reason = await whyNoDrops(thread)
if (reason) console.warn(`drops are not joined with traces: ${reason}`)

/** A chain at every hook, so that it shows which one a packet does not come to. */
const RULES = `
  table inet fw {
    chain first { type filter hook prerouting priority -400; meta nftrace set 1; }
    chain in { type filter hook input priority 0; policy accept; }
    chain through { type filter hook forward priority 0; policy accept; udp dport 666 drop; }
    chain last { type filter hook postrouting priority 300; policy accept; }
  }${NAT}`

const ALL = [...CASES, ...NAT_CASES]

const HOST_STATE = [
  'ip -j addr',
  'ip -j route show table all',
  'ip -j -6 route show table all',
  'ip -j rule',
  'sysctl net',
]

describe.skipIf(reason)('a trace with the drops that the kernel tells', () => {
  let network: Network
  const chunks: Uint8Array[] = []
  const drops: Drop[] = []
  let rules = ''
  let host: string[] = []

  beforeAll(async () => {
    const receiving = join(dirname(await buildReceiver()), 'receiver.cjs')
    network = new Network()
    network.dropsAll()
    network.onRouter(`nft -f - <<'EOF'${RULES}\nEOF`)
    rules = network.onRouter('nft -a list ruleset')
    host = HOST_STATE.map((command) => network.onRouter(`${command} 2>/dev/null`))
    const watch = watchDrops({ namespaceInode: network.inodeOf(network.router) }, thread)
    const receiver = receive({ what: 'nft-trace', namespace: `/run/netns/${network.router}` }, receiving)
    watch.onDrops((some) => addDrops(drops, some))
    await Promise.all([watch.ready, receiver.ready])
    network.send(ALL.map(({ sent }) => sent))
    await until(() => ALL.every((one) => drops.some(({ packet }) => isOf(one, packet))))
    await Promise.all([watch.stop(), receiver.stop()])
    for await (const chunk of receiver.chunks) chunks.push(chunk)
  })
  afterAll(() => network?.remove())

  const explain = (texts: readonly string[], told: Drop[] | undefined): Journey[] => {
    const builder = new WorldBuilder()
    for (const text of texts) {
      const recognised = recognise(text)
      if (!recognised || recognised.kind === 'capture') throw new Error(`not recognised: ${text.slice(0, 80)}`)
      builder.add('', text, recognised)
    }
    if (told) builder.world.host.drops = told
    const journeys: Journey[] = []
    const take = (closed: ClosedJourney) => journeys.push(closed.explain())
    const explainer = new CaptureExplainer(nftNetlink, builder.world, () => {}, take)
    for (const chunk of chunks) explainer.push(chunk)
    explainer.end()
    return journeys
  }

  describe.each<[string, () => Journey[], (one: Case) => string]>([
    ['with host state', () => explain([rules, ...host], drops), ({ code }) => code],
    ['with the rules alone', () => explain([rules], drops), ({ code, codeAlone = code }) => codeAlone],
    ['from a bundle', () => explain([rules, ...host, drops.map(dropLine).join('')], undefined), ({ code }) => code],
  ])('%s', (_, explained, codeOf) => {
    it.each(ALL)('$what: $outcome, $code', (one) => {
      const mine = explained().filter(({ packet }) => isOf(one, packet))
      expect(mine).toHaveLength(1)
      const [journey] = mine
      expect({
        outcome: journey!.outcome,
        basis: journey!.basis,
        codes: journey!.findings.filter(({ severity }) => severity !== 'note').map(({ code }) => code),
      }).toEqual({ outcome: one.outcome, basis: 'observed', codes: [codeOf(one)] })
      if (one.reason !== 'NETFILTER_DROP')
        expect(journey!.findings.map(({ message }) => message).join('\n')).toMatch(
          one.reason === 'NOT_SPECIFIED' ? /[Tt]he kernel (reports that it )?dropped (it|this packet)/ : one.reason,
        )
    })
  })

  it('finds the drop of a journey that ends with it, as it comes', async () => {
    const receiving = join(dirname(await buildReceiver()), 'receiver.cjs')
    const watch = watchDrops({ namespaceInode: network.inodeOf(network.router) }, thread)
    const receiver = receive({ what: 'nft-trace', namespace: `/run/netns/${network.router}` }, receiving)
    const builder = new WorldBuilder()
    for (const text of [rules, ...host]) {
      const recognised = recognise(text)
      if (recognised && recognised.kind !== 'capture') builder.add('', text, recognised)
    }
    const live: Drop[] = []
    builder.world.host.drops = live
    watch.onDrops((some) => addDrops(live, some))
    await Promise.all([watch.ready, receiver.ready])
    const journeys: Journey[] = []
    const take = (closed: ClosedJourney) => journeys.push(closed.explain())
    const explainer = new CaptureExplainer(nftNetlink, builder.world, () => {}, take)
    const reading = (async () => {
      for await (const chunk of receiver.chunks) {
        await watch.caughtUp()
        explainer.push(chunk)
      }
    })()
    await network.sendMeanwhile(Array.from({ length: 30 }, (_, i) => from(ROUTER, 1000 + i, { pause: 12 })))
    await receiver.stop()
    await reading
    await watch.stop()
    const closed = journeys.filter(({ packet }) => (packet.ipId ?? 0) >= 1000 && packet.dst === ROUTER)
    expect(closed.map(({ findings }) => findings.map(({ code }) => code))).toEqual(Array(30).fill(['closed-port']))
    for (const { findings } of closed) expect(findings[0]!.message).toContain('The kernel says so')
  })
})
