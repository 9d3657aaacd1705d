/** Packets behind the first of a connection do not meet nat's rules: they go where nat sent the first one. */
import { expect, it } from 'vitest'
import { open } from '../../src/index.ts'
import { trace } from '../journey/kernel-lines.ts'

const RULES = `*raw
:PREROUTING ACCEPT [0:0]
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 198.51.100.80/32 -p tcp -m tcp --dport 22 -j DNAT --to-destination 10.0.2.9:22
COMMIT
`
const ROUTES =
  '192.0.2.0/24 dev eth0 proto kernel scope link\n10.0.2.0/24 dev eth1 proto kernel scope link\nlocal 192.0.2.1 dev eth0 table local\nlocal 10.0.2.1 dev eth1 table local\n'
const CONNTRACK =
  'tcp      6 431999 ESTABLISHED src=192.0.2.9 dst=198.51.100.80 sport=40001 dport=22 src=10.0.2.9 dst=192.0.2.9 sport=22 dport=40001 [ASSURED] mark=0 use=1\n'

it('is forwarded where only the address that nat gave has a route, and no chain stands behind PREROUTING', async () => {
  const asked = { in: 'eth0', src: '192.0.2.9', dst: '198.51.100.80', sport: 40_001, dport: 22 }
  const back = { in: 'eth1', src: '10.0.2.9', dst: '192.0.2.9', sport: 22, dport: 40_001, flags: 'ACK SYN' }
  const lines = [
    trace('raw:PREROUTING:policy:1', asked),
    trace('nat:PREROUTING:rule:1', asked),
    trace('nat:POSTROUTING:policy:1', { ...asked, in: '', out: 'eth1', dst: '10.0.2.9' }),
    trace('raw:PREROUTING:policy:1', back),
    trace('raw:PREROUTING:policy:1', { ...asked, flags: 'ACK', id: 2 }),
  ]
  const log = lines.map((line, i) => `[   10.00000${i}] ${line}\n`).join('')
  const files = { log, rules: RULES, routes: ROUTES, conntrack: CONNTRACK, sysctls: 'net.ipv4.ip_forward = 1\n' }
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  const { exchanges } = await analysis.exchanges()
  expect(exchanges.map(({ status }) => status)).toEqual(['answered'])
  expect(exchanges.flatMap(({ findings }) => findings.map(({ code }) => code))).not.toContain('vanished-no-route')
})
