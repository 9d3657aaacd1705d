/** Somebody made addresses unreadable before the ticket was written: packets stay whole, and texts say so. */
import { expect, test } from 'vitest'
import { open, printReport } from '../../src/index.ts'
import { clocked, trace } from '../journey/kernel-lines.ts'
import { ADDRESSES, ROUTES, RULES_OF_ROUTING } from './two-uplinks.ts'

const TABLE = `table inet fw {
  chain first {
    type filter hook prerouting priority 0; policy accept;
    accept
  }
  chain late {
    type filter hook forward priority 0; policy drop;
    ct state established accept
  }
}
`
/** On its way it gets another id. */
const traced = (id: string) =>
  [
    `trace id 11111111 inet fw first packet: iif "eth0" ip saddr x.x.x.x ip daddr 192.0.2.1 ip ttl 64 ${id}ip protocol tcp ip length 60 tcp sport 40000 tcp dport 22 tcp flags == syn tcp window 64240`,
    'trace id 11111111 inet fw first rule accept (verdict accept)',
    `trace id 22222222 inet fw late packet: iif "eth0" oif "eth1" ip saddr x.x.x.x ip daddr 192.0.2.1 ip ttl 63 ${id}ip protocol tcp ip length 60 tcp sport 40000 tcp dport 22 tcp flags == syn tcp window 64240`,
    'trace id 22222222 inet fw late policy drop',
    '',
  ].join('\n')

async function outcomes(text: string) {
  const analysis = await open([
    { name: 'rules', text: TABLE },
    { name: 'trace', text },
  ])
  const { groups } = await analysis.groups()
  return groups.map(({ journey }) => journey.outcome).sort()
}

test('its number tells a packet of nft from others; where it has none, its first half has not vanished', async () => {
  expect(await outcomes(traced('ip id 7 '))).toEqual(['dropped'])
  expect(await outcomes(traced(''))).toEqual(['dropped', 'undetermined'])
})

test('a reply by another uplink', async () => {
  const log = clocked([
    [10, trace('filter:INPUT:policy:1', { in: 'eth1', src: 'x.x.x.x', dst: '198.51.100.1', sport: 40_000, dport: 81 })],
    [
      10.1,
      trace('filter:OUTPUT:policy:1', {
        out: 'eth0',
        src: '198.51.100.1',
        dst: 'x.x.x.x',
        sport: 81,
        dport: 40_000,
        flags: 'ACK SYN',
      }),
    ],
  ])
  const files = {
    'rules.v4': '*filter\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n',
    'ip-addr.txt': ADDRESSES,
    'ip-route4.txt': ROUTES,
    'ip-rule4.txt': RULES_OF_ROUTING,
    'dmesg.log': log,
  }
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  const { groups, ending } = await analysis.groups()
  const text = printReport('text', groups, ending, { full: true })
  expect(text).toContain('198.51.100.1')
  expect(text).not.toMatch(/\bundefined\b/)
})
