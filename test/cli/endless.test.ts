/**
 * Chains that lead in a circle, and chains that double a packet's way with each: every command ends, in little memory, and
 * says what it left out. Each runs in a process of its own, so that one that never ends fails and does not hang.
 */
// @module-tag slow
import { describe, expect, it } from 'vitest'
import { fanOut, inLine, iptables, nft, nftFanOut, PACKET, ROUTES, trace } from './chains.ts'
import { folder, nfwhy } from './nfwhy.ts'

const LITTLE = { node: ['--max-old-space-size=384'] }

async function run(command: string, files: Record<string, string>, ...args: string[]) {
  const cwd = folder({ ...files, routes: ROUTES })
  const done = await nfwhy([command, ...Object.keys(files), 'routes', ...args], { cwd, ...LITTLE })
  const plain = (text: string) => text.replace(/\s+/g, ' ')
  return { code: done.code, stdout: plain(done.stdout), stderr: plain(done.stderr) }
}

const simulate = (rules: string, ...args: string[]) => run('simulate', { rules }, '--packet', PACKET, ...args)

const REFUSED = 'the kernel refuses to load this ruleset: chain'

describe('a circle of chains is what no kernel has loaded', () => {
  it.each([
    ['goto itself', iptables(['A'], ['INPUT -j A', 'A -g A']), 7, 'A can reach itself by goto'],
    ['goto from the base chain', iptables(['A'], ['INPUT -g A', 'A -g A']), 7, 'A can reach itself by goto'],
    [
      'goto to and fro',
      iptables(['A', 'B'], ['INPUT -j A', 'A -g B', 'B -g A']),
      9,
      'A can reach itself by goto (A → B → A)',
    ],
    ['jump to itself', iptables(['A'], ['INPUT -j A', 'A -j A']), 7, 'A can reach itself by jump'],
    [
      'jump to and fro',
      iptables(['A', 'B'], ['INPUT -j A', 'A -j B', 'B -j A']),
      9,
      'A can reach itself by jump (A → B → A)',
    ],
    ['nft goto', nft({ A: ['goto B'], B: ['goto A'] }), 7, 'A can reach itself by goto (A → B → A)'],
    [
      'a verdict map',
      nft({ A: ['tcp dport vmap { 80 : goto B }'], B: ['tcp dport vmap { 22 : drop, 80 : jump A }'] }),
      7,
      'A can reach itself by jump (A → B → A)',
    ],
    ['of 20,000 chains', inLine(20_000, '-j', 'C19999 -j C0'), 40_005, 'C0 can reach itself by jump'],
  ])('%s', async (_name, rules, line, what) => {
    const { code, stdout, stderr } = await simulate(rules)
    expect(code).toBe(0)
    expect(stdout).toContain('UNDETERMINED')
    expect(stdout).toContain(
      `${REFUSED} ${what.split(' ')[0]} can reach itself by ${/goto/.test(what) ? 'goto' : 'jump'}`,
    )
    expect(stderr).toContain(`rules:${line}: ${REFUSED} ${what}`)
  })

  it('is told, and leaves alone what a packet does not meet of it', async () => {
    const rules = iptables(['A'], ['INPUT -j A', 'A -s 198.51.100.1/32 -j A'])
    const { stdout, stderr } = await simulate(rules)
    expect(stdout).toContain('DELIVERED')
    expect(stderr).toContain(`rules:7: ${REFUSED} A can reach itself by jump`)
  })

  it('is none where no base chain leads there, or an unconditional verdict stands before it', async () => {
    const rules = iptables(['A', 'B'], ['INPUT -j B', 'A -g A', 'B -j RETURN', 'B -j B'])
    expect(await simulate(rules)).toMatchObject({ code: 0, stderr: '' })
  })

  it('is refused as an edit', async () => {
    const rules = iptables(['A', 'B'], ['INPUT -j A', 'A -j B'])
    const { code, stderr } = await simulate(rules, '--apply', 'iptables -A B -g A')
    expect([code, stderr.includes('A → B → A')]).toEqual([2, true])
    const map = nft({ A: ['tcp dport vmap @m'] }).replace('{\n', '{\n\tmap m {\n\t\ttype inet_service : verdict\n\t}\n')
    const element = await simulate(map, '--apply', 'nft add element inet t m { 80 : jump A }')
    expect([element.code, element.stderr.includes('chain A would lead to itself')]).toEqual([2, true])
  })
})

