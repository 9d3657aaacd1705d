/** A peer sends to where a masqueraded request seems to come from, and was not asked from there. */
import { expect, it } from 'vitest'
import { open } from '../../src/index.ts'
import { trace } from '../journey/kernel-lines.ts'

const RULES = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o wan -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
`
const ADDRESS =
  '2: wan    inet 203.0.113.1/24 scope global wan\\       valid_lft forever preferred_lft forever\n3: lan    inet 10.0.0.1/24 scope global lan\\       valid_lft forever preferred_lft forever\n'
const ROUTES =
  'local 203.0.113.1 dev wan table local proto kernel scope host src 203.0.113.1\n203.0.113.0/24 dev wan proto kernel scope link src 203.0.113.1\n10.0.0.0/24 dev lan proto kernel scope link src 10.0.0.1\n'

const ends = (src: string, dst: string, sport: number, dport: number) =>
  `src=${src} dst=${dst} sport=${sport} dport=${dport}`
const PEERS = `${ends('203.0.113.2', '203.0.113.1', 5000, 5000)} [UNREPLIED] ${ends('203.0.113.1', '203.0.113.2', 5000, 5000)}`

/** `given`: the source port that masquerading gave; `other`: the entry that has the one that was asked for. */
async function exchangesOf(given: number, other = PEERS) {
  const asked = { in: 'lan', src: '10.0.0.7', dst: '203.0.113.2', sport: 5000, dport: 5000, protocol: 'udp' } as const
  const peer = { ...asked, in: 'wan', src: '203.0.113.2', dst: '203.0.113.1', id: 2 }
  const log = [
    trace('nat:PREROUTING:policy:1', asked),
    trace('filter:FORWARD:policy:1', { ...asked, out: 'wan' }),
    trace('nat:POSTROUTING:rule:1', { ...asked, out: 'wan' }),
    trace('filter:INPUT:policy:1', peer),
  ].map((line, i) => `[   10.00000${i}] ${line}\n`)
  const own = `${ends('10.0.0.7', '203.0.113.2', 5000, 5000)} [UNREPLIED] ${ends('203.0.113.2', '203.0.113.1', 5000, given)}`
  const conntrack = [own, other].map((row) => `udp      17 20 ${row} mark=0 use=1\n`).join('')
  const files = Object.entries({ log: log.join(''), RULES, ADDRESS, ROUTES, conntrack })
  const { exchanges } = await (await open(files.map(([name, text]) => ({ name, text })))).exchanges()
  return exchanges
}

const replied = async (given: number) =>
  (await exchangesOf(given)).map(({ asked: { src }, journeys: { replies } }) => [src, replies.length])

it('is the peer that begins, where connection tracking lists another source port', async () => {
  expect(await replied(1024)).toEqual([
    ['10.0.0.7', 0],
    ['203.0.113.2', 0],
  ])
})

it('replies where it is that port', async () => {
  expect(await replied(5000)).toEqual([['10.0.0.7', 1]])
})

it('tells which connection has the source port that was asked for, whichever side began it', async () => {
  const told = async (other: string) => {
    const [exchange] = await exchangesOf(1024, other)
    const found = exchange!.findings.find(({ code }) => code === 'snat-changed-source')
    return found?.message.replace(/.* instead, and/, '')
  }
  const instead = ' source port 1024 instead of 5000'
  expect(await told(PEERS)).toBe(`${instead}, which the connection of 203.0.113.2:5000 to 203.0.113.1:5000 has.`)
  const client = (port: number) =>
    `${ends('10.0.0.8', '203.0.113.2', 5000, 5000)} [UNREPLIED] ${ends('203.0.113.2', '203.0.113.1', 5000, port)}`
  expect(await told(client(5000))).toBe(`${instead}, which the connection of 10.0.0.8:5000 to 203.0.113.2:5000 has.`)
})
