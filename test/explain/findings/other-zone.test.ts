/** A zone in one direction: conntrack does not find the reply's connection. */
import { describe, expect, it } from 'vitest'
import type { Route } from '../../../src/index.ts'
import { explainFile, worldOf } from '../../journey/journeys.ts'
import { entry, ROUTER } from '../../simulate/world.ts'
import { repairOf } from '../repaired.ts'
import { type Case, REPLY, SYN, told } from './played.ts'

const zoned = (...rules: string[]): Case => ({
  rules: { raw: rules, nat: [], filter: [] },
  packet: REPLY,
  host: {
    // DNAT sent the request for the router's own address to 10.0.2.2
    conntrack: [
      entry({
        original: { src: '10.0.1.2', dst: '10.0.1.1', sport: 40_000, dport: 8080 },
        reply: { src: '10.0.2.2', dst: '10.0.1.2', sport: 80, dport: 40_000 },
      }),
    ],
  },
})

describe('other-zone', () => {
  it('names the rule of the request, where the reply goes on and nat is not undone', () => {
    const found = told(zoned('-A PREROUTING -i eth0 -j CT --zone 5'), 'other-zone')
    expect(found?.message).toBe(
      'The zones differ: raw PREROUTING rule 1 puts the request into zone 5, but no rule assigns a zone to the reply. So conntrack treats the reply as part of another connection and does not undo NAT: the reply keeps the source 10.0.2.2, but the client contacted 10.0.1.1.',
    )
    expect(found?.rules).toEqual(['raw PREROUTING rule 1'])
    expect(found?.fix).toMatch(
      /^iptables -t raw -A PREROUTING -s 10\.0\.2\.2 -d 10\.0\.1\.2 -i eth1 -p tcp --sport 80 -j CT --zone 5 → /,
    )
  })

  it('goes by the entry, where the request came in by another interface than routes lead back to', () => {
    const { rules, packet, host } = zoned('-A PREROUTING -i eth2 -j CT --zone 5')
    const [listed] = host!.conntrack!
    const found = (more: object, links = [...ROUTER.links!, { index: 9, name: 'eth2' }]) =>
      told({ rules, packet: packet!, host: { links, conntrack: [{ ...listed!, ...more }] } }, 'other-zone')
    expect(found({ zone: 5 })?.message).toContain(
      'raw PREROUTING rule 1 puts the request into zone 5, but no rule assigns a zone to the reply.',
    )
    expect(found({ zone: 5 }, ROUTER.links!)?.message).toContain(
      'conntrack has the request in zone 5, but no rule assigns a zone to the reply.',
    )
    expect(found({})).toBeUndefined()
  })

  it('is told whatever a table without zones may have counted of the request, which came on', () => {
    const ruleset = `table inet early {
\tset callers {
\t\ttype ipv4_addr
\t\tsize 65535
\t\tflags dynamic,timeout
\t\ttimeout 1m
\t}
\tchain pre {
\t\ttype filter hook prerouting priority -310; policy accept;
\t\ttcp flags & (syn | ack) == syn add @callers { ip saddr limit rate over 300/second burst 600 packets } drop # handle 3
\t}
}
table inet zones {
\tchain pre {
\t\ttype filter hook prerouting priority -300; policy accept;
\t\tiifname "eth0" ct zone set 5 # handle 2
\t}
}
table inet fw {
\tchain forward {
\t\ttype filter hook forward priority filter; policy drop;
\t\tct state established accept # handle 2
\t}
}
`
    const headers =
      'ip saddr 10.0.2.2 ip daddr 10.0.1.2 ip dscp cs0 ip ecn not-ect ip ttl 64 ip id 7 ip protocol tcp ip length 60 tcp sport 80 tcp dport 40000 tcp flags == syn|ack tcp window 64240 '
    const at = (place: string, device: string) => [
      `trace id 0a0b0c0d ${place} packet: ${device} ${headers}`,
      `trace id 0a0b0c0d ${place} policy accept `,
    ]
    const lines = [
      ...at('inet early pre', 'iif "eth1"'),
      ...at('inet zones pre', 'iif "eth1"'),
      ...at('inet fw forward', 'iif "eth1" oif "eth0"'),
    ]
    const text = `${lines.join('\n').replace(/policy accept $/, 'policy drop ')}\n`
    const known = entry({
      original: { src: '10.0.1.2', dst: '10.0.2.2', sport: 40_000, dport: 80 },
      reply: { src: '10.0.2.2', dst: '10.0.1.2', sport: 80, dport: 40_000 },
    })
    const world = { ...worldOf(ruleset), host: { ...ROUTER, conntrack: [known] } }
    const found = explainFile(text, world).journeys[0]!.findings.find(({ code }) => code === 'other-zone')
    expect(found?.message).toContain('inet zones pre handle 2 puts the request into zone 5')
  })

  it('names the rule of the reply, and puts the request into its zone', () => {
    const found = told(zoned('-A PREROUTING -i eth1 -j CT --zone 5'), 'other-zone')
    expect(found?.message).toContain('no rule assigns a zone to the request, but raw PREROUTING rule 1 puts the reply')
    expect(found?.fix).toMatch(
      /^iptables -t raw -A PREROUTING -s 10\.0\.1\.2 -d 10\.0\.1\.1 -i eth0 -p tcp --dport 8080 -j CT --zone 5 → /,
    )
  })

  it('puts what this host sends into the zone in OUTPUT, where that meets connection tracking', () => {
    const redirected = entry({
      original: { src: '10.0.1.2', dst: '10.0.1.1', sport: 40_000, dport: 80 },
      reply: { src: '10.0.1.1', dst: '10.0.1.2', sport: 8080, dport: 40_000 },
    })
    const { in: _, ...reply } = { ...REPLY, src: '10.0.1.1', sport: 8080 }
    const one = zoned('-A PREROUTING -i eth0 -j CT --zone 5')
    expect(told({ ...one, packet: reply, host: { conntrack: [redirected] } }, 'other-zone')?.fix).toMatch(
      /^iptables -t raw -A OUTPUT -s 10\.0\.1\.1 -d 10\.0\.1\.2 .*--sport 8080 -j CT --zone 5 → /,
    )
  })

  it('puts the requests of this host into the zone of their replies', () => {
    const own = entry({
      original: { src: '10.0.1.1', dst: '172.29.1.1', sport: 40_000, dport: 80 },
      reply: { src: '10.0.1.2', dst: '10.0.1.1', sport: 80, dport: 40_000 },
    })
    const rules = { raw: ['-A PREROUTING -i eth0 -j CT --zone 5'], filter: ['-P INPUT DROP'] }
    const reply = { ...REPLY, in: 'eth0', src: '10.0.1.2', dst: '10.0.1.1' }
    expect(told({ rules, packet: reply, host: { conntrack: [own] } }, 'other-zone')?.fix).toMatch(
      /^iptables -t raw -A OUTPUT -s 10\.0\.1\.1 -d 172\.29\.1\.1 .*--dport 80 -j CT --zone 5 → /,
    )
  })

  it('is not told of zones that are alike, nor where nothing was rewritten', () => {
    expect(told(zoned('-A PREROUTING -j CT --zone 5'), 'other-zone')).toBeUndefined()
    const plain = entry({
      original: { src: '10.0.1.2', dst: '10.0.2.2', sport: 40_000, dport: 80 },
      reply: { src: '10.0.2.2', dst: '10.0.1.2', sport: 80, dport: 40_000 },
    })
    const { host: _, ...one } = zoned('-A PREROUTING -i eth0 -j CT --zone 5')
    expect(told({ ...one, host: { conntrack: [plain] } }, 'other-zone')).toBeUndefined()
  })
})

it('goes by the interface of the request that was played, where no route leads back to it', () => {
  const rules = {
    raw: ['-A PREROUTING -i eth0 -j CT --zone 5'],
    nat: ['-A POSTROUTING -o eth1 -j MASQUERADE'],
    filter: ['-P INPUT DROP', '-A FORWARD -p tcp -m tcp --dport 80 -j DROP'],
  }
  const refused: Route = { family: 'ip', type: 'prohibit', destination: '10.0.1.2/32', table: 'main' } as Route
  const found = repairOf(rules, SYN, { routes: [...ROUTER.routes!, refused] })
  expect(found?.command).toMatch(
    / -A PREROUTING -s 10\.0\.2\.2 -d 10\.0\.2\.1 -i eth1 .* -j CT --zone 5 && ip route del prohibit /,
  )
  expect(found?.after).toBe('forwarded')
})
