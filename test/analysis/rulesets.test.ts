import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareRulesets } from '../../src/analysis/rulesets.ts'
import { emptyWorld, recognise, type World, WorldBuilder } from '../../src/index.ts'
import { sameChain } from '../../src/rules/difference.ts'

/** A filter table whose INPUT has these rules, each with what it counted. */
function world(rules: readonly (string | [string, number])[], policy = 'ACCEPT', more = ''): World {
  const lines = rules.map((one) => {
    const [words, packets] = typeof one === 'string' ? [one, undefined] : one
    return `${packets === undefined ? '' : `[${packets}:${packets * 60}] `}-A INPUT ${words}`
  })
  const text = `*filter\n:INPUT ${policy} [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${more}${lines.join('\n')}\nCOMMIT\n`
  const builder = new WorldBuilder()
  builder.add('rules', text, recognise(text) as Parameters<WorldBuilder['add']>[2])
  return builder.world
}

const [A, B, C, D] = ['-s 10.0.0.1/32 -j DROP', '-s 10.0.0.2/32 -j DROP', '-s 10.0.0.3/32 -j ACCEPT', '-j DROP']

const changes = (a: World, b: World) =>
  compareRulesets(a, b).chains.map(({ chain, added, removed, moved, policy, change }) => ({
    chain,
    ...(change ? { change } : {}),
    ...(policy ? { policy } : {}),
    added: added.map(({ ruleNumber }) => ruleNumber),
    removed: removed.map(({ ruleNumber }) => ruleNumber),
    moved: moved.map(({ from, to }) => [from, to]),
  }))

describe('what changed', () => {
  const none = { added: [], removed: [], moved: [] }

  test.each<[string, string[], string[], object]>([
    ['one is added in front', [A, B], [C, A, B], { ...none, added: [1] }],
    ['one is removed', [A, B, C], [A, C], { ...none, removed: [2] }],
    ['one is replaced', [A, B], [A, C], { ...none, added: [2], removed: [2] }],
    ['the last comes first: one moved, not all', [A, B, C, D], [D, A, B, C], { ...none, moved: [[4, 1]] }],
    ['one more of the same', [A, A, B], [A, A, B, A], { ...none, added: [4] }],
    ['one less of the same', [A, A, B], [A, B], { ...none, removed: [2] }],
  ])('%s', (_, before, after, expected) => {
    expect(changes(world(before), world(after))).toEqual([{ chain: 'INPUT', ...expected }])
  })

  test('nothing', () => {
    expect(compareRulesets(world([A, B]), world([A, B]))).toMatchObject({ chains: [], sets: [], counted: [] })
  })

  test('a policy', () => {
    expect(changes(world([A]), world([A], 'DROP'))).toEqual([
      { chain: 'INPUT', ...none, policy: { from: 'accept', to: 'drop' } },
    ])
  })

  test('a chain, a table', () => {
    const chain = changes(world([A]), world([A], 'ACCEPT', ':NEW - [0:0]\n-A NEW -j RETURN\n'))
    expect(chain).toEqual([{ chain: 'NEW', change: 'added', ...none, added: [1] }])
    expect(compareRulesets(emptyWorld(), world([A])).tables).toEqual({
      added: [{ family: 'ip', table: 'filter' }],
      removed: [],
    })
    expect(changes(world([A]), emptyWorld())[0]).toMatchObject({ change: 'removed', removed: [1] })
  })

  test('elements of sets', () => {
    const set = (...addresses: string[]): World => ({
      ...emptyWorld(),
      sets: [{ name: 's', type: 'hash:ip', elements: addresses.map((one) => ({ parts: [one] })) }],
    })
    expect(compareRulesets(set('10.0.0.1', '10.0.0.2'), set('10.0.0.2', '10.0.0.3')).sets).toEqual([
      { name: 's', added: ['10.0.0.3'], removed: ['10.0.0.1'] },
    ])
    expect(compareRulesets(set('10.0.0.1'), emptyWorld()).sets).toMatchObject([{ change: 'removed' }])
  })

  test('made undone, both ways say the same; and what stays is in the order of both', () => {
    const rules = fc.array(fc.constantFrom(A, B, C, D), { maxLength: 12 })
    fc.assert(
      fc.property(rules, rules, (before, after) => {
        const [there, back] = [
          compareRulesets(world(before), world(after)),
          compareRulesets(world(after), world(before)),
        ]
        const count = (one: typeof there) =>
          one.chains.map(({ added, removed, moved }) => [added.length, removed.length, moved.length])
        expect(count(there).map(([a, r, m]) => [r, a, m])).toEqual(count(back))
        const [chain] = there.chains
        const gone = new Set(
          chain?.removed.map(({ ruleNumber }) => ruleNumber).concat(chain.moved.map(({ from }) => from)),
        )
        const come = new Set(chain?.added.map(({ ruleNumber }) => ruleNumber).concat(chain.moved.map(({ to }) => to)))
        expect(before.filter((_, i) => !gone.has(i + 1))).toEqual(after.filter((_, i) => !come.has(i + 1)))
      }),
    )
  })
})

