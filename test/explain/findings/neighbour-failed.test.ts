/** The next hop does not answer, perhaps as a rule keeps its answer from this host. */
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { explain } from '../../../src/explain/explain.ts'
import type { Host, Packet } from '../../../src/index.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { explainFile, worldOf } from '../../journey/journeys.ts'

const FILTER =
  'table inet own {\n\tchain output {\n\t\ttype filter hook output priority filter; policy accept;\n\t\tcounter # handle 2\n\t}\n}\n'
const SIX: Partial<Packet> = { src: '2001:db8::1', dst: '2001:db8::2' }

function found(
  rules: string,
  packet: Partial<Packet> = {},
  ports: readonly string[] = [],
  { bridge: more = {}, portState }: { bridge?: object; portState?: string } = {},
) {
  const world = worldOf(FILTER + rules)
  const address = (family: 'ip' | 'ip6', own: string, prefixLength: number) => ({ family, address: own, prefixLength })
  const route = (family: 'ip' | 'ip6', type: 'local' | 'unicast', destination: string) => ({
    ...{ family, type, destination, table: type === 'local' ? 'local' : 'main', device: 'br0' },
  })
  Object.assign(world.host, {
    links: [
      {
        ...{ index: 3, name: 'br0', kind: 'bridge', ...more },
        addresses: [address('ip', '10.0.0.1', 24), address('ip6', '2001:db8::1', 64)],
      },
      ...ports.map((name, i) => ({
        ...{ index: 4 + i, name, master: 'br0', addresses: [] },
        ...(portState ? { portState } : {}),
      })),
    ],
    routes: [
      route('ip', 'local', '10.0.0.1/32'),
      route('ip', 'unicast', '10.0.0.0/24'),
      route('ip6', 'local', '2001:db8::1/128'),
      route('ip6', 'unicast', '2001:db8::/64'),
    ],
    neighbours: [
      { family: 'ip', address: '10.0.0.2', device: 'br0', state: ['FAILED'] },
      { family: 'ip6', address: '2001:db8::2', device: 'br0', state: ['FAILED'] },
    ],
  } satisfies Host)
  const asked: Packet = { protocol: 'tcp', src: '10.0.0.1', dst: '10.0.0.2', sport: 4000, dport: 80, ...packet }
  const { evidence, ended } = modelEngine.play(world, { ...asked, tcpFlags: ['syn'] })
  const journey = explain(evidence, world, { ended })
  return journey.findings.find(({ code }) => code === 'neighbour-failed')
}

const bridge = (hook: string, ...lines: string[]) =>
  `table bridge fw {\n\tchain ${hook} {\n\t\ttype filter hook ${hook} priority filter; policy accept;\n${lines.map((line) => `\t\t${line}\n`).join('')}\t}\n}\n`

