/** A packet that rules let through is not sent all the same where its next hop is not found. */
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { explain, tryFixesOf } from '../../../src/explain/explain.ts'
import { severalCauses } from '../../../src/explain/repair/several-causes.ts'
import { noteTrials } from '../../../src/explain/verify-fixes/verify.ts'
import type { Host, Packet } from '../../../src/index.ts'
import type { Neighbour } from '../../../src/model/host.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { makeWorld } from '../../simulate/world.ts'

const [OWN, NEXT] = ['2001:db8::1', '2001:db8::2']
const SYN: Packet = { protocol: 'tcp', src: OWN, dst: NEXT, sport: 4000, dport: 80, tcpFlags: ['syn'] }

function host(neighbour?: Partial<Neighbour>): Host {
  const route = { family: 'ip6', device: 'eth0' } as const
  const address = { family: 'ip6', address: OWN, prefixLength: 64 } as const
  return {
    links: [{ index: 2, name: 'eth0', mac: '02:00:00:00:00:01', addresses: [address] }],
    routes: [
      { ...route, type: 'local', destination: `${OWN}/128`, table: 'local' },
      { ...route, type: 'unicast', destination: '2001:db8::/64', table: 'main' },
      { ...route, type: 'multicast', destination: 'ff00::/8', table: 'local', device: 'eth9' },
      { ...route, type: 'multicast', destination: 'ff00::/8', table: 'local' },
    ],
    neighbours: neighbour ? [{ family: 'ip6', address: NEXT, device: 'eth0', state: [], ...neighbour }] : [],
    conntrack: [],
  }
}

function tried(rules: readonly string[], state: Host, input = 'ACCEPT') {
  const chains = [`INPUT ${input}`, 'FORWARD ACCEPT', 'OUTPUT DROP'].map((chain) => `:${chain} [0:0]\n`).join('')
  const world = makeWorld(`*filter\n${chains}${rules.map((rule) => `${rule}\n`).join('')}COMMIT\n`, state, 'ip6')
  const { evidence, ended } = modelEngine.play(world, SYN)
  const journey = explain(evidence, world, { ended })
  noteTrials(journey, tryFixesOf(evidence, world, modelEngine))
  return { journey, repair: severalCauses(evidence, journey, world, modelEngine)?.fix[0] }
}

/** What is said against the rule that accepts the packet. */
function but(rules: readonly string[], neighbour?: Partial<Neighbour>): string | undefined {
  const { journey } = tried(rules, host(neighbour))
  const fix = journey.findings.flatMap((one) => one.fix).find(({ description }) => /^accept such/.test(description))
  expect(fix?.after).toBe('sent')
  return fix?.but
}

describe('a fix behind which the next hop is to be found', () => {
  const FOUND: Partial<Neighbour> = { mac: '02:00:00:00:00:02', state: ['STALE'] }
  const accepts = (type: number) => `-A OUTPUT -p ipv6-icmp -m icmp6 --icmpv6-type ${type} -j ACCEPT`

  it.each<[string, string[], Partial<Neighbour> | undefined, string | undefined]>([
    ['solicitations are dropped', [accepts(136)], undefined, 'neighbour discovery would be stopped'],
    ['its address is known', [accepts(136)], FOUND, undefined],
    ['advertisements are dropped', [accepts(135)], FOUND, 'neighbour discovery would be stopped'],
    ['both are accepted', [accepts(135), accepts(136)], undefined, undefined],
    [
      'what it replies is dropped',
      [accepts(135), accepts(136), '-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 136 -j DROP'],
      undefined,
      'neighbour discovery would be stopped',
    ],
    [
      'it has not answered',
      [accepts(135), accepts(136)],
      { state: ['FAILED'] },
      'its next hop has not replied to ARP or neighbour discovery',
    ],
  ])('%s', (_name, rules, neighbour, said) => expect(but(rules, neighbour)).toBe(said))

  // ip neigh prints nothing before the first neighbour, and a bundle then has no such file
  it('accepts discovery in both directions where no neighbour was listed', () => {
    const { neighbours: _, ...state } = host()
    const { repair } = tried([], state, 'DROP')
    const commands = String(fixCommands(repair!).command)
    for (const chain of ['INPUT', 'OUTPUT'])
      for (const type of [135, 136])
        expect(commands).toContain(`ip6tables -A ${chain} -p ipv6-icmp --icmpv6-type ${type} -j ACCEPT`)
    expect(repair?.after).toBe('sent')
  })

  it('has nothing to find on a link without link addresses', () => {
    const { neighbours: _, ...state } = host()
    const links = state.links!.map(({ mac: _mac, ...link }) => link)
    const { repair } = tried([], { ...state, links }, 'DROP')
    expect(repair?.edits).toHaveLength(2)
  })
})
