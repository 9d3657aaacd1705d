/** Packets of one class whose exchanges fared differently: those that failed are told apart, and first. */
import { expect, test } from 'vitest'
import { open } from '../../src/index.ts'
import { FORMS } from '../../src/reports/index.ts'
import { clocked, type TestPacket, trace } from '../journey/kernel-lines.ts'

const RULES = '*filter\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A INPUT -p tcp --dport 23 -j DROP\nCOMMIT\n'
const [CLIENT, HOST, OTHER] = ['192.0.2.7', '192.0.2.1', '192.0.2.2']

const asked = (clock: number, packet: Partial<TestPacket>): string =>
  clocked([[clock, trace('filter:INPUT:policy:2', { in: 'eth0', src: CLIENT, dst: HOST, dport: 80, ...packet })]])
const answered = (clock: number, packet: Partial<TestPacket>): string =>
  clocked([
    [
      clock,
      trace('filter:OUTPUT:policy:1', { out: 'eth0', src: HOST, dst: CLIENT, sport: 80, flags: 'ACK SYN', ...packet }),
    ],
  ])

/** `silent`: which of them get no reply, and are sent again. */
async function groupsOf(exchanges: number, silent: ReadonlySet<number>) {
  let log = ''
  for (let i = 0; i < exchanges; i++) {
    const [clock, sport, seq] = [10 + i * 10, 40_000 + i, 1000 + i]
    const dst = silent.has(i) ? OTHER : HOST
    log += asked(clock, { sport, seq, dst })
    if (silent.has(i)) log += asked(clock + 1, { sport, seq, dst })
    else {
      log += answered(clock + 0.01, { dport: sport, seq: 5000 + i })
      log += asked(clock + 0.02, { sport, seq: seq + 1, flags: 'ACK', dst })
    }
  }
  const analysis = await open([
    { name: 'rules', text: RULES },
    { name: 'trace.log', text: log },
  ])
  return analysis.groups()
}

const shown = ({ groups, ending }: Awaited<ReturnType<typeof groupsOf>>): string[] => {
  const writer = FORMS.text.open({ quiet: true, width: 120 })
  return [...groups.map((group) => writer.journey(group)), writer.end(ending, groups)].filter((one) => one !== '')
}

test('the one that failed has its own addresses, and the others are one line', async () => {
  const all = await groupsOf(12, new Set([7]))
  const [failed] = all.groups
  expect(failed).toMatchObject({
    journey: { packet: { src: CLIENT, dst: OTHER, sport: 40_007 } },
    exchanges: { counts: { unanswered: 1 } },
  })
  // nothing that is said of it speaks of another's addresses
  expect(JSON.stringify(failed!.journey.findings)).not.toContain(HOST)
  const lines = shown(all)
  expect(lines).toHaveLength(2)
  expect(lines[0]).toMatch(/^✗ NO REPLY .*192\.0\.2\.7:40007 → 192\.0\.2\.2:80 /)
  expect(lines[1]).toMatch(/^✓ DELIVERED .*192\.0\.2\.7:\* → 192\.0\.2\.1:80 .* answered .*×11\n$/)
})

test('where the first of all failed, it stays the one that is shown', async () => {
  const { groups } = await groupsOf(5, new Set([0]))
  expect(groups[0]).toMatchObject({ journey: { id: '1' }, exchanges: { counts: { unanswered: 1 } } })
  const good = groups.find(({ exchanges }) => exchanges?.counts.answered === 4)!
  expect(good).toMatchObject({ count: 4, journey: { packet: { dst: HOST, sport: 40_001 } } })
})

test('packets are counted once', async () => {
  const { groups, ending } = await groupsOf(12, new Set([3, 7]))
  expect(groups.reduce((sum, { count }) => sum + count, 0)).toBe(ending.stats.journeys)
  expect(groups[0]!.exchanges!.counts).toEqual({ unanswered: 2 })
})

test('where all fared alike there is one group of requests', async () => {
  const { groups } = await groupsOf(6, new Set())
  expect(groups.filter(({ exchanges }) => exchanges)).toHaveLength(1)
})
