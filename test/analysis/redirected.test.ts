/** A rule redirects requests to this host itself, and no chain comes behind it that would show which address they have then. */
import { describe, expect, it } from 'vitest'
import { open } from '../../src/index.ts'

interface TestPacket {
  in?: string
  out?: string
  src: string
  dst: string
  ports: readonly [number, number]
  /** `syn`, `syn | ack`; absent: UDP. */
  flags?: string
  /** As newer kernels tell it. */
  ct?: 'original' | 'reply'
}

const ADDRESSES = `2: lan    inet 192.0.2.1/24 scope global lan\\       valid_lft forever preferred_lft forever
2: lan    inet6 2001:db8:1::1/64 scope global \\       valid_lft forever preferred_lft forever
`
const ROUTES = `local 192.0.2.1 dev lan table local proto kernel scope host src 192.0.2.1
192.0.2.0/24 dev lan proto kernel scope link src 192.0.2.1
`
const RULES = (rule: string) => `table inet fw {
  chain pre {
    type nat hook prerouting priority dstnat; policy accept;
    ${rule} # handle 3
  }
  chain out {
    type filter hook output priority filter; policy accept;
  }
}
`

function traced({ src, dst, ports: [sport, dport], flags, ...packet }: TestPacket, id: number, rule: string): string {
  const family = src.includes(':') ? 'ip6' : 'ip'
  const l4 = flags
    ? `tcp sport ${sport} tcp dport ${dport} tcp flags == ${flags}`
    : `udp sport ${sport} udp dport ${dport}`
  const hop =
    family === 'ip' ? `ip ttl 64 ip id ${id} ip protocol ${flags ? 'tcp' : 'udp'} ip length 60` : 'ip6 hoplimit 64'
  const way = packet.in ? `iif "${packet.in}"` : `oif "${packet.out}"`
  const chain = packet.in ? 'pre' : 'out'
  const start = `trace id 0000000${id} inet fw ${chain}`
  const ct = packet.ct
    ? [
        `${start} conntrack: ct direction ${packet.ct} ct state ${packet.ct === 'reply' ? 'established' : 'new'} ct id ${id}`,
      ]
    : []
  return [
    ...ct,
    `${start} packet: ${way} ${family} saddr ${src} ${family} daddr ${dst} ${hop} ${l4}`,
    packet.in ? `${start} rule ${rule} (verdict accept)` : `${start} verdict continue`,
    ...(packet.in ? [] : [`${start} policy accept`]),
    '',
  ].join('\n')
}

async function exchanges(rule: string, packets: TestPacket[], more: Record<string, string> = { ADDRESSES, ROUTES }) {
  const files: Record<string, string> = {
    'trace.txt': packets.map((one, i) => traced(one, i + 1, rule)).join(''),
    'rules.nft': RULES(rule),
    ...more,
  }
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  const { exchanges } = await analysis.exchanges()
  return exchanges.map(({ status, became, journeys: { request, replies } }) => ({
    ...{ status, to: became && `${became.dst ?? '?'} ${became.dport}` },
    journeys: [request.length, replies.length],
  }))
}

const DNS = 'udp dport 53 redirect to :53'
const asked: TestPacket = { in: 'lan', src: '192.0.2.9', dst: '203.0.113.53', ports: [40_000, 53] }
const reply: TestPacket = { out: 'lan', src: '192.0.2.1', dst: '192.0.2.9', ports: [53, 40_000] }

describe('the reply comes from the address that the rule gave', () => {
  it('of a datagram', async () => {
    expect(await exchanges(DNS, [asked, reply])).toEqual([{ status: 'answered', to: '192.0.2.1 53', journeys: [1, 1] }])
  })

  it('over IPv6', async () => {
    const own = { ...asked, src: '2001:db8:1::9', dst: '2001:db8:9::53' }
    const back = { ...reply, src: '2001:db8:1::1', dst: '2001:db8:1::9' }
    expect(await exchanges(DNS, [own, back])).toEqual([
      { status: 'answered', to: '2001:db8:1::1 53', journeys: [1, 1] },
    ])
  })

  it('of a handshake, from another port', async () => {
    const syn: TestPacket = { ...asked, ports: [40_000, 80], flags: 'syn' }
    const ack: TestPacket = { ...reply, ports: [3128, 40_000], flags: '0x12' }
    const rule = 'tcp dport 80 redirect to :3128'
    expect(await exchanges(rule, [syn, ack])).toEqual([{ status: 'answered', to: '192.0.2.1 3128', journeys: [1, 1] }])
  })

  it('where DNAT gave it', async () => {
    const rule = 'udp dport 53 dnat ip to 192.0.2.1:5353'
    expect(await exchanges(rule, [asked, { ...reply, ports: [5353, 40_000] }])).toEqual([
      { status: 'answered', to: '192.0.2.1 5353', journeys: [1, 1] },
    ])
  })
})

it('is a reply also where this host’s addresses are not known', async () => {
  const routes = { routes: 'local 203.0.113.1 dev wan table local proto kernel scope host src 203.0.113.1\n' }
  const rule = 'udp dport 53 redirect to :5353'
  const [only, ...others] = await exchanges(rule, [asked, { ...reply, ports: [5353, 40_000] }], routes)
  expect(others).toEqual([])
  expect(only).toMatchObject({ status: 'answered', journeys: [1, 1] })
})

it('is a reply where conntrack says so', async () => {
  const rule = 'udp dport 53 accept'
  const own = { ...asked, dst: '192.0.2.1' }
  const [only] = await exchanges(rule, [own, { ...reply, src: '192.0.2.2', ct: 'reply' }])
  expect(only).toMatchObject({ status: 'answered', journeys: [1, 1] })
})

it('is none where no rule redirects', async () => {
  const [first] = await exchanges('udp dport 54 redirect to :53', [asked, { ...reply, src: '192.0.2.7' }])
  expect(first?.status).not.toBe('answered')
})
