/** A port forward to a wrong place, and more in the way: what is mended first is the forward. */
import { expect, test } from 'vitest'
import { open, printReport } from '../../src/index.ts'
import { dmesg, type TestPacket, trace } from '../journey/kernel-lines.ts'

const ADDRESSES = [
  '2: eth0    inet 192.0.2.1/24 brd 192.0.2.255 scope global eth0\\       valid_lft forever preferred_lft forever\n',
  '3: eth1    inet 10.0.2.1/24 brd 10.0.2.255 scope global eth1\\       valid_lft forever preferred_lft forever\n',
].join('')
const ROUTES = [
  '192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.1',
  '10.0.2.0/24 dev eth1 proto kernel scope link src 10.0.2.1',
  'local 192.0.2.1 dev eth0 table local proto kernel scope host src 192.0.2.1',
  'local 10.0.2.1 dev eth1 table local proto kernel scope host src 10.0.2.1',
]

const rules = (...more: string[]) => `*nat
:PREROUTING ACCEPT [1:60]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
[1:60] -A PREROUTING -i eth0 -p tcp -m tcp --dport 8425 -j DNAT --to-destination 10.0.2.9:5001
${more.join('\n')}
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [1:60]
:OUTPUT ACCEPT [0:0]
[9:540] -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
[0:0] -A FORWARD -d 10.0.2.9/32 -o eth1 -p tcp -m tcp --dport 5000 -j ACCEPT
COMMIT
*security
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
[0:0] -A FORWARD -s 192.0.2.0/24 -p tcp -m tcp --dport 5000 -j DROP
COMMIT
`

async function fixOf(ruleset: string): Promise<string> {
  const asked: TestPacket = { in: 'eth0', src: '192.0.2.7', dst: '192.0.2.1', sport: 40_000, dport: 8425 }
  const sent: TestPacket = { ...asked, out: 'eth1', dst: '10.0.2.9', dport: 5001 }
  const files = {
    'trace.log': dmesg([trace('nat:PREROUTING:rule:1', asked), trace('filter:FORWARD:policy:3', sent)]),
    'rules.v4': ruleset,
    addresses: ADDRESSES,
    // nothing goes back to who asks
    routes: [...ROUTES, 'blackhole 192.0.2.7'].map((line) => `${line}\n`).join(''),
    sysctls: 'net.ipv4.ip_forward = 1\n',
  }
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  const { groups, ending } = await analysis.groups()
  return printReport('text', groups, ending, { full: true, width: 400 })
}

const HAIRPIN = '[0:0] -A POSTROUTING -s 10.0.2.9/32 -d 10.0.2.9/32 -p tcp -m tcp --dport 5000 -j MASQUERADE'

test('where another rule speaks of the place that the filter accepts', async () => {
  const text = await fixOf(rules(HAIRPIN))
  expect(text).toContain(
    'iptables -t nat -R PREROUTING 1 -i eth0 -p tcp --dport 8425 -j DNAT --to-destination 10.0.2.9:5000 &&',
  )
  expect(text).toContain('iptables -t security -I FORWARD 1 -s 192.0.2.7 -d 10.0.2.9')
  expect(text).toContain('ip route del blackhole 192.0.2.7/32')
  expect(text).not.toContain('iptables -R FORWARD 2')
})

test('but not where another one speaks of where nat sends it: fewer changes do', async () => {
  const text = await fixOf(rules(HAIRPIN.replace('5000', '5001')))
  expect(text).toContain('iptables -R FORWARD 2 -d 10.0.2.9 -o eth1 -p tcp --dport 5001 -j ACCEPT &&')
  expect(text).toContain('ip route del blackhole 192.0.2.7/32')
  expect(text).not.toMatch(/-t security -I/)
})