describe('neighbour-failed', () => {
  it("names a bridge's rule that drops what neighbours reply", () => {
    const one = found(bridge('input', 'ip saddr 10.0.0.0/24 accept # handle 4', 'drop # handle 5'))!
    expect([one.severity, one.rules[0]?.handle]).toEqual(['error', 5])
    expect(one.message).toBe(
      'The neighbour entry of 10.0.0.2 on br0 is FAILED: bridge fw input handle 5 drops ARP replies, which a trace of the IP chains does not show.',
    )
    expect(String(fixCommands(one.fix[0]!).command)).toBe(
      'nft insert rule bridge fw input handle 5 ether type arp accept comment nfwhy-neighbours-5',
    )
  })

  it('names the port that spanning tree keeps from forwarding', () => {
    const one = found('', {}, ['veth1'], { portState: 'listening' })!
    expect(one.message).toContain(
      'Spanning tree (STP) keeps veth1, a port of br0, from forwarding: its state is listening. A new port waits for twice the forward delay',
    )
    expect(one.fix[0]!.description).toContain('ip link set br0 type bridge stp_state 0')
    expect(found('', {}, ['veth1'])!.message).not.toContain('STP')
  })

  it('names multicast snooping, which concerns IPv6 alone', () => {
    const snoops = { bridge: { snoops: true } }
    expect(found('', SIX, [], snoops)!.message).toContain('a port without an MLD report gets no neighbour solicitation')
    expect(found('', {}, [], snoops)!.message).not.toContain('snooping')
    expect(found('', SIX)!.message).not.toContain('snooping')
  })

  it('names one that drops what is asked of them', () => {
    const arp = (policy: string, rule: string) =>
      found(
        `table arp fw {\n\tchain output {\n\t\ttype filter hook output priority filter; policy ${policy};\n\t\t${rule}\n\t}\n}\n`,
      )
    expect(arp('drop', 'arp operation reply accept # handle 4')?.message).toMatch(
      /arp fw output policy drops ARP requests/,
    )
    const one = arp('accept', 'arp operation request drop # handle 4')!
    expect(String(fixCommands(one.fix[0]!).command)).toBe(
      'nft insert rule arp fw output handle 4 accept comment nfwhy-neighbours-4',
    )
    expect(arp('accept', 'arp operation reply drop # handle 4')?.severity).toBe('warning')
  })

  it('says of what is forwarded on link that the address may be behind another interface, as a guest is', () => {
    const words = (packet: Partial<Packet>) => found('', packet)?.fix.at(-1)?.description
    const check = 'check that 10.0.0.2 is up and connected to br0; ip neigh then lists it'
    expect(words({})).toBe(check)
    expect(words({ in: 'lan', src: '10.9.0.7' })).toBe(
      `${check}. If it is behind another interface, add a route that leads there`,
    )
    expect(words({ in: 'br0', src: '10.0.0.7' })).toBe(check)
  })

  it('knows neighbour discovery', () => {
    const rules = bridge('input', 'icmpv6 type nd-neighbor-advert drop # handle 4')
    const one = found(rules, SIX)!
    expect(one.message).toMatch(
      /^The neighbour entry of 2001:db8::2 on br0 is FAILED: bridge fw input handle 4 drops neighbour advertisements, which a trace of the IP chains/,
    )
    expect(String(fixCommands(one.fix[0]!).command)).toContain(
      'icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept',
    )
  })

  const arpInput = (...lines: string[]) =>
    `table arp fw {\n\tchain input {\n\t\ttype filter hook input priority filter; policy accept;\n${lines.map((line) => `\t\t${line}\n`).join('')}\t}\n}\n`

  it('names one that accepts replies from link addresses that it lists alone', () => {
    const one = found(
      arpInput(
        'arp operation reply arp saddr ip . arp saddr ether != { 10.0.0.2 . 02:00:00:00:00:01 } drop # handle 4',
      ),
    )!
    expect([one.severity, one.rules[0]?.handle]).toEqual(['warning', 4])
    expect(one.message).toBe(
      'The neighbour entry of 10.0.0.2 on br0 is FAILED. arp fw input handle 4 drops ARP replies from MAC addresses that it does not accept, which a trace of the IP chains does not show: compare the MAC address of 10.0.0.2.',
    )
  })

  it('does not say that nobody replied where a chain may have dropped it', () => {
    const one = found(arpInput('meta priority 7 drop # handle 4'))!
    expect(one.message).toBe(
      'The neighbour entry of 10.0.0.2 on br0 is FAILED. Whether arp fw input drops ARP replies is unknown.',
    )
    const passes = found(arpInput('arp saddr ip 10.0.0.2 accept # handle 4', 'meta priority 7 drop # handle 5'))!
    expect(passes.message).toBe('10.0.0.2 on br0 has not replied to ARP: its neighbour entry is FAILED.')
  })

  it("plays neighbour discovery through IPv6's own chains as well", () => {
    const rules = (accepts: string) =>
      `table ip6 fw {\n\tchain input {\n\t\ttype filter hook input priority filter; policy drop;\n\t\tct state established,related accept # handle 4\n\t\t${accepts} # handle 5\n\t}\n}\n`
    expect(found(rules('tcp dport 22 accept'), SIX)?.message).toBe(
      'The neighbour entry of 2001:db8::2 on br0 is FAILED: ip6 fw input policy drops neighbour advertisements.',
    )
    expect(found(rules('icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept'), SIX)?.rules).toEqual([])
  })

  describe("with a filter of a bridge's port", () => {
    const only = (port: string, address: string) => [
      `iifname "${port}" arp saddr ip ${address} accept # handle 4`,
      `iifname "${port}" ether type arp drop # handle 5`,
    ]

    it('names the rule that drops that address there, if that is the port', () => {
      const one = found(bridge('input', ...only('vm5', '10.0.0.7')), {}, ['vm5', 'vm6'])!
      expect([one.severity, one.rules[0]?.handle]).toEqual(['warning', 5])
      expect(one.message).toMatch(
        /FAILED\. If the neighbour is behind port vm5, this explains the missing reply: bridge fw input handle 5 drops ARP replies with that address at vm5/,
      )
      expect(found(bridge('input', ...only('vm5', '10.0.0.7')), {}, ['vm5'])?.severity).toBe('error')
    })

    it('says of a filter of link addresses to compare them', () => {
      const rules = bridge(
        'input',
        'iifname "vm5" ether saddr 02:00:00:00:00:05 accept',
        'iifname "vm5" drop # handle 5',
      )
      const one = found(rules, {}, ['vm5', 'vm6'])!
      expect([one.severity, one.rules[0]?.handle]).toEqual(['warning', 5])
      expect(one.message).toMatch(
        /If the neighbour is behind port vm5, compare its MAC address: bridge fw input handle 5 drops/,
      )
    })

    it('names none where a port accepts it, or several drop it', () => {
      const own = bridge('input', ...only('vm6', '10.0.0.2'), ...only('vm5', '10.0.0.7'))
      const none = bridge('input', ...only('vm6', '10.0.0.8'), ...only('vm5', '10.0.0.7'))
      for (const rules of [own, none]) expect(found(rules, {}, ['vm5', 'vm6'])?.rules).toEqual([])
    })
  })

  it.each([
    ['ARP is accepted', bridge('input', 'ether type arp accept # handle 4', 'drop # handle 5'), {}],
    ['it drops IPv4 alone', bridge('input', 'ip saddr 10.0.0.0/24 drop # handle 4'), {}],
    ['it asks by which port it comes', bridge('input', 'iifname "eth7" drop # handle 4'), {}],
    ['it drops ARP, and the packet is of IPv6', bridge('input', 'ether type arp drop # handle 4'), SIX],
  ])('is a warning that names no rule where %s', (_name, rules, packet) => {
    const one = found(rules, packet)
    expect([one?.severity, one?.rules]).toEqual(['warning', []])
  })
})

