/** Rules keep the next hop from finding the address that the reply is for. */
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { explain } from '../../../src/explain/explain.ts'
import type { ConntrackEntry, Host, Packet } from '../../../src/index.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { worldOf } from '../../journey/journeys.ts'

const NAT =
  'table ip6 nat {\n\tchain post {\n\t\ttype nat hook postrouting priority srcnat; policy accept;\n\t\toifname "up" snat to 2001:db8:1::100 # handle 2\n\t}\n}\n'
const guard = (rule: string) =>
  `table netdev guard {\n\tchain in {\n\t\ttype filter hook ingress device "up" priority filter; policy accept;\n\t\t${rule} # handle 3\n\t}\n}\n`
const GROUP = 'icmpv6 type nd-neighbor-solicit ip6 daddr ff02::1:ff00:100 drop'

function found(
  rules: string,
  more: Partial<Host> = {},
  packet: Partial<Packet> = {},
  code = 'neighbour-discovery-dropped',
) {
  const world = worldOf(rules)
  Object.assign(world.host, {
    links: [
      { index: 2, name: 'lan', addresses: [{ family: 'ip6', address: 'fd00::1', prefixLength: 64 }] },
      {
        ...{ index: 3, name: 'up' },
        addresses: [
          { family: 'ip6', address: '2001:db8:1::1', prefixLength: 64 },
          { family: 'ip6', address: '2001:db8:1::100', prefixLength: 128 },
          { family: 'ip', address: '192.0.2.1', prefixLength: 24 },
        ],
      },
    ],
    routes: [
      ...['2001:db8:1::1/128', '2001:db8:1::100/128', 'fd00::1/128'].map((destination) => ({
        ...({ family: 'ip6', type: 'local', table: 'local' } as const),
        ...{ destination, device: destination.startsWith('fd') ? 'lan' : 'up' },
      })),
      { family: 'ip6', type: 'unicast', destination: '2001:db8:1::/64', table: 'main', device: 'up' },
      { family: 'ip6', type: 'unicast', destination: 'fd00::/64', table: 'main', device: 'lan' },
      { family: 'ip', type: 'local', destination: '192.0.2.1/32', table: 'local', device: 'up' },
      { family: 'ip', type: 'unicast', destination: '192.0.2.0/24', table: 'main', device: 'up' },
    ],
    sysctls: new Map([['net.ipv6.conf.all.forwarding', '1']]),
    ...more,
  } satisfies Host)
  const asked: Packet = {
    ...{ protocol: 'tcp', in: 'lan', src: 'fd00::2', dst: '2001:db8:1::9', sport: 4000, dport: 80, tcpFlags: ['syn'] },
    ...packet,
  }
  if (packet.in === undefined && 'in' in packet) delete asked.in
  const { evidence, ended } = modelEngine.play(world, asked)
  return explain(evidence, world, { ended }).findings.find((one) => one.code === code)
}

describe('neighbour-discovery-dropped', () => {
  it('names the rule that drops solicitations for the address that snat gives', () => {
    const one = found(NAT + guard(GROUP))!
    expect([one.severity, one.rules[0]?.handle]).toEqual(['error', 3])
    expect(one.message).toBe(
      'netdev guard in handle 3 drops neighbour solicitations for 2001:db8:1::100. Unless 2001:db8:1::9 already knows the MAC address of 2001:db8:1::100, no reply can come back.',
    )
    expect(String(fixCommands(one.fix[0]!).command)).toContain(
      'icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert }',
    )
  })

  it('is none where this host cannot even ask: then the packet does not leave', () => {
    const rules =
      'table netdev guard {\n\tchain out {\n\t\ttype filter hook egress device "up" priority filter; policy drop;\n\t\ttcp dport 80 accept # handle 3\n\t}\n}\n'
    expect(found(NAT + rules)).toBeUndefined()
    expect(found(NAT + rules, {}, {}, 'neighbour-failed')?.message).toBe(
      'netdev guard out policy drops neighbour solicitations. Unless this host already knows the MAC address of 2001:db8:1::9, the packet cannot leave.',
    )
    const neighbours: NonNullable<Host['neighbours']> = [
      { family: 'ip6', address: '2001:db8:1::9', device: 'up', mac: '02:00:00:00:00:09', state: ['REACHABLE'] },
    ]
    expect(found(NAT + rules, { neighbours }, {}, 'neighbour-failed')).toBeUndefined()
    expect(found(NAT + rules, { neighbours })?.message).toContain('already knows the MAC address of 2001:db8:1::100')
  })

  it("plays the reply to the neighbour's question as well", () => {
    const rules =
      'table ip6 fw {\n\tchain out {\n\t\ttype filter hook output priority filter; policy accept;\n\t\ticmpv6 type nd-neighbor-advert drop # handle 7\n\t}\n}\n'
    expect(found(NAT + rules)?.message).toMatch(
      /^ip6 fw out handle 7 drops neighbour advertisements of 2001:db8:1::100/,
    )
  })

  it('plays ARP', () => {
    const rules =
      'table ip own {\n\tchain out {\n\t\ttype filter hook output priority filter; policy accept;\n\t\tcounter # handle 2\n\t}\n}\n' +
      'table arp fw {\n\tchain in {\n\t\ttype filter hook input priority filter; policy accept;\n\t\tarp daddr ip 192.0.2.1 arp operation request drop # handle 7\n\t}\n}\n'
    const own = { in: undefined, src: '192.0.2.1', dst: '192.0.2.9' } as unknown as Partial<Packet>
    expect(found(rules, {}, own)?.message).toMatch(/^arp fw in handle 7 drops ARP requests for 192\.0\.2\.1\./)
  })

  const replied: ConntrackEntry = {
    ...{ family: 'ip6', protocol: 'tcp', status: ['assured'] },
    original: { src: 'fd00::3', dst: '2001:db8:1::9', sport: 1, dport: 443 },
    reply: { src: '2001:db8:1::9', dst: '2001:db8:1::100', sport: 443, dport: 1 },
  }
  it.each([
    ['another address is kept from the next hop', NAT + guard(GROUP.replace('100', '101')), {}],
    ['the reply is for the address that it does find', guard(GROUP), {}],
    ['replies have come to that address', NAT + guard(GROUP), { conntrack: [replied] }],
  ])('is not told where %s', (_name, rules, more) => {
    expect(found(rules, more)).toBeUndefined()
  })
})
