/** Nothing here tracks connections, and the reply is dropped: a rule for replies makes the kernel track them. */
import { expect, test } from 'vitest'
import { open, printedExchange } from '../../src/index.ts'
import { dmesg, type TestPacket, trace } from '../journey/kernel-lines.ts'

const RULES =
  '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n-A FORWARD -s 192.0.2.0/24 -j ACCEPT\nCOMMIT\n'
const STATE = {
  address:
    '2: eth0    inet 192.0.2.1/24 brd 192.0.2.255 scope global eth0\\       valid_lft forever preferred_lft forever\n3: eth1    inet 198.51.100.1/24 brd 198.51.100.255 scope global eth1\\       valid_lft forever preferred_lft forever\n',
  routes:
    'local 192.0.2.1 dev eth0 table local proto kernel scope host src 192.0.2.1\n192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.1\nlocal 198.51.100.1 dev eth1 table local proto kernel scope host src 198.51.100.1\n198.51.100.0/24 dev eth1 proto kernel scope link src 198.51.100.1\n',
}

test('accepts replies before it opens a port of the replying host', async () => {
  const asked: TestPacket = {
    in: 'eth0',
    out: 'eth1',
    src: '192.0.2.7',
    dst: '198.51.100.9',
    sport: 40_000,
    dport: 443,
  }
  const reply: TestPacket = {
    ...{ in: 'eth1', out: 'eth0', src: '198.51.100.9', dst: '192.0.2.7', sport: 443, dport: 40_000 },
    flags: 'ACK SYN',
  }
  const lines = [trace('filter:FORWARD:rule:1', asked), trace('filter:FORWARD:policy:2', reply)]
  const files = Object.entries({ 'trace.log': dmesg(lines), 'rules.v4': RULES, ...STATE })
  const { exchanges } = await (await open(files.map(([name, text]) => ({ name, text })))).exchanges()
  const { status, findings } = printedExchange(exchanges[0]!)
  expect(status).toBe('reply-lost')
  expect(findings[0]?.fix.map(({ description, after }) => `${description}: ${after}`)).toEqual([
    'accept replies: forwarded',
  ])
})