describe('one next hop of several', () => {
  const toBoth = (...nexthops: { gateway: string; device: string; weight: number }[]) => {
    const world = worldOf(FILTER)
    const link = (index: number, name: string, address: string) => ({
      ...{ index, name },
      addresses: [{ family: 'ip' as const, address, prefixLength: 24 }],
    })
    const route = (destination: string, more: object) => ({ family: 'ip' as const, destination, ...more })
    Object.assign(world.host, {
      links: [link(2, 'eth1', '192.168.1.2'), link(3, 'eth2', '192.168.2.2')],
      routes: [
        route('192.168.1.0/24', { type: 'unicast', table: 'main', device: 'eth1' }),
        route('192.168.2.0/24', { type: 'unicast', table: 'main', device: 'eth2' }),
        route('192.168.1.2/32', { type: 'local', table: 'local', device: 'eth1' }),
        route('192.168.2.2/32', { type: 'local', table: 'local', device: 'eth2' }),
        route('203.0.113.9/32', { type: 'unicast', table: 'main', nexthops }),
      ] as NonNullable<Host['routes']>,
      neighbours: [{ family: 'ip', address: '192.168.2.1', device: 'eth2', state: ['FAILED'] }],
    } satisfies Host)
    const trace = `trace id 1 inet own output packet: oif "eth2" ip saddr 192.168.2.2 ip daddr 203.0.113.9 ip id 7 ip protocol udp ip length 60 udp sport 40000 udp dport 65001
trace id 1 inet own output rule counter (verdict continue)
trace id 1 inet own output policy accept
`
    const [journey] = explainFile(trace, world).journeys
    return journey?.findings.find(({ code }) => code === 'neighbour-failed')
  }
  const [first, second] = [
    { gateway: '192.168.1.1', device: 'eth1', weight: 1 },
    { gateway: '192.168.2.1', device: 'eth2', weight: 250 },
  ]

  it('is the one that leads out of the interface that the packet left by, and is left out of the route', () => {
    const one = toBoth(first, second)!
    expect(one.message).toBe(
      '192.168.2.1 on eth2, one of 2 gateways to 203.0.113.9/32, has not replied to ARP: its neighbour entry is FAILED.',
    )
    expect(String(fixCommands(one.fix[0]!).command)).toBe('ip route replace 203.0.113.9/32 via 192.168.1.1 dev eth1')
    expect(String(fixCommands(one.fix[0]!).undo)).toBe(
      'ip route replace 203.0.113.9/32 nexthop via 192.168.1.1 dev eth1 weight 1 nexthop via 192.168.2.1 dev eth2 weight 250',
    )
  })

  it('is not guessed where two of them lead out of it', () => {
    expect(toBoth(first, second, { ...second, gateway: '192.168.2.9' })).toBeUndefined()
  })
})
