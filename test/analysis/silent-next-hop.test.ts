/** A reply that was captured, and for whose next hop nobody replied: it is said where the request is shown. */
import { expect, test } from 'vitest'
import { open } from '../../src/index.ts'
import { printedGroup } from '../../src/reports/printed-group.ts'
import { trace } from '../journey/kernel-lines.ts'

const RULES = '*filter\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n'
const ADDRESS = '2: eth0    inet 192.0.2.1/24 scope global eth0\\       valid_lft forever preferred_lft forever\n'
const ROUTES = 'default via 192.0.2.254 dev eth0\nlocal 192.0.2.1 dev eth0 table local\n192.0.2.0/24 dev eth0\n'
const asked = { in: 'eth0', src: '198.51.100.9', dst: '192.0.2.1', sport: 40_000, dport: 53, protocol: 'udp' } as const
const back = { out: 'eth0', src: '192.0.2.1', dst: '198.51.100.9', sport: 53, dport: 40_000, protocol: 'udp' } as const

async function told(neighbours: string) {
  const lines = [asked, back].map(
    (packet, i) => `[   10.00000${i}] ${trace(`filter:${i === 0 ? 'INPUT' : 'OUTPUT'}:policy:1`, packet)}\n`,
  )
  const inputs = [lines.join(''), RULES, ADDRESS, ROUTES, neighbours].map((text, i) => ({ name: `${i}`, text }))
  const analysis = await open(inputs)
  const [exchange] = (await analysis.exchanges()).exchanges
  const { groups } = await analysis.groups()
  const first = groups.find(({ journey }) => journey.packet.in === 'eth0')
  const { findings = [] } = first ? printedGroup(first).journey : {}
  return [exchange?.status, findings.find(({ code }) => code === 'neighbour-failed')?.message]
}

test('the request is shown with what its reply waits for', async () => {
  expect(
    await told('192.0.2.254 dev eth0 INCOMPLETE\n192.0.2.7 dev eth0 lladdr 02:00:00:00:00:07 REACHABLE\n'),
  ).toEqual([
    'undetermined',
    'Its reply, #2: 192.0.2.254 on eth0, the gateway to 0.0.0.0/0, has not replied to ARP: its neighbour entry is INCOMPLETE.',
  ])
  expect(await told('192.0.2.254 dev eth0 lladdr 02:00:00:00:00:fe REACHABLE\n')).toEqual(['answered', undefined])
})
