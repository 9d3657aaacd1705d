/** Fragments of one datagram are one request: only the first has ports, and all of them have to arrive. */
import { expect, it } from 'vitest'
import { open, printReport } from '../../src/index.ts'
import { log, type TestPacket } from '../journey/kernel-lines.ts'

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

const card = async (...events: readonly string[][]) => {
  const { groups, ending } = await (await analysed(...events)).groups()
  return printReport('text', groups, ending).replace(/\n +/g, ' ')
}

it('its card names the rules that a fragment without ports cannot match; that of the first one names the fragment', async () => {
  const text = await card(met('01', 7, FIRST, accepted), met('02', 7, LATER, 'policy drop '))
  expect(text).toContain('udp sport 5060; the packet is not the first fragment, and so has no ports.')
  expect(text).toMatch(
    /✗ DROPPED by ip guard forward policy +#1 .*? cause +Another packet of this exchange, #2, was dropped by ip guard forward policy\./,
  )
  expect(text).not.toContain('private source')
})

it('what the first one was near to says nothing of the later one', async () => {
  const masquerade =
    'table ip nat {\n  chain postrouting { type nat hook postrouting priority srcnat; oifname "eth9" masquerade; }\n}\n'
  const text = met('01', 7, FIRST, accepted)
  const nat = text[0]!.replace('guard forward', 'nat postrouting').replace('iif "tap0" ', '')
  const events = [...text, nat, 'trace id 01 ip nat postrouting policy accept ', ...met('02', 7, LATER, 'policy drop ')]
  const [one] = (
    await (
      await open([
        { name: 'ruleset.nft', text: RULES + masquerade },
        { name: 'trace.txt', text: `${events.join('\n')}\n` },
      ])
    ).exchanges()
  ).exchanges
  expect(one).toMatchObject({ status: 'dropped', journeys: { request: ['1', '2'] } })
  expect(JSON.stringify(one!.findings)).not.toContain('masquerade')
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

it('without the first one, what became of the datagram is unknown', async () => {
  const packet: TestPacket = { in: 'tap0', out: 'eth0', src: '10.20.0.2', dst: '192.0.2.9', protocol: 'udp', id: 7 }
  const later = log('TRACE: filter:FORWARD:policy:1 ', packet)
    .replace('PROTO=UDP', 'FRAG:185 PROTO=UDP')
    .replace(/SPT=.*/, '')
  const analysis = await open([
    { name: 'rules.v4', text: '*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n' },
    { name: 'trace.log', text: `[   10.000000] ${later}\n[   11.000000] ${later.replace('ID=7', 'ID=8')}\n` },
  ])
  const { groups, ending } = await analysis.groups()
  const text = printReport('text', groups, ending)
  expect(text).toMatch(/^! FORWARDED/)
  expect(text.replace(/\n +/g, ' ')).toContain('Only later fragments of this datagram were captured.')
})
