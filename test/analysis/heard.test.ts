/** Sockets are listed once; a program that was started later is heard all the same. */
import { expect, test } from 'vitest'
import { open } from '../../src/index.ts'
import { printedGroup } from '../../src/reports/printed-group.ts'
import { trace } from '../journey/kernel-lines.ts'

const RULES = '*filter\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n'
const ADDRESS = '2: eth0    inet 192.0.2.1/24 scope global eth0\\       valid_lft forever preferred_lft forever\n'
const ROUTES = 'local 192.0.2.1 dev eth0 table local\n192.0.2.0/24 dev eth0\n'
const SOCKETS =
  'Netid State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process\ntcp   LISTEN 0      128    0.0.0.0:22          0.0.0.0:*\n'
const asked = { in: 'eth0', src: '192.0.2.9', dst: '192.0.2.1', sport: 40_000, dport: 80 }
const back = { out: 'eth0', src: '192.0.2.1', dst: '192.0.2.9', sport: 80, dport: 40_000 }

async function told(...packets: readonly Parameters<typeof trace>[1][]) {
  const line = (packet: (typeof packets)[number], i: number) =>
    `[   10.00000${i}] ${trace(`filter:${packet?.in ? 'INPUT' : 'OUTPUT'}:policy:1`, packet)}\n`
  const inputs = [packets.map(line).join(''), RULES, ADDRESS, ROUTES, SOCKETS].map((text, i) => ({
    name: `${i}`,
    text,
  }))
  const analysis = await open(inputs)
  const [exchange] = (await analysis.exchanges()).exchanges
  const { groups } = await analysis.groups()
  const printed = groups.flatMap((group) => printedGroup(group).journey.findings.map(({ code }) => code))
  return [
    exchange?.status,
    exchange?.findings.some(({ code }) => code === 'closed-port'),
    printed.includes('closed-port'),
  ]
}

test('whoever was answered has met a program, whatever sockets were listed', async () => {
  expect(await told(asked)).toEqual(['refused', true, true])
  expect(await told(asked, { ...back, flags: 'ACK RST', seq: 0, window: 0 })).toEqual(['refused', true, true])
  expect(await told(asked, { ...back, flags: 'ACK SYN' })).toEqual(['answered', false, false])
})