describe('what counted', () => {
  const counted = (a: World, b: World) =>
    compareRulesets(a, b).counted.map(({ rule, packets, verdict, added }) => [
      rule.ruleNumber,
      verdict,
      packets,
      ...(added ? ['new'] : []),
    ])

  test('by how much, wherever the rule stands now', () => {
    expect(
      counted(
        world([
          [A, 5],
          [C, 7],
        ]),
        world([
          [C, 7],
          [A, 9],
        ]),
      ),
    ).toEqual([[2, 'drop', 4]])
  })

  test('a new rule counted only in between', () => {
    expect(
      counted(
        world([[A, 5]]),
        world([
          [B, 2],
          [A, 5],
        ]),
      ),
    ).toEqual([[1, 'drop', 2, 'new']])
  })

  test('after the counters began anew, what they say', () => {
    const [before, after] = [
      world([
        [A, 50],
        [C, 7],
      ]),
      world([
        [A, 2],
        [C, 9],
      ]),
    ]
    expect(compareRulesets(before, after).reset).toEqual([{ family: 'ip', table: 'filter' }])
    expect(counted(before, after)).toEqual([
      [1, 'drop', 2],
      [2, 'accept', 9],
    ])
  })

  test('without counters nothing is said', () => {
    // policies alone have some
    const { counters, counted } = compareRulesets(world([A]), world([[A, 3]]))
    expect({ counters, counted }).toEqual({ counters: true, counted: [] })
  })
})

describe('nft', () => {
  function listed(...rules: string[]): World {
    const text = `table inet f {\n\tchain c {\n\t\ttype filter hook input priority filter; policy accept;\n${rules.map((one) => `\t\t${one}\n`).join('')}\t}\n}\n`
    const builder = new WorldBuilder()
    builder.add('nft', text, recognise(text) as Parameters<WorldBuilder['add']>[2])
    return builder.world
  }

  test('what a rule counted so far is none of its words', () => {
    const before = listed(
      'tcp dport 22 counter packets 3 bytes 180 accept # handle 4',
      'quota 25 mbytes used 3 bytes drop',
    )
    const after = listed(
      'tcp dport 22 counter packets 8 bytes 480 accept # handle 4',
      'quota 25 mbytes used 9 kbytes drop',
    )
    expect(compareRulesets(before, after)).toMatchObject({
      chains: [],
      counters: true,
      counted: [
        { rule: { family: 'inet', table: 'f', chain: 'c', ruleNumber: 1 }, verdict: 'accept', packets: 5, bytes: 300 },
      ],
    })
    expect(compareRulesets(before, listed('tcp dport 23 counter accept')).chains[0]).toMatchObject({
      added: [{ ruleNumber: 1 }],
      removed: [{ ruleNumber: 1 }, { ruleNumber: 2 }],
    })
  })
})

test('a chain is the same whatever it counted', () => {
  const input = (one: World) => one.tables[0]!.chains.get('INPUT')
  expect(sameChain(input(world([[A, 1]])), input(world([[A, 2]])))).toBe(true)
  expect(sameChain(input(world([A])), input(world([A], 'DROP')))).toBe(false)
  expect(sameChain(input(world([A])), input(world([B])))).toBe(false)
  expect(sameChain(undefined, input(world([A])))).toBe(false)
  expect(sameChain(undefined, undefined)).toBe(true)
})
