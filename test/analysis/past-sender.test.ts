/** The route to a link's own network has a router of that link as its next hop, and a neighbour's handshake stays half open. */
import { expect, it } from 'vitest'
import { open, printCommand, printedExchange } from '../../src/index.ts'
import { dmesg, trace } from '../journey/kernel-lines.ts'

const [CLIENT, HOST, ROUTER] = ['192.0.2.7', '192.0.2.1', '192.0.2.254']
/** As kernel-lines.ts has it. */
const SENDER = '02:00:00:00:00:02'
const OTHER = '52:54:00:99:99:99'
const RULES = '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n'
const entry = (dst: string, port: number, rest: string) =>
  `tcp      6 ${rest.replace('ENDS', `src=${CLIENT} dst=${dst} sport=${port} dport=80 src=${dst} dst=${CLIENT} sport=80 dport=${port}`)} mark=0 use=1\n`

interface Given {
  route?: string
  client?: string
  router?: string
  others?: string
}

async function told({
  route = `192.0.2.0/24 via ${ROUTER} dev eth0`,
  client = SENDER,
  router = `${OTHER} REACHABLE`,
  others = '',
}: Given = {}) {
  const asked = { in: 'eth0', src: CLIENT, dst: HOST, sport: 40_000, dport: 80 }
  const reply = { out: 'eth0', src: HOST, dst: CLIENT, sport: 80, dport: 40_000, flags: 'ACK SYN' }
  const files = Object.entries({
    'trace.log': dmesg([trace('filter:INPUT:policy:1', asked), trace('filter:OUTPUT:policy:1', reply)]),
    'rules.v4': RULES,
    address:
      '2: eth0    inet 192.0.2.1/24 brd 192.0.2.255 scope global eth0\\       valid_lft forever preferred_lft forever\n',
    routes: `local 192.0.2.1 dev eth0 table local proto kernel scope host src 192.0.2.1\n${route}\n192.0.2.254 dev eth0 scope link\n`,
    conntrack: `${entry(HOST, 40_000, '57 SYN_RECV ENDS')}${others}`,
    neigh: `${CLIENT} dev eth0 lladdr ${client} REACHABLE\n${ROUTER} dev eth0 lladdr ${router}\n`,
    sysctl: 'net.netfilter.nf_conntrack_tcp_timeout_syn_recv = 60\n',
  })
  const { exchanges } = await (await open(files.map(([name, text]) => ({ name, text })))).exchanges()
  const { status, findings } = printedExchange(exchanges[0]!)
  return { status, findings: findings.filter(({ severity }) => severity !== 'note') }
}

type Printed = Awaited<ReturnType<typeof told>>['findings'][0]
const said = (found: Printed | undefined) =>
  [found?.fix[0]?.command, found?.fix[0]?.undo].map((one) => one && printCommand(one))

const RESIDENT = entry('192.0.2.9', 40_001, '431999 ESTABLISHED ENDS [ASSURED]')

it.each<[string, Given]>([
  ['nothing else is known', {}],
  ['the neighbour talks to another one of its link', { others: RESIDENT }],
])('is told with the route where %s', async (_, given) => {
  const { status, findings } = await told(given)
  expect(status).toBe('reply-lost')
  expect(findings.map(({ code, message }) => `${code}: ${message}`)).toEqual([
    `wrong-way-out: The request came from ${CLIENT} itself (MAC address ${SENDER}), a neighbour on eth0, but this host sends the reply to the router ${ROUTER} (the route to 192.0.2.0/24), and ${CLIENT} has not acknowledged it. ${ROUTER} may forward nothing, or drop replies to requests that it has not seen.`,
  ])
  expect(said(findings[0])).toEqual([
    'ip route replace 192.0.2.0/24 dev eth0',
    `ip route replace 192.0.2.0/24 via ${ROUTER} dev eth0`,
  ])
})

it('gives a narrower route to the neighbour alone where a wide one leads past the link', async () => {
  const { findings } = await told({ route: `192.0.0.0/16 via ${ROUTER} dev eth0` })
  expect(said(findings[0])[0]).toBe(`ip route add ${CLIENT}/32 dev eth0`)
})

it.each<[string, Given]>([
  ['the route is that of the link', { route: '192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.1' }],
  ['the router itself handed the request over', { router: `${SENDER} REACHABLE` }],
  ['the sender is known by another link address', { client: '02:00:00:00:00:77' }],
  ['routers share the link address of the next hop', { router: '00:00:5e:00:01:33 REACHABLE' }],
  [
    'the sender has acknowledged replies that go by that route',
    { others: entry(HOST, 40_001, '431999 ESTABLISHED ENDS [ASSURED]') },
  ],
])('is not told where %s', async (_, given) => {
  expect((await told(given)).findings).toEqual([])
})
