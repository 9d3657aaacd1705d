/** The prefix of this host's address is wider than its link: it looks there for who is behind a router. */
import { expect, it } from 'vitest'
import { fixCommands } from '../../src/edits/fix.ts'
import { open } from '../../src/index.ts'
import { trace } from '../journey/kernel-lines.ts'

const [CLIENT, HOST, ROUTER] = ['10.20.30.9', '10.20.1.80', '10.20.1.1']
/** As kernel-lines.ts has it. */
const SENDER = '02:00:00:00:00:02'
const RULES = '*filter\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n'
const STATE = {
  address: `2: eth0    inet ${HOST}/16 brd 10.20.255.255 scope global eth0\\       valid_lft forever preferred_lft forever\n`,
  conntrack: `tcp      6 58 SYN_RECV src=${CLIENT} dst=${HOST} sport=40000 dport=80 src=${HOST} dst=${CLIENT} sport=80 dport=40000 mark=0 use=1\n`,
}

async function told(neigh: string, route = '10.20.0.0/16 dev eth0 proto kernel scope link src 10.20.1.80') {
  const lines = [
    trace('filter:INPUT:policy:1', { in: 'eth0', src: CLIENT, dst: HOST, sport: 40_000, dport: 80, seq: 5 }),
    trace('filter:OUTPUT:policy:1', {
      out: 'eth0',
      src: HOST,
      dst: CLIENT,
      sport: 80,
      dport: 40_000,
      flags: 'ACK SYN',
    }),
  ]
  const log = lines.map((line, i) => `[   10.${i}00000] ${line}\n`).join('')
  const routes = `local ${HOST} dev eth0 table local proto kernel scope host src ${HOST}\n${route}\n`
  const files = Object.entries({ 'trace.log': log, 'rules.v4': RULES, ...STATE, routes, neigh })
  const { exchanges } = await (await open(files.map(([name, text]) => ({ name, text })))).exchanges()
  return exchanges[0]!.findings.find(({ code }) => code === 'wrong-way-out')
}

it('names the router by its MAC address, and proposes the route through it', async () => {
  const found = await told(`${CLIENT} dev eth0 INCOMPLETE\n${ROUTER} dev eth0 lladdr ${SENDER} REACHABLE\n`)
  expect(found?.message).toContain(`${CLIENT} is behind ${ROUTER}: its request came from the MAC address of ${ROUTER}`)
  expect(found?.message).toContain(`(${HOST}/16)`)
  expect(String(fixCommands(found!.fix[0]!).command)).toBe(`ip route add ${CLIENT}/32 via ${ROUTER} dev eth0`)
})

it.each([
  ['the client replies', `${CLIENT} dev eth0 lladdr ${SENDER} REACHABLE\n${ROUTER} dev eth0 lladdr ${SENDER} STALE\n`],
  [
    'nobody has that MAC address',
    `${CLIENT} dev eth0 INCOMPLETE\n${ROUTER} dev eth0 lladdr 02:00:00:00:00:09 REACHABLE\n`,
  ],
  [
    'it is the other IP version of the client itself',
    `${CLIENT} dev eth0 INCOMPLETE\n2001:db8::9 dev eth0 lladdr ${SENDER} REACHABLE\n`,
  ],
])('is silent where %s', async (_, neigh) => {
  expect(await told(neigh)).toBeUndefined()
})

it('is silent where a route leads through the router', async () => {
  const neigh = `${CLIENT} dev eth0 INCOMPLETE\n${ROUTER} dev eth0 lladdr ${SENDER} REACHABLE\n`
  expect(await told(neigh, `10.20.0.0/16 via ${ROUTER} dev eth0`)).toBeUndefined()
})
