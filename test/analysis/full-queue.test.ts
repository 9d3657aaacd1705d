/** A request that nobody replies to: the queue of its socket is full, or its client is in the network of another interface. */
import { expect, it } from 'vitest'
import { open } from '../../src/index.ts'
import { trace } from '../journey/kernel-lines.ts'

const RULES =
  '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A INPUT -p tcp -j ACCEPT\nCOMMIT\n'
const address = (id: number, device: string, net: string) =>
  `${id}: ${device}    inet ${net}.1/24 brd ${net}.255 scope global ${device}\\       valid_lft forever preferred_lft forever\n`
const route = (device: string, net: string) =>
  `local ${net}.1 dev ${device} table local proto kernel scope host src ${net}.1\n${net}.0/24 dev ${device} proto kernel scope link src ${net}.1\n`

async function told(
  src: string,
  { status = '[UNREPLIED] ', waiting = 0, sockets = '', neigh = '', tracked = true } = {},
) {
  const asked = { in: 'eth0', src, dst: '192.0.2.1', sport: 40_000, dport: 80 }
  const state = status === '' ? 'ESTABLISHED' : 'SYN_SENT'
  const files = {
    'trace.log': `[   10.000000] ${trace('filter:INPUT:rule:1', asked)}\n`,
    'rules.v4': RULES,
    address: address(2, 'eth0', '192.0.2') + address(3, 'br1', '10.7.0'),
    routes: `default via 192.0.2.254 dev eth0\n${route('eth0', '192.0.2')}${route('br1', '10.7.0')}`,
    sockets: `Netid State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process\ntcp LISTEN ${waiting} 1 0.0.0.0:80 0.0.0.0:* users:(("web",pid=7,fd=3))\n${sockets}`,
    conntrack: tracked
      ? `tcp      6 58 ${state} src=${src} dst=192.0.2.1 sport=40000 dport=80 ${status}src=192.0.2.1 dst=${src} sport=80 dport=40000 mark=0 use=1\n`
      : '',
    neigh,
  }
  const given = Object.entries(files).filter(([, text]) => text !== '')
  const { exchanges } = await (await open(given.map(([name, text]) => ({ name, text })))).exchanges()
  const { findings } = exchanges[0]!
  const more = findings.filter(({ code }) => code !== 'not-netfilter')
  return [exchanges[0]!.status, ...more.map(({ code, severity, message }) => `${severity} ${code}: ${message}`)]
}

const CLIENT = '198.51.100.7'

it('tells that the accept queue of the socket was full', async () => {
  expect(await told(CLIENT, { waiting: 2 })).toEqual([
    'unanswered',
    'error accept-queue-full: The rules accepted it, but the accept queue of the socket was full in the host state (Recv-Q 2, Send-Q 1): the kernel then drops each SYN. web, which listens on 192.0.2.1:80, accepts connections too slowly, or not at all.',
  ])
})

it('warns of it where connection tracking does not know the packet, and no reply was captured', async () => {
  expect(await told(CLIENT, { waiting: 2, tracked: false })).toEqual([
    'undetermined',
    'warning accept-queue-full: The rules accepted it, but the accept queue of the socket was full in the host state (Recv-Q 2, Send-Q 1): the kernel then drops each SYN. web, which listens on 192.0.2.1:80, accepts connections too slowly, or not at all.',
  ])
  expect(await told(CLIENT, { waiting: 1, tracked: false })).toEqual(['undetermined'])
})

it.each([
  ['there is room for one more', { waiting: 1 }],
  ['a reply came', { waiting: 2, status: '' }],
  [
    'another program takes it, too',
    { waiting: 2, sockets: 'tcp LISTEN 0 1 192.0.2.1:80 0.0.0.0:* users:(("other",pid=8,fd=3))\n' },
  ],
])('does not where %s', async (_name, more) => {
  expect((await told(CLIENT, more)).join()).not.toContain('accept-queue-full')
})

it.each([
  ['one program', 'udp UNCONN 4608 0 0.0.0.0:3702 0.0.0.0:* users:(("wsdd",pid=7,fd=3))\n', true],
  ['nobody', 'udp UNCONN 0 0 0.0.0.0:3702 0.0.0.0:* users:(("wsdd",pid=7,fd=3))\n', false],
  [
    'one of two programs',
    'udp UNCONN 4608 0 0.0.0.0:3702 0.0.0.0:* users:(("wsdd",pid=7,fd=3))\nudp UNCONN 0 0 192.0.2.1:3702 0.0.0.0:* users:(("other",pid=8,fd=3))\n',
    false,
  ],
])('tells of datagrams that %s has left unread', async (_name, sockets, isTold) => {
  const asked = { in: 'eth0', src: CLIENT, dst: '192.0.2.1', sport: 40_000, dport: 3702, protocol: 'udp' as const }
  const given = {
    'trace.log': `[   10.000000] ${trace('filter:INPUT:policy:2', asked)}\n`,
    'rules.v4': RULES,
    address: address(2, 'eth0', '192.0.2'),
    routes: `default via 192.0.2.254 dev eth0\n${route('eth0', '192.0.2')}`,
    sockets: `Netid State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process\n${sockets}`,
  }
  const { exchanges } = await (await open(Object.entries(given).map(([name, text]) => ({ name, text })))).exchanges()
  const note = exchanges[0]!.findings.find(({ code }) => code === 'not-netfilter')
  expect(note?.message.includes('The socket on 192.0.2.1:3702 held 4608 unread bytes')).toBe(isTold)
})

it('tells that the client is in the network of another interface', async () => {
  expect(await told('10.7.0.9')).toEqual([
    'unanswered',
    'warning reply-by-other-uplink: The request from 10.7.0.9 came in on eth0, but its simulated reply leaves by br1: 10.7.0.9 is also in the network of br1 (10.7.0.0/24). Two networks may use the same addresses.',
  ])
})

it.each([
  ['it is in no such network', CLIENT, {}],
  ['it is a neighbour there', '10.7.0.9', { neigh: '10.7.0.9 dev br1 lladdr 02:00:00:00:00:09 REACHABLE\n' }],
  ['it has gone on', '10.7.0.9', { status: '' }],
])('does not where %s', async (_name, src, more) => {
  expect((await told(src, more)).join()).not.toContain('Two networks')
})
