/** Whoever was asked refuses, by the address that masquerading gave who asked, and the reset does not get back. */
import { expect, it } from 'vitest'
import { hidesSource } from '../../src/analysis/as-it-left.ts'
import { open } from '../../src/index.ts'
import type { Step } from '../../src/model/journey.ts'
import { trace } from '../journey/kernel-lines.ts'

const RULES = `*mangle
:PREROUTING ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i wan -p tcp -m tcp --dport 8123 -j DNAT --to-destination 10.0.0.20
-A POSTROUTING -o lan -j MASQUERADE
COMMIT
`
const ADDRESS =
  '2: wan    inet 203.0.113.1/24 scope global wan\\       valid_lft forever preferred_lft forever\n3: lan    inet 10.0.0.1/24 scope global lan\\       valid_lft forever preferred_lft forever\n'
const ROUTES = (client: string) =>
  `${client}local 203.0.113.1 dev wan table local proto kernel scope host src 203.0.113.1\nlocal 10.0.0.1 dev lan table local proto kernel scope host src 10.0.0.1\n203.0.113.0/24 dev wan proto kernel scope link src 203.0.113.1\n10.0.0.0/24 dev lan proto kernel scope link src 10.0.0.1\n`

async function toldWith(more: string, client: string, ...lines: string[]) {
  const asked = { in: 'wan', src: '203.0.113.9', dst: '203.0.113.1', sport: 40_000, dport: 8123 }
  const there = { ...asked, dst: '10.0.0.20', out: 'lan' }
  const log = [
    trace('mangle:PREROUTING:policy:1', asked),
    trace('nat:PREROUTING:rule:1', asked),
    trace('mangle:FORWARD:policy:1', there),
    trace('nat:POSTROUTING:rule:1', there),
    ...lines,
  ].map((line, i) => `[   10.00000${i}] ${line}\n`)
  const sysctls = 'net.ipv4.ip_forward = 1\n'
  const files = { log: log.join(''), rules: `${RULES}${more}`, ADDRESS, routes: ROUTES(client), sysctls }
  const { exchanges } = await (await open(Object.entries(files).map(([name, text]) => ({ name, text })))).exchanges()
  return exchanges[0]!
}

const told = (client: string, ...lines: string[]) => toldWith('', client, ...lines)

const RESET = {
  in: 'lan',
  src: '10.0.0.20',
  dst: '10.0.0.1',
  sport: 8123,
  dport: 40_000,
  flags: 'ACK RST',
  seq: 0,
  window: 0,
}
const seen = trace('mangle:PREROUTING:policy:1', RESET)

it('belongs to what was asked, and says that mending the way back is not all', async () => {
  const lost = await told('blackhole 203.0.113.9\n', seen)
  expect([lost.status, lost.journeys.replies]).toEqual(['reply-lost', ['2']])
  const [finding] = lost.findings.filter(({ code }) => code === 'reply-dropped')
  expect(finding?.message).toContain('"blackhole". The reply that came here (#2) is a reset from 10.0.0.20:8123')
  expect(finding?.fix.map(({ but }) => but)).toContain('10.0.0.20:8123 refuses it')
})

it('is said to be a reset where a rule drops it, which nothing here makes an answer', async () => {
  const there = { ...RESET, dst: '203.0.113.9', out: 'wan' }
  const drop = ['mangle:FORWARD:policy:1', 'filter:FORWARD:rule:1'].map((place) => trace(place, there))
  const filter = '*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -i lan -p tcp -m tcp --sport 8123 -j DROP\nCOMMIT\n'
  const lost = await toldWith(filter, '', seen, ...drop)
  expect(lost.status).toBe('reply-lost')
  const found = lost.findings.filter(({ code }) => code === 'reply-dropped')
  expect(found).toHaveLength(1)
  expect(found[0]?.message).toMatch(/ This reply is a reset from 10\.0\.0\.20:8123: /)
  expect(found[0]?.fix.map(({ but }) => but)).toContain('10.0.0.20:8123 refuses it')
})

it('refuses, where nothing is in its way', async () => {
  expect((await told('', seen)).status).toBe('refused')
})

it.each([
  ['accept', '-o lan -m comment --comment "-j ACCEPT" -j MASQUERADE', true],
  ['accept', 'oifname "lan" masquerade random', true],
  ['accept', 'snat ip to 192.0.2.1', true],
  ['accept', 'snat ip prefix to ip saddr map @subnets', true],
  ['accept', 'oifname "lan" accept comment "no masquerade here"', false],
  ['accept', '-o lan -m comment --comment "x -j MASQUERADE" -j ACCEPT', false],
  ['accept', 'dnat to 192.0.2.1', false],
  ['continue', 'jump masquerade-lan', false],
  ['snat', undefined, true],
])('a rule with the verdict %s, %s, gives a source that nat chooses: %s', (verdict, rule, hides) => {
  expect(hidesSource({ verdict, ...(rule === undefined ? {} : { rule }) } as Step)).toBe(hides)
})
