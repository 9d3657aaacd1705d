/** Fragments of one datagram are one request: only the first has ports, and all of them have to arrive. */
import { expect, it } from 'vitest'
import { open } from '../../src/index.ts'

const RULES = `table ip guard {
  chain forward { type filter hook forward priority filter; policy drop; udp dport 5060 accept; udp sport 5060 accept; }
}
`
const FIRST = 'ip length 1500 udp sport 40002 udp dport 5060 udp length 2608'
const LATER = 'ip length 1148 udp sport 30568 udp dport 31008 udp length 28262'

const met = (id: string, ipId: number, header: string, end: string): string[] => [
  `trace id ${id} ip guard forward packet: iif "tap0" oif "eth0" ip saddr 10.20.0.2 ip daddr 192.0.2.9 ip ttl 63 ip id ${ipId} ip protocol udp ${header} `,
  `trace id ${id} ip guard forward ${end}`,
]
const accepted = 'rule udp dport 5060 accept # handle 4 (verdict accept)'

const analysed = (...events: readonly string[][]) =>
  open([
    { name: 'ruleset.nft', text: RULES },
    { name: 'trace.txt', text: `${events.flat().join('\n')}\n` },
  ])
const told = async (...events: readonly string[][]) => (await (await analysed(...events)).exchanges()).exchanges

it('a dropped later fragment drops what was asked', async () => {
  const [one, ...others] = await told(met('01', 7, FIRST, accepted), met('02', 7, LATER, 'policy drop '))
  expect(others).toEqual([])
  expect(one).toMatchObject({
    status: 'dropped',
    asked: { protocol: 'udp', sport: 40002, dport: 5060 },
    journeys: { request: ['1', '2'] },
    culprit: { chain: 'forward', rule: 'policy drop' },
  })
  expect(JSON.stringify(one)).not.toMatch(/31008|30568/)
})

it('it stands in front of the first one, which nothing stopped', async () => {
  const { groups } = await (await analysed(met('01', 7, FIRST, accepted), met('02', 7, LATER, 'policy drop '))).groups()
  expect(groups.map(({ journey }) => journey.id)).toEqual(['2', '1'])
})

it('it does so before the first one has ended', async () => {
  const [begin, end] = met('01', 7, FIRST, accepted)
  const exchanges = await told([begin!], met('02', 7, LATER, 'policy drop '), [end!])
  expect(exchanges).toMatchObject([{ status: 'dropped', asked: { dport: 5060 }, journeys: { request: ['1', '2'] } }])
})

it('fragments of other datagrams are others', async () => {
  const exchanges = await told(
    met('01', 7, FIRST, accepted),
    met('02', 8, LATER.replace('1148', '1147'), 'policy drop '),
  )
  expect(exchanges.map(({ status }) => status)).toEqual(['undetermined', 'dropped'])
})
