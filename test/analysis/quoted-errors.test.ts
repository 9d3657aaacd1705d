/** netfilter's tracing copies 20 bytes of an ICMP error: of the packet that it quotes they have the IP id and the length. */
import { expect, test } from 'vitest'
import { open } from '../../src/index.ts'

const RULES = `table ip fw {
	chain forward {
		type filter hook forward priority filter; policy accept;
	}
}
`
const CLIENT = '192.0.2.7'
const SERVER = '198.51.100.9'

let traces = 0
const passes = (way: string, rest: string) => {
  const head = `trace id ${(++traces).toString(16).padStart(8, '0')} ip fw forward`
  return `${head} packet: ${way} ${rest}\n${head} policy accept\n`
}
const asks = (id: number, port: number, protocol = 'tcp', client = CLIENT) =>
  passes(
    'iif "lan0" oif "wan0"',
    `ip saddr ${client} ip daddr ${SERVER} ip ttl 63 ip id ${id} ip length ${protocol === 'tcp' ? 60 : 33} ${
      protocol === 'tcp'
        ? `tcp sport 40000 tcp dport ${port} tcp flags == syn tcp window 64240`
        : `udp sport 40000 udp dport ${port} udp length 13 @th,64,40 0x7878787878`
    }`,
  )
const hex = (number: number) => number.toString(16).padStart(4, '0')
const error = (code: string, id: number, length = 60, src = SERVER) =>
  passes(
    'iif "wan0" oif "lan0"',
    `ip saddr ${src} ip daddr ${CLIENT} ip dscp cs6 ip ttl 63 ip id 51077 ip length 88 icmp type destination-unreachable icmp code ${code} icmp id 0 icmp sequence 0 @th,64,96 0x4500${hex(length)}${hex(id)}40003f064ae8`,
  )

async function statuses(...parts: string[]): Promise<Record<string, string>> {
  const analysis = await open([
    { name: 'rules.nft', text: RULES },
    { name: 'trace.txt', text: parts.join('') },
  ])
  const { exchanges } = await analysis.exchanges()
  return Object.fromEntries(exchanges.map(({ asked, status }) => [String(asked.dport), status]))
}

test.each(['admin-prohibited', 'port-unreachable'])(
  'joins %s to the request that it quotes, of several that wait',
  async (code) => {
    const found = await statuses(asks(7, 80), asks(8, 443), error(code, 8), asks(9, 22))
    expect(found).toMatchObject({ 443: 'refused' })
    expect(found[80]).not.toBe('refused')
    expect(found[22]).not.toBe('refused')
  },
)

test('joins it to a datagram by its length, too', async () => {
  const found = await statuses(asks(8, 80), asks(8, 999, 'udp'), error('port-unreachable', 8, 33))
  expect(found).toMatchObject({ 999: 'refused' })
  expect(found[80]).not.toBe('refused')
})

test('joins an error of a router on the way, which is no refusal of the end', async () => {
  const found = await statuses(asks(7, 80), asks(8, 443), error('host-unreachable', 8, 60, '203.0.113.1'))
  expect(found).toMatchObject({ 443: 'lost' })
})

test.each([
  ['no request has the id that it quotes', [asks(7, 80), asks(8, 443), error('port-unreachable', 11)]],
  ['two have it', [asks(8, 80), asks(8, 443), error('port-unreachable', 8)]],
  ['another client sent it', [asks(8, 80, 'tcp', '192.0.2.8'), error('port-unreachable', 8)]],
])('says of no exchange that it is refused where %s', async (_name, parts) => {
  expect(Object.values(await statuses(...parts))).not.toContain('refused')
})

test('takes the payload of a datagram for no quotation', async () => {
  const payload = asks(9, 53, 'udp').replace('@th,64,40 0x7878787878', '@th,64,96 0x4500003c000840003f064ae8')
  const found = await statuses(asks(8, 443), payload)
  expect(Object.values(found)).not.toContain('refused')
})

// what a program sends back from another address is refused as well
test('joins an error to no request that it does not quote, though that one alone waits', async () => {
  const found = await statuses(asks(8, 53, 'udp'), error('port-unreachable', 11, 40))
  expect(found[53]).not.toBe('refused')
  expect(await statuses(asks(8, 53, 'udp'), error('port-unreachable', 8, 33))).toEqual({ 53: 'refused' })
})

test('joins one that a rule dropped to the request that it quotes: that has no reply', async () => {
  const dropped = (id: number) =>
    error('port-unreachable', id, 33).replace(/policy accept/, 'rule drop # handle 3 (verdict drop)')
  const rules = RULES.replace('policy accept;', 'policy accept;\n\t\tip dscp cs6 drop # handle 3')
  const told = async (id: number) => {
    const analysis = await open([
      { name: 'rules.nft', text: rules },
      { name: 'trace.txt', text: [asks(8, 53, 'udp'), dropped(id)].join('') },
    ])
    return (await analysis.exchanges()).exchanges.find(({ asked }) => asked.dport === 53)!
  }
  expect(await told(8)).toMatchObject({ status: 'reply-lost', journeys: { errors: ['2'] } })
  expect((await told(9)).journeys.errors).toEqual([])
})
