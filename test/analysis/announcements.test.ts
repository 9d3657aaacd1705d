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
