/** A log in a ticket, with the rules and nothing of the host. In a process of its own: what no listing brings is not loaded there. */
import { expect, test } from 'vitest'
import { trace } from '../journey/kernel-lines.ts'
import { folder, nfwhy } from './nfwhy.ts'

const RULES = `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -i eth0 -s 203.0.113.0/24 -j DROP
COMMIT
*filter
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
COMMIT
`
const ASKED = { src: '198.51.100.7', dst: '203.0.113.1', sport: 50_000, dport: 8080, flags: 'SYN' }
const REPLY = { in: 'eth0', src: ASKED.dst, dst: ASKED.src, sport: 8080, dport: 50_000, flags: 'ACK SYN' }

test('a reply that a rule drops is told, with a fix that was tried', async () => {
  const lines = [
    trace('raw:OUTPUT:policy:1', { ...ASKED, out: 'eth0' }),
    trace('filter:OUTPUT:policy:1', { ...ASKED, out: 'eth0' }),
    trace('raw:PREROUTING:rule:1', REPLY),
  ]
  const cwd = folder({ log: lines.map((line) => `[   10.000000] ${line}\n`).join(''), rules: RULES })
  const { code, stdout, stderr } = await nfwhy(['explain', 'log', 'rules'], { cwd })
  expect(stderr).toBe('')
  expect(code).toBe(1)
  expect(stdout).toMatch(/^✗ REPLY LOST at raw PREROUTING rule 1 /)
  expect(stdout).toContain('iptables -t raw -I PREROUTING 1 -s 203.0.113.1 -d 198.51.100.7')
  expect(stdout).toContain('tried on the model: sent')
})
