/** Ways through a table as ipt_do_table goes them; test/kernel/simulate* asks the kernel itself. */
import { describe, expect, it } from 'vitest'
import type { Packet } from '../../src/model/packet.ts'
import type { Table } from '../../src/model/ruleset.ts'
import { emptyWorld } from '../../src/model/world.ts'
import { readIptablesSave } from '../../src/read/rulesets/iptables-save.ts'
import { readNft } from '../../src/read/rulesets/nft-text.ts'
import { type ChainPosition, walk } from '../../src/rules/walk.ts'
import { PACKET_STEPS, WalkBudget } from '../../src/rules/walk-budget.ts'

const PACKET: Packet = {
  src: '10.0.0.7',
  dst: '10.0.0.1',
  protocol: 'tcp',
  sport: 1024,
  dport: 80,
  in: 'eth0',
  mark: 0,
}

/** `-A` lines of the filter table, `;` between them; INPUT's policy is DROP. */
function tableOf(rules: string): Table {
  const lines = rules.split('; ').map((line) => `-A ${line}`)
  const chains = new Set([...rules.matchAll(/(?:^|; |-j |-g )([a-z]\w*)/g)].map((match) => match[1]!))
  const text = [
    '*filter',
    ':INPUT DROP [0:0]',
    ...[...chains].map((name) => `:${name} - [0:0]`),
    ...lines,
    'COMMIT',
    '',
  ]
  return readIptablesSave(text.join('\n'), () => {})[0]!.tables[0]!
}

/** What matched, as `CHAIN:NUMBER`, and how it ended. */
function way(rules: string, packet: Packet = PACKET, start?: (table: Table) => ChainPosition[]) {
  const table = tableOf(rules)
  const moment = { packet, family: 'ip' as const, hook: 'input' as const, world: emptyWorld() }
  const stack = start?.(table) ?? [{ chain: table.chains.get('INPUT')!, index: 0 }]
  const { matched, ending, last, because, packet: left } = walk(table, stack, moment, new WalkBudget(PACKET_STEPS))
  const name = ({ chain, rule }: (typeof matched)[number]) => `${chain.name}:${rule.ruleNumber}`
  return { text: [...matched.map(name), ending].join(' '), last: last && name(last), because, left }
}

const UNKNOWN = '-m statistic --mode random --probability 0.5'

describe('jumps and returns', () => {
  it.each([
    ['INPUT -j ACCEPT', 'INPUT:1 accept'],
    ['INPUT -p udp -j ACCEPT', 'policy'],
    ['INPUT -j web; web -j ACCEPT', 'INPUT:1 web:1 accept'],
    // a chain without rules, or none that matches, is left at its end
    ['INPUT -j web; INPUT -j DROP', 'INPUT:1 INPUT:2 drop'],
    ['INPUT -j web; INPUT -j DROP; web -p udp -j ACCEPT', 'INPUT:1 INPUT:2 drop'],
    ['INPUT -j web; INPUT -j DROP; web -j RETURN; web -j ACCEPT', 'INPUT:1 web:1 INPUT:2 drop'],
    ['INPUT -j one; INPUT -j DROP; one -j two; one -p udp; two -j RETURN', 'INPUT:1 one:1 two:1 INPUT:2 drop'],
    // the policy decides
    ['INPUT -j RETURN; INPUT -j ACCEPT', 'INPUT:1 policy'],
    // who was left by goto is not come back to
    ['INPUT -g web; INPUT -j ACCEPT', 'INPUT:1 policy'],
    ['INPUT -g web; INPUT -j ACCEPT; web -j RETURN', 'INPUT:1 web:1 policy'],
    ['INPUT -j one; INPUT -j DROP; one -g two; one -j ACCEPT; two -p udp', 'INPUT:1 one:1 INPUT:2 drop'],
    ['INPUT -j one; INPUT -j DROP; one -g two; one -j ACCEPT; two -j RETURN', 'INPUT:1 one:1 two:1 INPUT:2 drop'],
    ['INPUT -g one; INPUT -j ACCEPT; one -j two; one -j DROP; two -j RETURN', 'INPUT:1 one:1 two:1 one:2 drop'],
    ['INPUT -j LOG; INPUT -j REJECT', 'INPUT:1 INPUT:2 reject'],
    ['INPUT -j NFQUEUE', 'INPUT:1 queue'],
  ])('%s: %s', (rules, expected) => {
    expect(way(rules).text).toBe(expected)
  })

  it('from a place within, with those that are come back to', () => {
    const rules = 'INPUT -j web; INPUT -j DROP; web -j ACCEPT; web -j RETURN'
    const within = (table: Table): ChainPosition[] => [
      { chain: table.chains.get('INPUT')!, index: 1 },
      { chain: table.chains.get('web')!, index: 1 },
    ]
    expect(way(rules, PACKET, within).text).toBe('web:2 INPUT:2 drop')
  })

  it.each([
    ['INPUT -j one; one -j two; two -j one', 'chain one can reach itself by jump'],
    ['INPUT -g one; one -g two; two -g one', 'chain one can reach itself by goto'],
  ])('round in circles: %s', (rules, why) => {
    const unknown = `the kernel refuses to load this ruleset: ${why}`
    expect(way(rules)).toMatchObject({ because: { unknown } })
  })

  it('to a chain that is not there', () => {
    const table = tableOf('INPUT -j web')
    table.chains.delete('web')
    const moment = { packet: PACKET, family: 'ip' as const, world: emptyWorld() }
    const found = walk(table, [{ chain: table.chains.get('INPUT')!, index: 0 }], moment, new WalkBudget(PACKET_STEPS))
    expect(found).toMatchObject({ ending: 'unknown', because: { unknown: 'chain web is not in the ruleset' } })
  })
})

