/** A firewall behind this host refuses who comes from the internet, and knows all of them by this host's address. */
import { expect, it } from 'vitest'
import { open } from '../../src/index.ts'
import { trace } from '../journey/kernel-lines.ts'

const RULES = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i wan -p tcp -m tcp --dport 8123 -j DNAT --to-destination 10.0.0.20
-A POSTROUTING -p tcp -m tcp --dport 8123 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
`
const ADDRESS =
  '2: wan    inet 203.0.113.1/24 scope global wan\\       valid_lft forever preferred_lft forever\n3: lan    inet 10.0.0.1/24 scope global lan\\       valid_lft forever preferred_lft forever\n'
const ROUTES =
  'local 203.0.113.1 dev wan table local proto kernel scope host src 203.0.113.1\nlocal 10.0.0.1 dev lan table local proto kernel scope host src 10.0.0.1\n203.0.113.0/24 dev wan proto kernel scope link src 203.0.113.1\n10.0.0.0/24 dev lan proto kernel scope link src 10.0.0.1\n'
const ERROR = (src: string) =>
  `TRACE: filter:FORWARD:policy:1 IN=lan OUT=wan MAC=02:00:00:00:00:01:02:00:00:00:00:02:08:00 SRC=10.0.0.20 DST=${src} LEN=88 TOS=0x00 PREC=0xC0 TTL=63 ID=9 PROTO=ICMP TYPE=3 CODE=3 [SRC=${src} DST=10.0.0.20 LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=1 DF PROTO=TCP SPT=40000 DPT=8123 WINDOW=64240 RES=0x00 SYN URGP=0 ] `

async function told(src: string, from = 'wan', answer?: string) {
  const asked = { in: from, src, dst: '203.0.113.1', sport: 40_000, dport: 8123 }
  const there = { ...asked, dst: '10.0.0.20', out: 'lan' }
  const log = [
    trace('nat:PREROUTING:rule:1', asked),
    trace('filter:FORWARD:policy:1', there),
    trace('nat:POSTROUTING:rule:1', there),
    answer ?? ERROR(src),
  ].map((line, i) => `[   10.00000${i}] ${line}\n`)
  const files = { log: log.join(''), rules: RULES, ADDRESS, ROUTES }
  const { exchanges } = await (await open(Object.entries(files).map(([name, text]) => ({ name, text })))).exchanges()
  const [first] = exchanges
  return [first?.status, first?.findings.find(({ code }) => code === 'snat-changed-source')?.message]
}

it('tells whom it sees', async () => {
  expect(await told('203.0.113.9')).toEqual([
    'refused',
    'nat POSTROUTING rule 1 rewrote its source 203.0.113.9: 10.0.0.20 sees 10.0.0.1 instead. If 10.0.0.20 refuses that source, every client that this rule rewrites is refused.',
  ])
})

it('does not where a private network asks another one', async () => {
  expect(await told('10.9.0.7')).toEqual(['refused', undefined])
})

it('does not where a program may have refused', async () => {
  const reset = { in: 'lan', out: 'wan', src: '10.0.0.20', dst: '203.0.113.9', sport: 8123, dport: 40_000 }
  const line = trace('filter:FORWARD:policy:1', { ...reset, flags: 'ACK RST', seq: 0, window: 0 })
  expect((await told('203.0.113.9', 'wan', line))[1]).toBeUndefined()
})

it('does, as a note, where this host itself asked, whose own source was right', async () => {
  const asked = { src: '203.0.113.1', dst: '10.0.0.20', sport: 40_000, dport: 8123, out: 'lan' }
  // conntrack has undone nat in front of INPUT
  const reset = { in: 'lan', src: '10.0.0.20', dst: '203.0.113.1', sport: 8123, dport: 40_000 }
  const log = [
    trace('filter:OUTPUT:policy:1', asked),
    trace('nat:POSTROUTING:rule:1', asked),
    trace('filter:INPUT:policy:1', { ...reset, flags: 'ACK RST', seq: 0, window: 0 }),
  ].map((line, i) => `[   10.00000${i}] ${line}\n`)
  const files = { log: log.join(''), rules: RULES, ADDRESS, ROUTES }
  const { exchanges } = await (await open(Object.entries(files).map(([name, text]) => ({ name, text })))).exchanges()
  expect(exchanges[0]?.findings.find(({ code }) => code === 'snat-changed-source')).toMatchObject({
    severity: 'note',
    message: expect.stringContaining('rewrote its source 203.0.113.1: 10.0.0.20 sees 10.0.0.1 instead'),
    fix: [],
  })
})
