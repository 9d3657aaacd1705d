/** TFTP replies from another port than was asked: where a rule stops that, the request tells of it. */
import { expect, it } from 'vitest'
import { open } from '../../src/index.ts'
import { dmesg, type TestPacket, trace } from '../journey/kernel-lines.ts'

const RULES = `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT DROP [0:0]
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`
const ADDRESS = '2: eth0    inet 192.0.2.1/24 scope global eth0\\       valid_lft forever preferred_lft forever\n'
const SYSCTLS =
  'net.ipv4.ip_forward = 1\nnet.core.somaxconn = 4096\nnet.ipv4.icmp_echo_ignore_all = 0\nnet.netfilter.nf_conntrack_helper = 0\n'
const ENTRY =
  'udp      17 27 src=192.0.2.7 dst=192.0.2.1 sport=2070 dport=69 [UNREPLIED] src=192.0.2.1 dst=192.0.2.7 sport=69 dport=2070 mark=0 use=1\n'
const request: TestPacket = { in: 'eth0', src: '192.0.2.7', dst: '192.0.2.1', sport: 2070, dport: 69, protocol: 'udp' }
const data: TestPacket = {
  out: 'eth0',
  src: '192.0.2.1',
  dst: '192.0.2.7',
  sport: 50_303,
  dport: 2070,
  protocol: 'udp',
  id: 2,
}

async function first(second: TestPacket) {
  const log = dmesg([
    trace('raw:PREROUTING:policy:1', request),
    trace('filter:INPUT:policy:1', request),
    trace('raw:OUTPUT:policy:1', second),
    trace('filter:OUTPUT:policy:2', second),
  ])
  const files = { log, rules: RULES, ADDRESS, SYSCTLS, ENTRY }
  const { exchanges } = await (await open(Object.entries(files).map(([name, text]) => ({ name, text })))).exchanges()
  return exchanges[0]!
}

it('loses the reply at the rule that stopped the data', async () => {
  const { status, findings, culprit } = await first(data)
  expect(status).toBe('reply-lost')
  expect(culprit).toMatchObject({ table: 'filter', chain: 'OUTPUT' })
  expect(findings.find(({ code }) => code === 'helper-missing')?.message).toBe(
    '192.0.2.1 replied from port 50303 (#2), and the reply was dropped by filter OUTPUT policy. The connection has no conntrack helper, so conntrack treats a reply from another port as a new connection.',
  )
})

it('loses the reply that leaves from an address that was not asked', async () => {
  const asked = { ...request, dst: '198.51.100.69' }
  const log = dmesg([
    trace('raw:PREROUTING:policy:1', asked),
    trace('nat:PREROUTING:rule:1', asked),
    trace('filter:INPUT:policy:1', { ...asked, dst: '192.0.2.1' }),
    trace('nat:INPUT:policy:1', { ...asked, dst: '192.0.2.1' }),
    ...['raw:OUTPUT:policy:1', 'nat:OUTPUT:policy:1', 'filter:OUTPUT:policy:2', 'nat:POSTROUTING:policy:1'].map((at) =>
      trace(at, data),
    ),
  ])
  const nat = `*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n-A PREROUTING -d 198.51.100.69/32 -p udp -m udp --dport 69 -j DNAT --to-destination 192.0.2.1:69\nCOMMIT\n`
  const rules = `${nat}${RULES.replace('OUTPUT DROP', 'OUTPUT ACCEPT')}`
  const entry = ENTRY.replace('dst=192.0.2.1 sport=2070', 'dst=198.51.100.69 sport=2070')
  const files = { log, rules, ADDRESS, SYSCTLS, entry }
  const { exchanges } = await (await open(Object.entries(files).map(([name, text]) => ({ name, text })))).exchanges()
  expect(exchanges[0]!.status).toBe('reply-lost')
  expect(exchanges[0]!.findings.find(({ code }) => code === 'helper-missing')?.message).toBe(
    '192.0.2.1 replied from port 50303 (#2), and the reply left with source 192.0.2.1, but 192.0.2.7 had contacted 198.51.100.69. The connection has no conntrack helper, so conntrack treats a reply from another port as a new connection.',
  )
})

it('does not take for its data what goes to another port, or to another host', async () => {
  for (const other of [{ dport: 2071 }, { dst: '192.0.2.8' }])
    expect((await first({ ...data, ...other })).status).not.toBe('reply-lost')
})
