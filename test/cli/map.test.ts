import { describe, expect, test } from 'vitest'
import { EXAMPLE, folder, nfwhy, shell } from './nfwhy.ts'
import { LOG, RULES } from './small.ts'

const NFT = RULES.replace('iptables-save v1.8.9', 'iptables-save v1.8.9 (nf_tables)')

describe('map', () => {
  test('shows the hooks in order, INPUT’s nat behind filter', async () => {
    const { code, stdout, stderr } = await nfwhy(['map', EXAMPLE])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain(
      [
        'INPUT  for this host',
        '   -150    mangle INPUT        legacy  ip  accept, no rules',
        '      0    filter INPUT        legacy  ip  accept, 1 rule',
        '    100    nat INPUT           legacy  ip  accept, no rules',
        '',
      ].join('\n'),
    )
    const hooks = [...stdout.matchAll(/^([A-Z]+) {2}/gm)].map(([, hook]) => hook)
    expect(hooks).toEqual(['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'])
    for (const line of stdout.split('\n')) expect([...line].length, line).toBeLessThanOrEqual(80)
    expect(stdout).not.toMatch(/\u001b/)
  })

  test('both backends stand side by side, and where their order is not known it says so', async () => {
    const cwd = folder({ legacy: RULES, nft: NFT })
    const { code, stdout, stderr } = await nfwhy(['map', 'legacy', 'nft'], { cwd })
    expect(code).toBe(0)
    expect(stderr).toContain('exists twice')
    expect(stdout).toContain(
      'INPUT  for this host\n' +
        '      0 ?  filter INPUT    legacy        ip  accept, 1 rule\n' +
        '      0 ?  filter INPUT    iptables-nft  ip  accept, 1 rule\n',
    )
    expect(stdout.replace(/\s+/g, ' ')).toContain(
      '? INPUT at 0: the newest of the chains ip filter INPUT (legacy) and ip filter INPUT (iptables-nft) is evaluated first.',
    )
    const json = await nfwhy(['map', 'legacy', 'nft', '--json'], { cwd })
    expect(JSON.parse(json.stdout).warnings).toMatchObject([
      { code: 'both-backends' },
      { code: 'ambiguous-hook-order' },
    ])
  })

  test('where one of both decides nothing the order does not matter', async () => {
    const cwd = folder({ legacy: RULES, nft: NFT.replace(/-A .*\n/, '') })
    expect((await nfwhy(['map', 'legacy', 'nft'], { cwd })).stdout).not.toContain('?')
  })

  test('a listing of a machine without rules is a ruleset, an empty one', async () => {
    const metainfo = { version: '1.0.6', release_name: 'Lester Gooch #5', json_schema_version: 1 }
    const empty = JSON.stringify({ nftables: [{ metainfo }] })
    const cwd = folder({ 'nft.json': empty, rules: RULES, 'cut.json': empty.slice(0, -3) })
    expect(await nfwhy(['map', 'nft.json'], { cwd })).toMatchObject({
      code: 0,
      stdout: 'The ruleset has no base chain: netfilter stops no packet here.\n',
      stderr: '',
    })
    expect(JSON.parse((await nfwhy(['map', 'nft.json', '--json'], { cwd })).stdout)).toMatchObject({ tables: [] })
    expect((await nfwhy(['compare', 'nft.json', 'rules'], { cwd })).code).toBe(0)
    const packet = 'in eth0 tcp 192.0.2.1:40000 > 192.0.2.2:80 syn'
    expect((await nfwhy(['simulate', 'nft.json', '--packet', packet], { cwd })).stdout).not.toContain('ruleset')
    // of what is cut nobody knows what it listed
    expect((await nfwhy(['map', 'cut.json'], { cwd })).code).toBe(2)
  })

  test('as JSON it is the ruleset, rule by rule', async () => {
    const cwd = folder({
      rules: RULES.replace('-A INPUT', '[3:180] -A INPUT -m unheard --of -m comment --comment why'),
    })
    const { stdout, code } = await nfwhy(['map', 'rules', '--json'], { cwd })
    expect(code).toBe(0)
    const { schema, hooks, inputs, tables, sets, warnings } = JSON.parse(stdout)
    expect(schema).toBe('nfwhy.ruleset/1')
    expect(inputs).toMatchObject([{ name: 'rules', format: 'iptables-save' }])
    expect(sets).toEqual([])
    expect(hooks[0]).toEqual({
      way: 'ip',
      hook: 'input',
      chains: [{ family: 'ip', table: 'filter', chain: 'INPUT', priority: 0 }],
    })
    expect(tables).toMatchObject([{ family: 'ip', name: 'filter', kind: 'iptables' }])
    expect(tables[0].chains[0]).toMatchObject({
      name: 'INPUT',
      hook: 'input',
      priority: 0,
      type: 'filter',
      policy: 'accept',
    })
    const [rule] = tables[0].chains[0].rules
    expect(rule).toMatchObject({
      ruleNumber: 1,
      counters: { packets: 3, bytes: 180 },
      comment: 'why',
      statements: [{ kind: 'drop' }],
    })
    expect(rule.text).toContain('-m unheard --of')
    expect(rule.conditions.map(({ kind }: { kind: string }) => kind)).toContain('unknown')
    expect(warnings).toMatchObject([{ input: 'rules', line: 6 }])
  })

  test('of several machines each by itself', async () => {
    const cwd = folder({ 'b/a/rules': RULES, 'b/z/rules': RULES })
    const { stdout } = await nfwhy(['map', 'b'], { cwd })
    expect(stdout.match(/^On .$/gm)).toEqual(['On a', 'On z'])
    const json = JSON.parse((await nfwhy(['map', 'b', '--json'], { cwd })).stdout)
    expect(json.tables.map(({ host }: { host: string }) => host)).toEqual(['a', 'z'])
  })

  test('from standard input', async () => {
    expect(await shell('nfwhy map < rules', { cwd: folder({ rules: RULES }) })).toMatchObject({ code: 0, stderr: '' })
  })

  test('without a ruleset says how to get one', async () => {
    const run = await nfwhy(['map', 'log'], { cwd: folder({ log: LOG }) })
    expect(run).toMatchObject({ code: 2, stdout: '' })
    expect(run.stderr).toBe(
      'nfwhy: There is no ruleset among the inputs.\n  iptables-save -c > rules.v4\n  nfwhy map rules.v4\n',
    )
  })
})
