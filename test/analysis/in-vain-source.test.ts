/** An address that a request is given, said where no reply came. */
import { expect, test } from 'vitest'
import { ADDRESS, BEHIND, type Line, OUTSIDE, opened } from './two-networks.ts'

const TO_SERVER = '-A PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.0.0.2:80'
const SNAT = '-A POSTROUTING -s 10.0.0.0/24 -j SNAT --to-source 203.0.113.1'
const asked = (out: string, dst: string): Line[] => [
  [10, 'nat:POSTROUTING:rule:1', { out, src: '10.0.0.1', dst, sport: 40_000, dport: 80 }],
  [11, 'nat:POSTROUTING:rule:1', { out, src: '10.0.0.1', dst, sport: 40_000, dport: 80 }],
]

test.each([
  ['lan', '10.0.0.2', true],
  ['wan', '203.0.113.9', false],
])('a neighbour on %s is asked from an address of another interface, and does not reply', async (out, dst, isTold) => {
  const [exchange] = (await (await opened([SNAT], asked(out, dst))).exchanges()).exchanges
  expect(exchange!.status).toBe('unanswered')
  const told = exchange!.findings.find(({ code }) => code === 'snat-elsewhere')
  expect(told?.rules.map(({ chain, ruleNumber }) => `${chain} ${ruleNumber}`)).toEqual(
    isTold ? ['POSTROUTING 1'] : undefined,
  )
  if (isTold) expect(told!.fix[0]).toMatchObject({ edits: [{ op: 'insert', table: 'nat', chain: 'POSTROUTING' }] })
})

test('a neighbour is asked for somebody outside from an address of another interface: it is to get the one of its own', async () => {
  const nat = (source: string) => `-A POSTROUTING -d 10.0.0.2/32 -j SNAT --to-source ${source}`
  const found = async (source: string) => {
    const again: Line[] = [10, 13].flatMap((clock) =>
      ['nat:PREROUTING:rule:1', 'filter:FORWARD:policy:1', 'nat:POSTROUTING:rule:1'].map(
        (place, i): Line => [clock, place, i === 0 ? OUTSIDE : i === 1 ? BEHIND : { ...BEHIND, in: '' }],
      ),
    )
    const [exchange] = (await (await opened([TO_SERVER, nat(source)], again)).exchanges()).exchanges
    expect(exchange!.status).toBe('unanswered')
    return exchange!.findings.find(({ code }) => code === 'snat-elsewhere')
  }
  const told = await found('203.0.113.1')
  expect(told).toMatchObject({
    severity: 'note',
    fix: [{ after: 'forwarded', edits: [{ op: 'insert', table: 'nat' }] }],
  })
  expect(told!.message).toContain('an address of wan, but it leaves by lan to the neighbour 10.0.0.2')
  expect(await found('10.0.0.1')).toBeUndefined()
})

test('a neighbour is asked from an address of its own link in another network: it is to get the one in its network', async () => {
  const [second, local] = [
    '192.168.9.1',
    'local 192.168.9.1 dev lan table local proto kernel scope host src 192.168.9.1\n',
  ]
  const address = (length: number, more = '') =>
    `${ADDRESS}3: lan    inet ${second}/${length} scope global ${more}lan\\       valid_lft forever preferred_lft forever\n`
  const nat = `-A POSTROUTING -o lan -j SNAT --to-source ${second}`
  const lines = [10, 13].map((clock): Line => [clock, 'nat:POSTROUTING:rule:1', { ...BEHIND, in: '' }])
  const found = async (listed: string) => {
    const [exchange] = (await (await opened([nat], lines, undefined, local, listed)).exchanges()).exchanges
    expect(exchange!.status).toBe('unanswered')
    return exchange!.findings.find(({ code }) => code === 'snat-elsewhere')
  }
  const told = await found(address(24))
  expect(told?.message).toBe(
    `nat POSTROUTING rule 1 gave it source ${second}, an address of lan: the route from 10.0.0.2 to ${second} may not lead to this host, which is its neighbour in 10.0.0.0/24.`,
  )
  expect(told?.fix[0]).toMatchObject({ edits: [{ op: 'insert', table: 'nat', chain: 'POSTROUTING' }] })
  expect((await found(address(24, 'deprecated ')))?.message).toContain(`${second}, a deprecated address of lan: `)
  // one in the neighbour's own network
  const [near] = (
    await (
      await opened(
        [nat.replace(second, '10.0.0.9')],
        lines,
        undefined,
        '',
        `${ADDRESS}3: lan    inet 10.0.0.9/32 scope global lan\\       valid_lft forever preferred_lft forever\n`,
      )
    ).exchanges()
  ).exchanges
  expect(near!.status).toBe('unanswered')
  expect(near!.findings.map(({ code }) => code)).not.toContain('snat-elsewhere')
})

test('it leaves by another uplink than the one whose address it is given', async () => {
  const defaults = 'default via 203.0.113.254 dev wan\ndefault via 10.0.0.254 dev lan table 2\n'
  const found = async (more: string) => {
    const analysis = await opened([SNAT], asked('lan', '198.51.100.9'), undefined, more)
    const [exchange] = (await analysis.exchanges()).exchanges
    return exchange!.findings.find(({ code }) => code === 'snat-elsewhere')
  }
  const told = await found(defaults)
  expect(told?.message).toBe(
    'nat POSTROUTING rule 1 gave it source 203.0.113.1, an address of wan, but it leaves by lan: routers behind lan may drop it, and replies come in by wan.',
  )
  expect(told?.fix[0]).toMatchObject({ edits: [{ op: 'insert', table: 'nat', chain: 'POSTROUTING' }] })
  expect(await found('default via 203.0.113.254 dev wan\n')).toBeUndefined()
})

test('a person is told of it where the retransmission is alike', async () => {
  const { groups } = await (await opened([SNAT], asked('lan', '10.0.0.2'))).groups()
  expect(groups.map(({ count }) => count)).toEqual([2])
  expect(groups[0]!.exchanges!.worst.findings.map(({ code }) => code)).toContain('snat-elsewhere')
})