describe('what cannot be told', () => {
  it.each([
    [`INPUT ${UNKNOWN} -j ACCEPT; INPUT -j DROP`, 'unknown', 'INPUT:1'],
    [`INPUT ${UNKNOWN} -j web; web -j ACCEPT`, 'unknown', 'INPUT:1'],
    // whether it is counted or logged makes no difference
    [`INPUT ${UNKNOWN}; INPUT -j ACCEPT`, 'INPUT:2 accept', 'INPUT:2'],
    [`INPUT ${UNKNOWN} -j LOG; INPUT -j ACCEPT`, 'INPUT:2 accept', 'INPUT:2'],
    [`INPUT -p udp ${UNKNOWN} -j ACCEPT`, 'policy', undefined],
    // the mark is not known then, and whoever asks for it
    [`INPUT ${UNKNOWN} -j MARK --set-xmark 0x1/0xffffffff; INPUT -m mark --mark 0x0 -j DROP`, 'unknown', 'INPUT:2'],
    [`INPUT ${UNKNOWN} -j MARK --set-xmark 0x1/0xffffffff; INPUT -j ACCEPT`, 'INPUT:2 accept', 'INPUT:2'],
    ['INPUT -j MAGIC', 'INPUT:1 unknown', 'INPUT:1'],
    [`INPUT ${UNKNOWN} -j SET --add-set s src; INPUT -m set --match-set s src -j ACCEPT`, 'unknown', 'INPUT:2'],
  ])('%s: %s', (rules, expected, last) => {
    const found = way(rules)
    expect(found.text).toBe(expected)
    expect(found.last).toBe(last)
    expect(found.because !== undefined).toBe(expected.endsWith('unknown'))
  })
})

it('rules meet the packet as the rules before them left it', () => {
  const rules =
    'INPUT -j MARK --set-xmark 0x1/0xffffffff; INPUT -m mark --mark 0x1 -j mark; INPUT -m mark --mark 0x3 -j ACCEPT; mark -j MARK --set-xmark 0x2/0x2'
  const found = way(rules)
  expect(found.text).toBe('INPUT:1 INPUT:2 mark:1 INPUT:3 accept')
  expect(found.left.mark).toBe(3)
})

describe('statements in front of a condition (nft)', () => {
  function wayInNft(lines: string, open: 'stop' | 'holds' = 'stop') {
    const text = `table ip t {\nchain web { accept; }\nchain c { type filter hook input priority 0; policy drop;\n${lines}\n}\n}`
    const [table] = readNft(text, (code, message) => expect.fail(`${code}: ${message}`))[0]!.tables
    const moment = { packet: PACKET, family: 'ip' as const, hook: 'input' as const, world: emptyWorld() }
    const start = [{ chain: table!.chains.get('c')!, index: 0 }]
    const found = walk(table!, start, moment, new WalkBudget(PACKET_STEPS), open)
    const seen = found.matched.map(({ chain, rule, packet }) => `${chain.name}:${rule.ruleNumber}/${packet.mark}`)
    return [...seen, found.ending, found.packet.mark].join(' ')
  }

  it.each([
    ['meta mark set 0x7 tcp dport 81 drop', 'policy 7'],
    ['meta mark set 0x7 tcp dport 81 drop\nmeta mark 0x7 accept', 'c:2/7 accept 7'],
    // a rule that matched shows the packet as it came to it
    ['meta mark set 0x7 tcp dport 80 accept', 'c:1/0 accept 7'],
    ['meta mark set 0x7 meta mark 0x0 accept', 'policy 7'],
    ['meta mark set 0x7 meta mark vmap { 0x0 : drop, 0x7 : goto web }', 'c:1/0 web:1/7 accept 7'],
    ['tcp dport vmap { 80 : continue } meta mark set 0x7 tcp sport 1 drop', 'policy 7'],
    ['tcp dport vmap { 80 : jump web } meta mark set 0x7 tcp sport 1 drop', 'c:1/0 web:1/0 accept 0'],
    // whether the mark is written is not known, and then it is not known
    ['numgen random mod 2 == 0 meta mark set 0x7 tcp dport 81 drop', 'policy '],
    ['numgen random mod 2 == 0 meta mark set 0x7 tcp dport 80 drop', 'unknown '],
    ['meta mark set 0x7 numgen random mod 2 == 0 accept', 'unknown 7'],
  ])('%s: %s', (lines, expected) => {
    expect(wayInNft(lines)).toBe(expected)
  })

  it('are executed where conditions that nobody can know are taken to hold', () => {
    expect(wayInNft('numgen random mod 2 == 0 meta mark set 0x7 tcp dport 81 drop', 'holds')).toBe('policy 7')
    expect(wayInNft('numgen random mod 2 == 0 meta mark set 0x7 tcp dport 80 drop', 'holds')).toBe('c:1/0 drop 7')
  })
})
