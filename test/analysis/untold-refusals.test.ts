/** This host says no, and by another uplink than the one whose address was asked: whether whoever asked is told is not known. */
import { expect, test } from 'vitest'
import { open } from '../../src/index.ts'
import { clocked, type TestPacket, trace } from '../journey/kernel-lines.ts'
import { ADDRESSES, ROUTES, RULES_OF_ROUTING } from './two-uplinks.ts'

const RULES = '*filter\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n'
const [CLIENT, OWN] = ['203.0.113.9', '198.51.100.1']

async function told(out: string, request: Partial<TestPacket>, no: Partial<TestPacket>) {
  const log = clocked([
    [10, trace('filter:INPUT:policy:1', { in: 'eth1', src: CLIENT, dst: OWN, sport: 40_000, dport: 81, ...request })],
    [10.1, trace('filter:OUTPUT:policy:1', { out, src: OWN, dst: CLIENT, ...no })],
  ])
  const files = {
    'rules.v4': RULES,
    'ip-addr.txt': ADDRESSES,
    'ip-route4.txt': ROUTES,
    'ip-rule4.txt': RULES_OF_ROUTING,
  }
  const inputs = Object.entries({ ...files, 'dmesg.log': log }).map(([name, text]) => ({ name, text }))
  const { exchanges } = await (await open(inputs)).exchanges()
  const [one] = exchanges
  return { status: one!.status, codes: one!.findings.map(({ code }) => code) }
}

const reset = { sport: 81, dport: 40_000, flags: 'ACK RST', seq: 0, window: 0 }

test('a reset', async () => {
  expect((await told('eth1', {}, reset)).status).toBe('refused')
  const elsewhere = await told('eth0', {}, reset)
  expect(elsewhere.status).toBe('undetermined')
  expect(elsewhere.codes).toContain('reply-by-other-uplink')
})
