/** What hosts tell a whole link is no request, and no loss where this host has no use for it. */
import { describe, expect, test } from 'vitest'
import { isProblem } from '../../src/analysis/is-problem.ts'
import { open } from '../../src/index.ts'
import { isAnnouncement } from '../../src/model/announcement.ts'
import type { Journey } from '../../src/model/journey.ts'
import type { Packet } from '../../src/model/packet.ts'

const TOLD: readonly Packet[] = [
  { protocol: 'icmpv6', icmpType: 143, dst: 'ff02::16' },
  { protocol: '0', dst: 'ff02::16' },
  { protocol: 'icmpv6', icmpType: 133, dst: 'ff02::2' },
  { protocol: 'icmpv6', icmpType: 135, dst: 'ff02::1:ff00:20' },
  { protocol: 'igmp', dst: '224.0.0.22' },
]
const OTHERS: readonly Packet[] = [
  { protocol: 'udp', dst: '224.0.0.251', dport: 5353 },
  { protocol: 'udp', dst: 'ff02::fb', dport: 5353 },
  { protocol: 'icmpv6', icmpType: 128, dst: 'ff02::1' },
  { protocol: 'icmp', icmpType: 8, dst: '10.0.0.1' },
]

describe('announcements', () => {
  test.each(TOLD)('%j is one', (packet) => {
    expect(isAnnouncement(packet)).toBe(true)
    const journey: Journey = {
      ...{ id: '1', family: 'ip6', packet, steps: [], outcome: 'vanished', basis: 'observed', cause: [], findings: [] },
    }
    expect(isProblem(journey)).toBe(false)
    expect(isProblem({ ...journey, outcome: 'dropped' })).toBe(true)
  })
  test.each(OTHERS)('%j is none', (packet) => expect(isAnnouncement(packet)).toBe(false))

  test('are no exchanges', async () => {
    const line = (id: string, what: string) =>
      `trace id ${id} inet fw in packet: iif "eth0" ip6 saddr fe80::1 ip6 daddr ff02::1 ip6 hoplimit 255 ip6 nexthdr ipv6-icmp ip6 length 32 icmpv6 type ${what} icmpv6 code no-route\ntrace id ${id} inet fw in policy accept\n`
    const analysis = await open([
      {
        name: 'rules.nft',
        text: 'table inet fw {\n\tchain in {\n\t\ttype filter hook input priority filter; policy accept;\n\t}\n}\n',
      },
      { name: 'trace.txt', text: line('00000001', 'nd-router-advert') + line('00000002', 'echo-request') },
    ])
    const { exchanges } = await analysis.exchanges()
    expect(exchanges.map(({ id }) => id)).toEqual(['2'])
  })
})

test('what hosts send to all of a link stands below what somebody has asked', async () => {
  const rules =
    'table inet fw {\n\tchain in {\n\t\ttype filter hook input priority filter; policy drop;\n\t\ttcp dport 22 accept\n\t}\n}\n'
  const event = (id: string, headers: string, end: string) =>
    `trace id ${id} inet fw in packet: iif "eth0" ${headers}\ntrace id ${id} inet fw in ${end}\n`
  const ip = (src: string, dst: string, rest: string) =>
    `ip saddr ${src} ip daddr ${dst} ip ttl 64 ip id 1 ip length 60 ip protocol ${rest}`
  const background = [
    'ip6 saddr fe80::1 ip6 daddr ff02::2 ip6 hoplimit 255 ip6 nexthdr ipv6-icmp ip6 length 16 icmpv6 type nd-router-solicit icmpv6 code no-route',
    ip('192.0.2.7', '224.0.0.251', 'udp udp sport 5353 udp dport 5353'),
    ip('192.0.2.7', '224.0.0.252', 'udp udp sport 50000 udp dport 5355'),
    ip('0.0.0.0', '255.255.255.255', 'udp udp sport 68 udp dport 67'),
    ip('192.0.2.7', '192.0.2.255', 'udp udp sport 137 udp dport 137'),
    ip('192.0.2.7', '224.0.0.22', 'igmp'),
  ].map((headers, i) => event(`0000000${i}`, headers, 'policy drop'))
  const asked = event(
    '000000ff',
    ip('192.0.2.8', '192.0.2.1', 'tcp tcp sport 40000 tcp dport 22 tcp flags == syn tcp window 64240'),
    'rule tcp dport 22 accept (verdict accept)',
  )
  const analysis = await open([
    { name: 'rules.nft', text: rules },
    { name: 'trace.txt', text: background.join('') + asked },
  ])
  const { groups } = await analysis.groups()
  expect(groups[0]!.journey.packet.dport).toBe(22)
  expect(groups.filter(({ journey }) => journey.outcome === 'dropped').length).toBeGreaterThanOrEqual(5)
})
