/** A capture that lacks lines and does not say so: where one packet's journey shows that, the silence of others proves nothing. */
import { expect, test } from 'vitest'
import { open } from '../../src/index.ts'
import { saved } from '../explain/findings/played.ts'
import { clocked, type TestPacket, trace } from '../journey/kernel-lines.ts'

const RULES = saved({
  raw: ['-A PREROUTING -j TRACE'],
  filter: ['-A INPUT -p tcp -m tcp --dport 22 -j ALLOWED', ':ALLOWED - [0:0]', '-A ALLOWED -j ACCEPT'],
})
const SYN: TestPacket = {
  in: 'eth0',
  src: '192.0.2.2',
  dst: '192.0.2.1',
  sport: 40_000,
  dport: 22,
  flags: 'SYN',
  id: 7,
}
const OTHER = { ...SYN, sport: 40_001, id: 9 }
const SEEN = ['raw:PREROUTING:rule:1', 'raw:PREROUTING:policy:2']

async function outcomeOf(text: string, rules: string) {
  const analysis = await open([
    { name: 'rules', text: rules },
    { name: 'trace', text },
  ])
  const { groups } = await analysis.groups()
  const { journey } = groups.find((one) => one.journey.packet.sport === 40_000)!
  return [journey.outcome, journey.findings.some(({ code }) => code === 'lost-events')]
}

test.each([
  ['is whole', ['filter:INPUT:rule:1', 'filter:ALLOWED:rule:1'], ['vanished', false]],
  // none of the chain that the rule leads to
  ['lacks a line', ['filter:INPUT:rule:1', 'filter:INPUT:policy:2'], ['undetermined', true]],
])('another journey %s', async (_, places, told) => {
  const log = clocked([
    ...SEEN.map((place) => [1, trace(place, SYN)] as const),
    ...[...SEEN, ...places].map((place) => [2, trace(place, OTHER)] as const),
  ])
  expect(await outcomeOf(log, RULES)).toEqual(told)
})

const TABLE = `table inet fw {
  chain early {
    type filter hook input priority -10; policy accept;
    accept
  }
  chain late {
    type filter hook input priority 0; policy accept;
    accept
  }
}
`
const header = (chain: string) =>
  `trace id 11111111 inet fw ${chain} packet: iif "eth0" ip saddr 192.0.2.2 ip daddr 192.0.2.1 ip dscp cs0 ip ecn not-ect ip ttl 64 ip id 7 ip protocol tcp ip length 60 tcp sport 40000 tcp dport 22 tcp flags == syn tcp window 64240\n`
const rule = (chain: string) => `trace id 11111111 inet fw ${chain} rule accept (verdict accept)\n`
const AFTER =
  'trace id 22222222 inet fw early packet: iif "eth0" ip saddr 192.0.2.3 ip daddr 192.0.2.1 ip protocol tcp tcp sport 9 tcp dport 9\ntrace id 22222222 inet fw early rule accept (verdict accept)\n'

test('a header of nft shows that the packet came to a chain, though its rule is not printed', async () => {
  expect((await outcomeOf(header('early') + rule('early') + AFTER, TABLE))[0]).toBe('vanished')
  expect(await outcomeOf(header('early') + rule('early') + header('late') + AFTER, TABLE)).toEqual([
    'undetermined',
    true,
  ])
  expect((await outcomeOf(header('early') + rule('early') + header('late') + rule('late') + AFTER, TABLE))[0]).toBe(
    'delivered',
  )
})

test('a chain that no line leads to', async () => {
  const table = TABLE.replace(
    'priority 0; policy accept;\n    accept',
    'priority 0; policy accept;\n    counter\n    jump ssh',
  ).replace(/\}\n$/, '  chain ssh {\n    tcp dport 22 accept\n  }\n}\n')
  const jump = 'trace id 11111111 inet fw late rule jump ssh (verdict jump ssh)\n'
  const end = 'trace id 11111111 inet fw ssh rule tcp dport 22 accept (verdict accept)\n'
  const counts = 'trace id 11111111 inet fw late rule counter packets 0 bytes 0 (verdict continue)\n'
  const whole = header('early') + rule('early') + header('late') + counts + jump + end
  expect(await outcomeOf(whole + AFTER, table)).toEqual(['delivered', false])
  expect(await outcomeOf(whole.replace(jump, '') + AFTER, table)).toEqual(['delivered', true])
})

test('what a capture says that it lost, or has not seen the beginning of, says nothing of other packets', async () => {
  const vanished = SEEN.map((place) => [9, trace(place, SYN)] as const)
  const later = [12, trace('raw:PREROUTING:rule:1', OTHER)] as const
  const begun = [1, trace('raw:PREROUTING:rule:1', { ...OTHER, sport: 40_002 })] as const
  const lost = '[    1.000001] systemd-journald[233]: Missed 3 kernel messages\n'
  expect(await outcomeOf(clocked([begun]) + lost + clocked([...vanished, later]), RULES)).toEqual(['vanished', false])
  const cut = 'trace id 33333333 inet fw early rule accept (verdict accept)\n'
  expect((await outcomeOf(cut + header('early') + rule('early') + AFTER, TABLE))[0]).toBe('vanished')
})