describe('every chain jumps twice to the next', () => {
  const SAME = '-s 10.9.9.9/32 -j DROP'
  it.each([
    ['14 levels', fanOut(14, SAME), '24,564 more'],
    ['20 levels', fanOut(20, SAME), '2,088,912 more'],
    ['20 levels to a rule that matches', fanOut(20, '-s 192.0.2.0/24'), 'more'],
    [
      '20 levels that set the same mark',
      fanOut(20, '-j MARK --set-mark 7', { each: ['-j MARK --set-mark 7'] }),
      'more',
    ],
    ['14 levels of nft', nftFanOut(2, 'ip saddr 10.9.9.9 drop'), '24,564 more'],
  ])('%s: the outcome is known, and what repeats is counted', async (_name, rules, more) => {
    const { code, stdout, stderr } = await simulate(rules)
    expect([code, stdout.includes('DELIVERED'), stdout.includes('Lines are missing')]).toEqual([0, true, false])
    expect(stderr).toContain(more)
    expect(stderr).toContain('steps are not shown: they repeat others, and change nothing')
  })

  it.each([
    ['64 levels: the kernel would not end, either', fanOut(64, SAME), '1,000,000,000 rules'],
    ['20 levels with another mark each time', fanOut(20, '-j MARK --set-xmark 0x1/0x0'), '50,000 rules that matched'],
    ['64 levels with another mark each time', fanOut(64, '-j MARK --set-xmark 0x1/0x0'), '50,000 rules that matched'],
    ['ten jumps in 14 levels of nft', nftFanOut(10, 'meta mark set meta mark xor 1'), '50,000 rules that matched'],
    [
      '64 levels that use up a limit',
      fanOut(64, '-m limit --limit 1/sec --limit-burst 9000 -m mark --mark 0x5 -j DROP'),
      '50,000 rules that matched',
    ],
    [
      '64 levels in which little matches',
      fanOut(64, '-j MARK --set-xmark 0x1/0x0', { each: Array.from({ length: 60 }, () => '-p udp -j DROP') }),
      'given up after 500,000 steps through its chains',
    ],
  ])('%s: undetermined, after so many steps', async (_name, rules, why) => {
    const { code, stdout } = await simulate(rules)
    expect([code, stdout.includes('UNDETERMINED')]).toEqual([0, true])
    expect(stdout).toContain(why)
  })

  it('is not walked in all its ways to explain a drop in front of it, nor to try what would help', async () => {
    const first = ['INPUT -s 192.0.2.0/24', 'INPUT -p tcp -m tcp --dport 81 -j C0']
    const rules = fanOut(64, '-j MARK --set-xmark 0x1/0x0', { first })
    const { code, stdout } = await run('explain', { rules, log: trace(['INPUT:rule:1', 'INPUT:policy:3']) })
    expect([code, stdout.includes('DROPPED')]).toEqual([1, true])
    expect(stdout).toContain('Some causes and fixes may be missing')
  })

  it('is explained where a capture shows all of it', async () => {
    const visit = (i: number): string[] =>
      i === 9 ? ['C9:return:2'] : [...[1, 2].flatMap((k) => [`C${i}:rule:${k}`, ...visit(i + 1)]), `C${i}:return:3`]
    const log = trace(['INPUT:rule:1', ...visit(0), 'INPUT:policy:2'])
    const { code, stdout } = await run('explain', { rules: fanOut(10, SAME), log })
    expect([code, stdout.includes('DELIVERED')]).toEqual([0, true])
  })

  it.each(['map', 'compare'])('%s does not walk it', async (command) => {
    const rules = fanOut(64, SAME)
    const more = command === 'compare' ? { other: fanOut(64, '-j ACCEPT') } : {}
    const cwd = folder({ rules, ...more })
    const { code, stderr } = await nfwhy([command, 'rules', ...Object.keys(more)], { cwd, ...LITTLE })
    expect([code, stderr]).toEqual([0, ''])
  })
})

describe('many chains', () => {
  it.each(['-j', '-g'] as const)('30,000 in a line by %s', async (by) => {
    const { code, stdout } = await simulate(inLine(30_000, by, 'C29999 -s 10.9.9.9/32 -j DROP'))
    expect([code, stdout.includes('DELIVERED')]).toEqual([0, true])
  })

  it('16 that lead into one another are as many as nf_tables takes', async () => {
    const depth = (count: number) =>
      nft(
        Object.fromEntries(Array.from({ length: count }, (_, i) => [`C${i}`, i < count - 1 ? [`jump C${i + 1}`] : []])),
      )
    expect(await simulate(depth(15))).toMatchObject({ code: 0, stderr: '' })
    const { stdout, stderr } = await simulate(depth(16))
    expect(stdout).toContain('UNDETERMINED')
    expect(stderr).toContain(
      'rules:59: the kernel refuses to load this ruleset: nf_tables allows at most 16 nested chains',
    )
  })

  it('20,000 base chains', async () => {
    const chains = Array.from(
      { length: 20_000 },
      (_, i) => `chain b${i} { type filter hook input priority ${i % 1000}; policy accept; }\n`,
    )
    const { code, stdout } = await simulate(`table inet t {\n${chains.join('')}}\n`)
    expect([code, stdout.includes('DELIVERED')]).toEqual([0, true])
  })
})
