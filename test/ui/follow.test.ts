/** A trace of two hosts that goes on: what was looked at, expanded, tried and compared stays the same packet, whatever its number is. */
import { expect, test } from 'vitest'
import type { PageFile, Row, RowKey } from '../../src/ui/protocol.ts'
import { Session } from '../../src/ui/worker/session.ts'

const WANTED = { filter: '', words: [], decided: [], machines: [] }

const rules = (port: number) => `*raw
:PREROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -j TRACE
COMMIT
*filter
:INPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport ${port} -j DROP
COMMIT
`

const ADDRESSES = JSON.stringify([
  {
    ...{ ifindex: 2, ifname: 'eth0', flags: ['BROADCAST', 'UP', 'LOWER_UP'], mtu: 1500, operstate: 'UP' },
    addr_info: [{ family: 'inet', local: '198.51.100.1', prefixlen: 24, scope: 'global', label: 'eth0' }],
  },
])
const ROUTES = JSON.stringify([
  { dst: 'default', gateway: '198.51.100.254', dev: 'eth0', flags: [] },
  { dst: '198.51.100.0/24', dev: 'eth0', protocol: 'kernel', scope: 'link', prefsrc: '198.51.100.1', flags: [] },
  {
    ...{ type: 'local', dst: '198.51.100.1', dev: 'eth0', table: 'local', protocol: 'kernel', scope: 'host' },
    ...{ prefsrc: '198.51.100.1', flags: [] },
  },
])

/** A SYN that ends at the given rule. */
const packet = (at: number, src: string, sport: number, dport: number): string =>
  ['raw:PREROUTING:rule:1', 'raw:PREROUTING:policy:2', 'filter:INPUT:rule:1']
    .map(
      (place, i) =>
        `[  ${(at + i / 1000).toFixed(6)}] TRACE: ${place} IN=eth0 OUT= SRC=${src} DST=198.51.100.1 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=${sport} DF PROTO=TCP SPT=${sport} DPT=${dport} SEQ=1 ACK=0 WINDOW=64240 RES=0x00 SYN URGP=0\n`,
    )
    .join('')

const file = (host: string, name: string, text: string): PageFile => ({
  ...{ name: `trace/${host}/${name}`, folders: ['trace', host] },
  bytes: new TextEncoder().encode(text),
})

/** `a`, `b`: how many packets of each came so far. */
const files = (a: number, b: number): PageFile[] => [
  file('a', 'rules.v4', rules(81)),
  file('b', 'rules.v4', rules(82)),
  ...['a', 'b'].flatMap((host) => [file(host, 'addr.json', ADDRESSES), file(host, 'route.json', ROUTES)]),
  ...(a > 0
    ? [
        file(
          'a',
          'kernel.log',
          Array.from({ length: a }, (_, i) => packet(100 + 5 * i, '192.0.2.1', 4000 + i, 81)).join(''),
        ),
      ]
    : []),
  ...(b > 0
    ? [
        file(
          'b',
          'kernel.log',
          Array.from({ length: b }, (_, i) => packet(100 + 5 * i, '192.0.2.2', 5000 + i, 82)).join(''),
        ),
      ]
    : []),
]

const follow = (session: Session, [a, b]: [number, number], selected?: RowKey) =>
  session.follow({ files: files(a, b), wanted: WANTED, isUnderWay: false, ...(selected ? { selected } : {}) })

const all = (session: Session): Row[] => session.rows({ from: 0, to: 1000 })
const ofB = (session: Session): Row => all(session).find(({ machine, isOne }) => machine === 'b' && !isOne)!
const ends = ({ addresses }: Row): string => addresses[0]!

test('a row keeps its name while packets of another host come before it', async () => {
  const session = new Session()
  await follow(session, [1, 2])
  session.expand(ofB(session))
  const second = all(session).filter(({ isOne }) => isOne)[1]!
  expect(ends(second)).toBe('192.0.2.2:5001')

  const { place, listed } = await follow(session, [3, 3], second)
  // still expanded: two groups, and the three exchanges of the one
  expect(listed.rows).toBe(5)
  const [row] = session.rows({ from: place!, to: place! + 1 })
  expect(ends(row!)).toBe('192.0.2.2:5001')
  const { explanation } = session.look(second)!
  expect(explanation.packet.sport).toBe(5001)
  expect(explanation.machine).toBe('b')
})

test('a question that was asked before the list was made anew is answered about the same packet', async () => {
  const session = new Session()
  await follow(session, [0, 1])
  const b = ofB(session)
  await follow(session, [2, 2])
  expect(session.look(b)!.explanation.machine).toBe('b')
  const rows = session.expand(b)
  expect(rows).toBe(4)
  expect(
    all(session)
      .filter(({ isOne }) => isOne)
      .map(ends),
  ).toEqual(['192.0.2.2:5000', '192.0.2.2:5001'])
})

test('a captured packet is played on the rules of its own host', async () => {
  const session = new Session()
  await follow(session, [1, 1])
  const b = session.look(ofB(session))!.explanation
  await follow(session, [3, 1])
  const { explanation, differs } = await session.play({
    packet: b.packet,
    journey: b.row.id,
    changes: [],
    machine: 'b',
  })
  expect(differs).toBeUndefined()
  expect(explanation.row.word).toBe('DROPPED')
  expect(explanation.steps.map(({ rule }) => rule)).toContain('-p tcp -m tcp --dport 82 -j DROP')
})

test('two exchanges are compared that were chosen', async () => {
  const session = new Session()
  await follow(session, [1, 1])
  const [a, b] = ['a', 'b'].map((host) => all(session).find(({ machine }) => machine === host)!.id)
  await follow(session, [4, 2])
  const compared = await session.compare({ a: a!, b: b! })
  expect([compared.a.machine, compared.b.machine]).toEqual(['a', 'b'])
  expect([compared.a.packet.sport, compared.b.packet.sport]).toEqual([4000, 5000])
})

test('what cannot be read leaves all as it was', async () => {
  const session = new Session()
  await follow(session, [1, 1])
  const rows = all(session)
  await expect(
    session.follow({ files: files(2, 2), wanted: { ...WANTED, filter: 'tcp and' }, isUnderWay: false }),
  ).rejects.toThrow()
  expect(all(session)).toEqual(rows)
  expect(session.look(rows[0]!)!.explanation.row).toEqual(rows[0])
})

test('rules are met by all packets, whatever is listed', async () => {
  const session = new Session()
  await follow(session, [2, 1])
  const hits = async () =>
    (await session.rulesets(undefined)).map(({ machine, tables }) => [
      machine,
      tables.find(({ name }) => name === 'filter')!.chains[0]!.rules[0]!.hits,
    ])
  const counted = [
    ['a', 2],
    ['b', 1],
  ]
  expect(await hits()).toEqual(counted)
  await session.select({ ...WANTED, filter: 'src 192.0.2.2' })
  expect(await hits()).toEqual(counted)
  await session.follow({ files: files(3, 1), wanted: { ...WANTED, filter: 'src 192.0.2.2' }, isUnderWay: false })
  expect(await hits()).toEqual([
    ['a', 3],
    ['b', 1],
  ])
})
