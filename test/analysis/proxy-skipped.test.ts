/** A rule for what comes from other networks than some ended the chain in front of TPROXY, and nobody replied. */
import { expect, test } from 'vitest'
import { open } from '../../src/index.ts'
import { clocked, trace } from '../journey/kernel-lines.ts'
import { ADDRESS, ROUTES, rules } from './two-networks.ts'

const ASKED = { in: 'lan', src: '10.0.0.7', dst: '203.0.113.9', sport: 40_000, dport: 443 }
const ENTRY =
  'tcp      6 119 SYN_SENT src=10.0.0.7 dst=203.0.113.9 sport=40000 dport=443 [UNREPLIED] src=203.0.113.9 dst=10.0.0.7 sport=443 dport=40000 mark=0 use=1\n'
const TPROXY = '-A PREROUTING -p tcp -j TPROXY --on-port 7893 --on-ip 0.0.0.0 --tproxy-mark 0x1/0x1'

async function said(...mangle: string[]): Promise<string | undefined> {
  const lines = [
    trace('mangle:PREROUTING:rule:1', ASKED),
    trace('filter:FORWARD:policy:1', { ...ASKED, out: 'wan' }),
    trace('nat:POSTROUTING:policy:1', { ...ASKED, in: '', out: 'wan' }),
  ]
  const text = `*mangle\n:PREROUTING ACCEPT [0:0]\n${mangle.join('\n')}\nCOMMIT\n${rules([])}`
  const files = { log: clocked(lines.map((line) => [10, line])), text, ADDRESS, ROUTES, ENTRY }
  const analysis = await open(Object.entries(files).map(([name, one]) => ({ name, text: one })))
  const [exchange] = (await analysis.exchanges()).exchanges
  return exchange?.findings.find(({ code }) => code === 'proxy-missing')?.message
}

test('a source that is in the network of its link, and that the rule takes for a foreign one', async () => {
  expect(await said('-A PREROUTING ! -s 10.9.0.0/24 -j RETURN', TPROXY)).toBe(
    'mangle PREROUTING rule 1 ended the chain (! -s 10.9.0.0/24), so the packet never reached rule 2, which hands packets to the transparent proxy on tcp port 7893. Its source 10.0.0.7 is in the network of lan (10.0.0.0/24).',
  )
})

test.each([
  ['the rule spares where it goes', '-A PREROUTING -d 203.0.113.0/24 -j RETURN', TPROXY],
  ['the rule spares its sender', '-A PREROUTING -s 10.0.0.0/24 -j RETURN', TPROXY],
  ['no proxy comes behind', '-A PREROUTING ! -s 10.9.0.0/24 -j RETURN', '-A PREROUTING -j MARK --set-xmark 0x1'],
  ['the proxy is for another service', '-A PREROUTING ! -s 10.9.0.0/24 -j RETURN', TPROXY.replace('tcp', 'udp')],
])('says nothing where %s', async (_why, ...mangle) => {
  expect(await said(...mangle)).toBeUndefined()
})
