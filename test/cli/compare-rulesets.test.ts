import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { makeTar } from '../read/make-tar.ts'
import { folder, nfwhy } from './nfwhy.ts'
import { LOG, RULES } from './small.ts'

const BEFORE = RULES.replace('-A INPUT', '[5:300] -A INPUT')
const AFTER = RULES.replace('-A INPUT', '[17:1020] -A INPUT')
  .replace(':FORWARD ACCEPT', ':FORWARD DROP')
  .replace(
    'COMMIT',
    '[0:0] -A INPUT -s 203.0.113.0/24 -p tcp -m tcp --dport 443 -m comment --comment "a comment that makes it long" -j ACCEPT\nCOMMIT',
  )

describe('compare of two rulesets', () => {
  test('what counted, what changed', async () => {
    const run = await nfwhy(['compare', 'before', 'after'], { cwd: folder({ before: BEFORE, after: AFTER }) })
    expect(run).toMatchObject({ code: 0, stderr: '' })
    expect(run.stdout).toBe(
      `1 rule added, 1 policy changed
In between these counted, what stops packets first:
✗ 12 packets  filter INPUT rule 1  → drop
              -p tcp -m tcp --dport 23 -j DROP

filter INPUT
  + 2   -s 203.0.113.0/24 -p tcp -m tcp --dport 443 -m comment
        --comment "a comment that makes it long" -j ACCEPT

filter FORWARD
  policy accept ⇒ drop
`,
    )
  })

  test('as JSON, with the inputs of each side', async () => {
    const run = await nfwhy(['compare', '--json', 'before', 'after'], { cwd: folder({ before: BEFORE, after: AFTER }) })
    expect(JSON.parse(run.stdout)).toMatchObject({
      schema: 'nfwhy.rulesets/1',
      chains: [
        { family: 'ip', table: 'filter', chain: 'INPUT', added: [{ ruleNumber: 2 }] },
        { chain: 'FORWARD', policy: { from: 'accept', to: 'drop' } },
      ],
      counted: [{ rule: { table: 'filter', chain: 'INPUT', ruleNumber: 1 }, verdict: 'drop', packets: 12, bytes: 720 }],
      counters: true,
      inputs: { a: [{ name: 'before' }], b: [{ name: 'after' }] },
      warnings: [],
    })
  })

  test('of folders and archives; captures in them are not compared, and that is told', async () => {
    const cwd = folder({
      'a/rules': BEFORE,
      'a/log': LOG,
      'b.tgz': gzipSync(makeTar([{ name: 'b/rules', content: AFTER }])),
    })
    const run = await nfwhy(['compare', 'a', 'b.tgz'], { cwd })
    expect(run.code).toBe(0)
    expect(run.stdout).toMatch(/^1 rule added, 1 policy changed\n/)
    expect(run.stderr).toBe('  warn   a/log: it is a capture: only the rulesets are compared\n')
  })

  test('the same', async () => {
    const { stdout } = await nfwhy(['compare', 'a', 'a'], { cwd: folder({ a: BEFORE }) })
    expect(stdout).toBe('The rules are the same.\nNo rule counted a packet in between.\n')
  })

  test('without counters it says how to get them', async () => {
    const bare = '*filter\n:INPUT ACCEPT\n-A INPUT -j DROP\nCOMMIT\n'
    const { stdout } = await nfwhy(['compare', 'a', 'b'], { cwd: folder({ a: bare, b: bare }) })
    expect(stdout).toMatch(
      /^The rules are the same\.\nWhich rules counted packets in between is unknown: save with iptables-save -c;\s/,
    )
  })

  test.each([[['log', 'rules']], [['rules', 'log']]])('%j: one of them has no ruleset', async (args) => {
    const run = await nfwhy(['compare', ...args], { cwd: folder({ log: LOG, rules: RULES }) })
    expect(run).toMatchObject({ code: 2, stdout: '' })
    expect(run.stderr).toMatch(/^nfwhy: There is no ruleset in log\.\nTwo files or folders are two rulesets/)
  })

  test('numbers and filters are journeys, as long as no file is named so', async () => {
    const cwd = folder({ log: LOG, rules: RULES })
    expect((await nfwhy(['compare', 'log', 'rules', '1', '2'], { cwd })).stdout).toMatch(/^A and B .*\n\nA\n/)
  })
})
