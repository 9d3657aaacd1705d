/** A marked reply goes to a neighbour by way of a router. */
import { expect, test } from 'vitest'
import { open, printReport } from '../../src/index.ts'
import { clocked, trace } from '../journey/kernel-lines.ts'

const ADDRESS =
  '2: eth0    inet 172.20.0.2/16 scope global eth0\\       valid_lft forever preferred_lft forever\n3: tun0    inet 10.8.0.2/24 scope global tun0\\       valid_lft forever preferred_lft forever\n'
const ROUTES = (more = '', by = 'via 172.20.0.1 dev eth0') => `default ${by} table 9117
default via 10.8.0.1 dev tun0
172.20.0.0/16 dev eth0 proto kernel scope link src 172.20.0.2
10.8.0.0/24 dev tun0 proto kernel scope link src 10.8.0.2
local 172.20.0.2 dev eth0 table local proto kernel scope host src 172.20.0.2
${more}`
const ROUTING =
  '0:\tfrom all lookup local\n32765:\tfrom all fwmark 0x1 lookup 9117\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n'
const RULES = `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A OUTPUT -p tcp -m tcp --sport 9117 -j MARK --set-xmark 0x1/0xffffffff
COMMIT
`

const asked = (id: number) => ({
  ...{ in: 'eth0', src: '172.20.0.3', dst: '172.20.0.2', sport: 40_000, dport: 9117, id },
})
const back = { out: 'eth0', src: '172.20.0.2', dst: '172.20.0.3', sport: 9117, dport: 40_000, flags: 'ACK SYN', id: 0 }

async function explained({ routes = ROUTES(), after = 'again', to = '172.20.0.3' } = {}) {
  const once = (clock: number, id: number) => [
    [clock, trace('mangle:PREROUTING:policy:1', { ...asked(id), src: to })] as const,
    [clock, trace('mangle:INPUT:policy:1', { ...asked(id), src: to })] as const,
    [clock + 0.01, trace('mangle:OUTPUT:rule:1', { ...back, dst: to })] as const,
    [clock + 0.01, trace('mangle:OUTPUT:policy:2', { ...back, dst: to, mark: 1 })] as const,
    [clock + 0.01, trace('mangle:POSTROUTING:policy:1', { ...back, dst: to, mark: 1 })] as const,
  ]
  const acknowledged = trace('mangle:INPUT:policy:1', { ...asked(9), src: to, flags: 'ACK', seq: 1, ack: 1 })
  const log = clocked([
    ...once(10, 1),
    ...(after === 'again' ? once(11, 2) : after === 'goes on' ? [[10.02, acknowledged] as const] : []),
  ])
  const files = { log, RULES, ADDRESS, routes, ROUTING }
  return await open(Object.entries(files).map(([name, text]) => ({ name, text })))
}

const exchangeOf = async (...given: Parameters<typeof explained>) => {
  const [exchange] = (await (await explained(...given)).exchanges()).exchanges
  return { status: exchange!.status, said: exchange!.findings.find(({ code }) => code === 'wrong-way-out') }
}

test('a reply that is lost on its way by a router to a neighbour is told with the mark that led it there', async () => {
  const { status, said } = await exchangeOf()
  expect(status).toBe('reply-lost')
  expect(said).toMatchObject({ severity: 'warning', rules: [{ table: 'mangle', chain: 'OUTPUT', ruleNumber: 1 }] })
  expect(said?.message).toBe(
    'It went to the router 172.20.0.1, though 172.20.0.3 is in the network of eth0 (172.20.0.0/16): table 9117 sends it there by the default route. Routing rule 32765 selects that table for mark 0x1, which mangle OUTPUT rule 1 set. A router that has not seen the request may drop the reply.',
  )
  expect(said?.fix[0]).toMatchObject({ edits: [{ kind: 'route', op: 'add' }], verified: 'model' })
  const { groups, ending } = await (await explained()).groups()
  expect(printReport('text', groups, ending)).toMatch(/REPLY LOST.*\n(?:.*\n){0,4}.*went to the router 172\.20\.0\.1/)
})

test('it is not said of a neighbour that gets it directly, nor of who is behind the router', async () => {
  const direct = ROUTES('172.20.0.0/16 dev eth0 scope link table 9117\n')
  expect(await exchangeOf({ routes: direct })).toEqual({ status: 'reply-lost', said: undefined })
  expect(await exchangeOf({ routes: ROUTES('', 'dev eth0 scope link') })).toMatchObject({ said: undefined })
  expect(await exchangeOf({ to: '192.168.1.10' })).toMatchObject({ said: undefined })
})

test('a reply that arrived by way of the router is none that went the wrong way', async () => {
  const { status, said } = await exchangeOf({ after: 'goes on' })
  expect(status).toBe('answered')
  expect(said).toBeUndefined()
})

test('whether it arrived is unknown where nobody has gone on with it yet', async () => {
  const { status, said } = await exchangeOf({ after: 'nothing' })
  expect(status).toBe('undetermined')
  expect(said).toMatchObject({ severity: 'note' })
  const direct = ROUTES('172.20.0.0/16 dev eth0 scope link table 9117\n')
  expect((await exchangeOf({ after: 'nothing', routes: direct })).status).toBe('answered')
})

test('what goes on with a connection is not called a reply that the router may drop', async () => {
  const data = { ...back, flags: 'ACK', id: 5, seq: 1, ack: 1 }
  const log = clocked([
    [10, trace('mangle:OUTPUT:rule:1', data)],
    [10, trace('mangle:OUTPUT:policy:2', { ...data, mark: 1 })],
    [10, trace('mangle:POSTROUTING:policy:1', { ...data, mark: 1 })],
  ])
  const files = { log, RULES, ADDRESS, routes: ROUTES(), ROUTING }
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  const { groups, ending } = await analysis.groups()
  const text = printReport('text', groups, ending)
  expect(text).toContain('went to the router 172.20.0.1')
  expect(text).not.toContain('may drop the reply')
})
