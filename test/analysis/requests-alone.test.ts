/** A trace of the requests alone, and conntrack's list: that this has seen a reply does not say that the reply arrived. */
import { expect, test } from 'vitest'
import { open } from '../../src/index.ts'
import { saved } from '../explain/findings/played.ts'
import { clocked, type TestPacket, trace } from '../journey/kernel-lines.ts'

const LINKS = `2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    inet 192.0.2.1/24 scope global eth0
       valid_lft forever preferred_lft forever
3: lan: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    inet 198.51.100.1/24 scope global lan
       valid_lft forever preferred_lft forever
`
const ROUTES = `192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.1
198.51.100.0/24 dev lan proto kernel scope link src 198.51.100.1
local 192.0.2.1 dev eth0 table local proto kernel scope host src 192.0.2.1
local 198.51.100.1 dev lan table local proto kernel scope host src 198.51.100.1
`
const TRACED = ['-A PREROUTING -j TRACE']

async function told(rules: Record<string, string[]>, listed: string, ...packets: [string, TestPacket][]) {
  const analysis = await open([
    { name: 'rules.v4', text: saved({ raw: TRACED, ...rules }) },
    { name: 'trace.log', text: clocked(packets.map(([at, packet], i) => [10 + i / 1e3, trace(at, packet)])) },
    { name: 'conntrack', text: listed },
    { name: 'ip-addr', text: LINKS },
    { name: 'routes', text: ROUTES },
    { name: 'sysctl', text: 'net.ipv4.ip_forward = 1\nnet.netfilter.nf_conntrack_udp_timeout = 30\n' },
  ])
  const { exchanges } = await analysis.exchanges()
  const { status, findings } = exchanges[0]!
  return { status, said: findings.map(({ message }) => message).join(' ') }
}

const QUERY: TestPacket = {
  protocol: 'udp',
  out: 'eth0',
  src: '192.0.2.1',
  dst: '192.0.2.53',
  sport: 40_000,
  dport: 53,
}
const udp = (src: string, dst: string, flags = '', to = dst, more = '') =>
  `udp      17 25 src=${src} dst=${dst} sport=40000 dport=53 ${flags}src=${to} dst=${src} sport=53 dport=40000 mark=0 ${more}use=1\n`

test('a rule of this host drops the reply behind connection tracking', async () => {
  const asked: [string, TestPacket] = ['filter:OUTPUT:policy:1', QUERY]
  const entry = udp('192.0.2.1', '192.0.2.53')
  expect((await told({ filter: [] }, entry, asked)).status).toBe('answered')
  const { status, said } = await told({ filter: ['-A INPUT -p udp -m udp --sport 53 -j DROP'] }, entry, asked)
  expect(status).toBe('reply-lost')
  expect(said).toContain('would be dropped by filter INPUT rule 1')
})

test('what nobody can know decides whether it leaves', async () => {
  const ping: TestPacket = { protocol: 'icmp', in: 'eth0', src: '192.0.2.2', dst: '192.0.2.1', icmpType: 8, icmpId: 7 }
  const entry =
    'icmp     1 25 src=192.0.2.2 dst=192.0.2.1 type=8 code=0 id=7 src=192.0.2.1 dst=192.0.2.2 type=0 code=0 id=7 mark=0 use=1\n'
  const owned = {
    filter: [
      '-P OUTPUT DROP',
      '-A OUTPUT -m mark --mark 0x1 -j ACCEPT',
      '-A OUTPUT -m bpf --bytecode "1,6 0 0 0" -j ACCEPT',
    ],
  }
  const { status, said } = await told(owned, entry, ['filter:INPUT:policy:1', ping])
  expect(status).toBe('undetermined')
  expect(said).toContain('Whether it arrived depends on')
})

test('this host sent a reset in the name of who asked', async () => {
  const ends = { src: '192.0.2.2', dst: '198.51.100.9', sport: 40_000, dport: 80 }
  const entry =
    'tcp      6 6 CLOSE src=192.0.2.2 dst=198.51.100.9 sport=40000 dport=80 src=198.51.100.9 dst=192.0.2.2 sport=80 dport=40000 mark=0 use=1\n'
  const syn: [string, TestPacket] = [
    'filter:FORWARD:policy:1',
    { ...ends, in: 'eth0', out: 'lan', flags: 'SYN', seq: 1 },
  ]
  const reset: [string, TestPacket] = ['filter:OUTPUT:policy:1', { ...ends, out: 'lan', flags: 'RST', seq: 2 }]
  expect((await told({ filter: [] }, entry, syn)).status).toBe('answered')
  const { status, said } = await told({ filter: [] }, entry, syn, reset)
  expect(status).toBe('reply-lost')
  expect(said).toContain('This host itself sent a reset from 192.0.2.2, #2')
})

test('what came back is a connection of its own, in another zone', async () => {
  const asked: [string, TestPacket] = ['filter:OUTPUT:policy:1', QUERY]
  const waiting = udp('192.0.2.1', '192.0.2.53', '[UNREPLIED] ', '192.0.2.53', 'zone=1 ')
  const back =
    'udp      17 25 src=192.0.2.53 dst=192.0.2.1 sport=53 dport=40000 [UNREPLIED] src=192.0.2.1 dst=192.0.2.53 sport=40000 dport=53 mark=0 use=1\n'
  expect((await told({ filter: [] }, waiting, asked)).status).toBe('unanswered')
  expect((await told({ filter: [] }, waiting + back, asked)).status).toBe('undetermined')
})

test('whoever belongs to a group replies from its own address', async () => {
  const asked: TestPacket = {
    protocol: 'udp',
    in: 'eth0',
    src: '192.0.2.2',
    dst: '239.255.255.250',
    sport: 40_000,
    dport: 53,
  }
  const own = udp('192.0.2.2', '239.255.255.250', '[UNREPLIED] ')
  const back =
    'udp      17 25 src=192.0.2.1 dst=192.0.2.2 sport=53 dport=40000 [UNREPLIED] src=192.0.2.2 dst=192.0.2.1 sport=40000 dport=53 mark=0 use=1\n'
  const { status, said } = await told({ filter: [] }, own + back, ['filter:INPUT:policy:1', asked])
  expect(status).toBe('undetermined')
  expect(said).not.toContain('reply comes from')
})
