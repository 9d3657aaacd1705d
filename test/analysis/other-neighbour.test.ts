/** Somebody has entered another link address for the sender than its packets come from. */
import { expect, it } from 'vitest'
import { open } from '../../src/index.ts'
import { trace } from '../journey/kernel-lines.ts'

const [CLIENT, HOST] = ['192.0.2.7', '192.0.2.1']
/** As kernel-lines.ts has it. */
const SENDER = '02:00:00:00:00:02'
const OTHER = '52:54:00:99:99:99'
const RULES = '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n'
const STATE = {
  address:
    '2: eth0    inet 192.0.2.1/24 brd 192.0.2.255 scope global eth0\\       valid_lft forever preferred_lft forever\n',
  routes:
    'local 192.0.2.1 dev eth0 table local proto kernel scope host src 192.0.2.1\n192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.1\n',
  conntrack: `tcp      6 58 SYN_RECV src=${CLIENT} dst=${HOST} sport=40000 dport=80 src=${HOST} dst=${CLIENT} sport=80 dport=40000 mark=0 use=1\n`,
}

type Then = 'goes on' | 'asks again' | 'replied again'

async function told(neighbour: string, then?: Then) {
  const asked = { in: 'eth0', src: CLIENT, dst: HOST, sport: 40_000, dport: 80 }
  const reply = { out: 'eth0', src: HOST, dst: CLIENT, sport: 80, dport: 40_000, flags: 'ACK SYN' }
  const lines = [
    trace('filter:INPUT:policy:1', { ...asked, seq: 5 }),
    trace('filter:OUTPUT:policy:1', reply),
    ...(then === 'goes on' ? [trace('filter:INPUT:policy:1', { ...asked, seq: 6, flags: 'ACK' })] : []),
    ...(then === 'asks again' ? [trace('filter:INPUT:policy:1', { ...asked, seq: 5, id: 2 })] : []),
    ...(then === undefined || then === 'goes on' ? [] : [trace('filter:OUTPUT:policy:1', { ...reply, id: 2 })]),
  ]
  const log = lines.map((line, i) => `[   10.${i}00000] ${line}\n`).join('')
  const neigh = `${CLIENT} dev eth0 lladdr ${neighbour}\n`
  const files = Object.entries({ 'trace.log': log, 'rules.v4': RULES, ...STATE, neigh })
  const { exchanges } = await (await open(files.map(([name, text]) => ({ name, text })))).exchanges()
  return exchanges[0]!
}

it.each<Then | undefined>([undefined, 'asks again', 'replied again'])(
  'is where replies go, if the entry is permanent; then: %s',
  async (then) => {
    const { status, basis, findings } = await told(`${OTHER} PERMANENT`, then)
    expect([status, basis]).toEqual(['reply-lost', 'inferred'])
    expect(findings.map(({ code, message }) => `${code}: ${message}`)).toEqual([
      `neighbour-failed: A permanent neighbour entry gives ${CLIENT} the MAC address ${OTHER}, but the request came from ${SENDER}.`,
    ])
  },
)

it.each<[string, string, Then | undefined]>([
  ['the kernel has learned it', `${OTHER} REACHABLE`, undefined],
  ['it is the same', `${SENDER} PERMANENT`, undefined],
  ['the sender has gone on', `${OTHER} PERMANENT`, 'goes on'],
])('is nothing where %s', async (_, neighbour, then) => {
  const { status, findings } = await told(neighbour, then)
  expect([status, findings]).toEqual(['answered', []])
})

const [ABROAD, NODE, GATEWAY] = ['10.233.66.74', '192.0.2.27', '192.0.2.254']

/** The sender is behind a neighbour, and the default route leads to another one. */
async function behind({
  left = 57,
  isAcknowledged,
  node = SENDER,
  gateway = `${OTHER} REACHABLE`,
  others = '',
}: {
  left?: number
  isAcknowledged?: true
  node?: string
  gateway?: string
  others?: string
} = {}) {
  const asked = { in: 'eth0', src: ABROAD, dst: HOST, sport: 40_000, dport: 80 }
  const reply = { out: 'eth0', src: HOST, dst: ABROAD, sport: 80, dport: 40_000, flags: 'ACK SYN' }
  const lines = [
    trace('filter:INPUT:policy:1', { ...asked, seq: 5 }),
    trace('filter:OUTPUT:policy:1', reply),
    ...(isAcknowledged ? [trace('filter:INPUT:policy:1', { ...asked, seq: 6, flags: 'ACK' })] : []),
  ]
  const files = Object.entries({
    'trace.log': lines.map((line, i) => `[   10.${i}00000] ${line}\n`).join(''),
    'rules.v4': RULES,
    address: STATE.address,
    routes: `${STATE.routes}default via ${GATEWAY} dev eth0\n`,
    conntrack: `${STATE.conntrack.replace(' 58 ', ` ${left} `).replaceAll(CLIENT, ABROAD)}${others}`,
    neigh: `${NODE} dev eth0 lladdr ${node} REACHABLE\n${GATEWAY} dev eth0 lladdr ${gateway}\n`,
    sysctl: 'net.netfilter.nf_conntrack_tcp_timeout_syn_recv = 60\n',
  })
  const { exchanges } = await (await open(files.map(([name, text]) => ({ name, text })))).exchanges()
  const [{ status, findings }] = exchanges as [(typeof exchanges)[0]]
  return { status, findings: findings.filter(({ severity }) => severity !== 'note') }
}

it('is the gateway of the default route, where the request came by another router and the handshake stays half open', async () => {
  const { status, findings } = await behind()
  expect(status).toBe('reply-lost')
  expect(findings.map(({ code, message }) => `${code}: ${message}`)).toEqual([
    `wrong-way-out: The request came through ${NODE} (MAC address ${SENDER}), but this host sends the reply to ${GATEWAY} (the default route), and ${ABROAD} has not acknowledged it. If ${GATEWAY} tracks connections, it drops replies to requests that it has not seen.`,
  ])
  expect(findings[0]!.fix[0]!.description).toBe(
    `add a route back to ${ABROAD} through the neighbour that sent the packet`,
  )
})

it.each<[string, Parameters<typeof behind>[0]]>([
  ['the handshake was listed at once', { left: 60 }],
  ['the sender has gone on', { isAcknowledged: true }],
  [
    'another connection of the sender went on',
    {
      others: `tcp      6 431999 ESTABLISHED src=${ABROAD} dst=${HOST} sport=40001 dport=22 src=${HOST} dst=${ABROAD} sport=22 dport=40001 [ASSURED] mark=0 use=1\n`,
    },
  ],
  ['the request came by the gateway', { gateway: `${SENDER} REACHABLE` }],
  ['the gateway has an address that routers share', { gateway: '00:00:5e:00:01:33 REACHABLE' }],
  ['nobody here is known to have the address that it came from', { node: '02:00:00:00:00:77' }],
])('is no other router where %s', async (_, given) => {
  expect((await behind(given)).findings).toEqual([])
})
