/** Nat chooses the port that a reply comes to, and no chain but a session's own shows the reply. */
import { expect, it } from 'vitest'
import { open } from '../../src/index.ts'

const RULES = `table inet nfwhy-7 {
  chain prerouting {
    type filter hook prerouting priority -350; policy accept;
    meta nftrace set 1
  }
}
table ip nat {
  chain post {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" masquerade fully-random # handle 2
  }
}
`
const ADDRESSES = `2: lan    inet 192.0.2.1/24 scope global lan\\       valid_lft forever preferred_lft forever
3: wan    inet 203.0.113.1/24 scope global wan\\       valid_lft forever preferred_lft forever
`
const ROUTES = `local 192.0.2.1 dev lan table local proto kernel scope host src 192.0.2.1
local 203.0.113.1 dev wan table local proto kernel scope host src 203.0.113.1
192.0.2.0/24 dev lan proto kernel scope link src 192.0.2.1
203.0.113.0/24 dev wan proto kernel scope link src 203.0.113.1
`

const ip = (src: string, dst: string, id: number) =>
  `ip saddr ${src} ip daddr ${dst} ip ttl 64 ip id ${id} ip length 60`
const asks = (id: number, l4: string, src = '192.0.2.9') =>
  [
    `ip nat post packet: iif "lan" oif "wan" ${ip(src, '203.0.113.2', id)} ${l4}`,
    'ip nat post rule oifname "wan" masquerade fully-random # handle 2 (verdict accept)',
  ].map((line) => `trace id 000000${id} ${line}\n`)
const comes = (id: number, l4: string, src = '203.0.113.2') =>
  [
    `inet nfwhy-7 prerouting packet: iif "wan" ${ip(src, '203.0.113.1', id)} ${l4}`,
    'inet nfwhy-7 prerouting policy accept',
  ].map((line) => `trace id 000000${id} ${line}\n`)

const told = (...lines: string[][]) => toldWith(RULES, ...lines)

async function toldWith(rules: string, ...lines: string[][]) {
  const files = { 'trace.txt': lines.flat().join(''), 'rules.nft': rules, ADDRESSES, ROUTES }
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  const { exchanges } = await analysis.exchanges()
  return exchanges.map(({ journeys: { request, replies } }) => [request, replies])
}

const syn = (port: number, seq: number) =>
  `tcp sport ${port} tcp dport 443 tcp sequence ${seq} tcp ackseq 0 tcp flags == syn`
const synAck = (port: number, ack: number) =>
  `tcp sport 443 tcp dport ${port} tcp sequence 5 tcp ackseq ${ack} tcp flags == 0x12`
it('joins a handshake by the number that it acknowledges', async () => {
  const found = await told(
    asks(11, syn(40_000, 1000)),
    asks(12, syn(40_001, 9000)),
    comes(13, synAck(52_735, 9001)),
    comes(14, synAck(52_736, 1001)),
  )
  expect(found).toEqual([
    [['1'], ['4']],
    [['2'], ['3']],
  ])
})

it('joins none that acknowledges another number, or shows none', async () => {
  for (const answer of [synAck(52_735, 4711), 'tcp sport 443 tcp dport 52735 tcp flags == 0x12'])
    expect(await told(asks(11, syn(40_000, 1000)), comes(12, answer))).toEqual([
      [['1'], []],
      [[], ['2']],
    ])
})

it('joins none from another host', async () => {
  const found = await told(asks(11, syn(40_000, 1000)), comes(12, synAck(52_735, 1001), '203.0.113.7'))
  expect(found.map(([, replies]) => replies)).toEqual([[], ['2']])
})

it('joins none that goes on to a program of this host, or to another one', async () => {
  const more = (chain: string, dst: string) => [
    `trace id 00000012 ip late ${chain} packet: iif "wan" ${ip('203.0.113.2', dst, 12)} ${synAck(52_735, 1001)}\n`,
    `trace id 00000012 ip late ${chain} policy accept\n`,
  ]
  const late = (hook: string) =>
    `table ip late { chain ${hook} { type filter hook ${hook} priority filter; policy accept; } }\n`
  for (const [hook, dst] of [
    ['input', '203.0.113.1'],
    ['forward', '192.0.2.10'],
  ] as const) {
    const found = await toldWith(
      RULES + late(hook),
      asks(11, syn(40_000, 1000)),
      comes(12, synAck(52_735, 1001)),
      more(hook, dst),
    )
    expect(found[0]).toEqual([['1'], []])
  }
})
