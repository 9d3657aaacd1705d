/** A server that replies to another port than the one the request came from: to conntrack that is no reply. Captured on Linux 6.18. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type Exchange, open } from '../../src/index.ts'
import { dmesg, type TestPacket, trace } from '../journey/kernel-lines.ts'

const FOLDER = new URL('../../fixtures/findings/reply-to-other-port/', import.meta.url)
const text = (name: string) => readFileSync(new URL(name, FOLDER), 'utf8')
const FILES = ['trace.txt', 'ruleset.nft', 'ip-addr.txt', 'ip-route4.txt', 'sockets.txt']

async function told(files: Record<string, string>): Promise<Exchange[]> {
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  return (await analysis.exchanges()).exchanges
}

const captured = Object.fromEntries(FILES.map((name) => [name, text(name)]))

test('what nat does not lead back to the client is no answer, and the port it should have gone to is named', async () => {
  const [exchange, ...others] = await told({ ...captured, 'conntrack.txt': text('conntrack.txt') })
  expect(others).toEqual([])
  expect([exchange?.status, exchange?.basis]).toEqual(['reply-lost', 'inferred'])
  expect(exchange?.findings[0]?.code).toBe('reply-to-other-port')
  expect(exchange?.findings[0]?.message).toContain('the request from 203.0.113.1:20001')
})

test('without a list of connections it was not answered either', async () => {
  const [exchange] = await told(captured)
  expect(exchange?.status).toBe('reply-lost')
  expect(exchange?.findings.map(({ code }) => code)).not.toContain('reply-to-other-port')
})

const RULES = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o wan -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
`
const asked: TestPacket = { in: 'lan', src: '10.1.0.2', sport: 5062, dst: '203.0.113.2', dport: 5060, protocol: 'udp' }
const back: TestPacket = { in: 'wan', src: '203.0.113.2', sport: 5060, dst: '10.1.0.2', dport: 5062, protocol: 'udp' }
const sent = (rules: boolean) => [
  trace('filter:FORWARD:policy:1', { ...asked, out: 'wan' }),
  ...(rules ? [trace('nat:POSTROUTING:rule:1', { ...asked, out: 'wan' })] : []),
]

test('what nat leads back is answered', async () => {
  const lines = [...sent(true), trace('filter:FORWARD:policy:1', { ...back, out: 'lan' })]
  const [exchange] = await told({ 'trace.log': dmesg(lines), rules: RULES })
  expect(exchange?.status).toBe('answered')
})

test('neither is what goes to another port than the one that waits, where nobody rewrites', async () => {
  const other = { ...back, dport: 5070, out: 'lan' }
  const lines = [...sent(false), trace('filter:FORWARD:policy:1', other)]
  const exchanges = await told({ 'trace.log': dmesg(lines), rules: RULES.slice(RULES.indexOf('*filter')) })
  expect(exchanges.map(({ status }) => status)).toEqual(['undetermined', 'undetermined'])
  // a reply of which the request was not captured
  const [alone] = await told({
    'trace.log': dmesg([trace('filter:FORWARD:policy:1', other)]),
    rules: RULES.slice(RULES.indexOf('*filter')),
  })
  expect(alone?.status).toBe('answered')
})
