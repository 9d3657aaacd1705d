import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { printRule } from '../../../../src/rules/nft/print/rule.ts'
import { printNft } from '../../../../src/rules/nft/print/ruleset.ts'
import { parseNft, parseNftExpression, parseNftRule } from '../../../../src/rules/nft/text/parse.ts'
import { cpu } from '../../../cpu.ts'
import { share } from '../../../share.ts'
import { readStatementTables } from '../tables.ts'

const RULESETS = new URL('../../../../fixtures/rules/nft/rulesets/', import.meta.url)
const rulesets = readdirSync(RULESETS).map((name) => readFileSync(new URL(name, RULESETS), 'utf8'))
const tables = readStatementTables()

const isUnknown = (value: unknown): boolean => JSON.stringify(value).includes('{"unknown":')

describe.each(tables)('$name', ({ family, around, rows }) => {
  it.each(rows.filter(({ state }) => state !== 'fail'))('$rule', ({ rule, state, expected }) => {
    const parsed = parseNftRule(rule, family)
    expect(parsed.problems).toEqual([])
    expect(isUnknown(parsed.expr)).toBe(false)
    // what is printed reads the same
    const { problems, ...again } = parseNftRule(printRule(parsed), family)
    expect(problems).toEqual([])
    expect(printRule(again)).toBe(printRule(parsed))
    if (state !== 'ok') return
    const listed = parseNft(`${around}\nadd rule ${family} t c ${expected}`)
    expect(printNft(listed.commands)).toContain(`\t\t${expected}\n`)
  })

  const fails = rows.filter(({ state }) => state === 'fail')
  it.skipIf(fails.length === 0).each(fails)('$rule is refused', ({ rule }) => {
    const { expr, problems } = parseNftRule(rule, family)
    expect(problems.length).toBeGreaterThan(0)
    expect(problems[0]!.column).toBeLessThanOrEqual(rule.length + 1)
    expect(isUnknown(expr)).toBe(true)
  })
})

it('takes the blanks that web pages do not break for blanks, outside of quotes', () => {
  const rule = 'tcp dport 22 log prefix "a\u00a0b" accept'
  expect(parseNftRule(rule.replaceAll(' ', ' \u00a0'), 'ip')).toEqual(parseNftRule(rule, 'ip'))
})

describe('the words of libnftables-json', () => {
  it.each([
    ['tcp dport 22', { match: { op: '==', left: { payload: { protocol: 'tcp', field: 'dport' } }, right: 22 } }],
    [
      'ct state new,established',
      { match: { op: 'in', left: { ct: { key: 'state' } }, right: ['new', 'established'] } },
    ],
    [
      'ip saddr 192.0.2.0/24',
      {
        match: {
          op: '==',
          left: { payload: { protocol: 'ip', field: 'saddr' } },
          right: { prefix: { addr: '192.0.2.0', len: 24 } },
        },
      },
    ],
    ['dnat ip to 192.0.2.1:80-90', { dnat: { addr: '192.0.2.1', port: { range: [80, 90] }, family: 'ip' } }],
    ['masquerade', { masquerade: null }],
    ['limit rate over 10/second', { limit: { rate: 10, per: 'second', inv: true } }],
    ['log prefix "x" flags all', { log: { prefix: 'x', flags: 'all' } }],
    [
      'add @s { ip saddr timeout 1h }',
      {
        set: {
          op: 'add',
          elem: { elem: { val: { payload: { protocol: 'ip', field: 'saddr' } }, timeout: 3600 } },
          set: '@s',
        },
      },
    ],
    ['iifname "wg*" jump x', { match: { op: '==', left: { meta: { key: 'iifname' } }, right: 'wg*' } }],
    ['@th,16,16 22', { match: { op: '==', left: { payload: { base: 'th', offset: 16, len: 16 } }, right: 22 } }],
  ])('%s', (rule, statement) => {
    expect(parseNftRule(rule).expr[0]).toEqual(statement)
  })

  it('reads an octal number as nft does', () => {
    expect(parseNftRule('meta mark 010').expr).toMatchObject([{ match: { right: 8 } }])
  })

  it('reads the number whose type nft 1.0.6 does not know, and the rest of the rule', () => {
    const { problems, ...rule } = parseNftRule('ct original proto-dst 0x208c [invalid type] th dport 8332 accept', 'ip')
    expect(problems).toEqual([])
    expect(printRule(rule)).toBe('ct original proto-dst 8332 th dport 8332 accept')
  })

  it('reads an expression alone', () => {
    expect(parseNftExpression('ip saddr . tcp dport')).toEqual({
      concat: [{ payload: { protocol: 'ip', field: 'saddr' } }, { payload: { protocol: 'tcp', field: 'dport' } }],
    })
    expect(parseNftExpression('ip saddr .')).toBeUndefined()
    expect(parseNftExpression('tcp dport 22')).toBeUndefined()
  })
})

const shape = (text: string, resolve?: Parameters<typeof parseNft>[1]) => {
  const { commands, problems } = parseNft(text, resolve)
  return {
    commands: commands.map(({ op, object, line }) => `${line} ${op} ${Object.keys(object)[0]}`),
    problems: problems.map(({ line, column, code }) => `${line}:${column} ${code}`),
  }
}

describe('a ruleset with faults', () => {
  it('keeps everything else, and the numbers of rules', () => {
    const text = `table ip t {
	chain c {
		tcp dport 22 accept # handle 4
		tcp dport 22 nonsense { a; b } accept # handle 5
		counter drop # handle 6
	}
	nonsense { chain x { drop } }
	set s { type ipv4_addr; nonsense; elements = { 192.0.2.1 } }
	chain d { type filter hook input priority nonsense; drop; }
}
nonsense
table ip6 u { chain e { accept } }
`
    expect(shape(text)).toEqual({
      commands: [
        '1 add table',
        '2 add chain',
        '3 add rule',
        '4 add rule',
        '5 add rule',
        '7 add unknown',
        '8 add set',
        '9 add chain',
        '9 add rule',
        '9 add rule',
        '11 add unknown',
        '12 add table',
        '12 add chain',
        '12 add rule',
      ],
      problems: ['4:16 syntax', '7:2 syntax', '8:26 syntax', '9:44 syntax', '11:9 syntax'],
    })
    const rules = parseNft(text).commands.flatMap(({ object }) => ('rule' in object ? [object.rule] : []))
    expect(rules.slice(0, 3).map(({ handle }) => handle)).toEqual([4, 5, 6])
    expect(rules[1]!.expr).toMatchObject([{ match: {} }, { unknown: { text: 'nonsense { a; b } accept' } }])
  })

  it('does not take what follows a bracket that is not closed', () => {
    const { commands } = parseNft('table ip t {\n chain a {\n  tcp dport { 22, accept\n }\n chain b {\n  drop\n }\n}\n')
    expect(JSON.stringify(commands)).toContain('"name":"b"')
    expect(commands.at(-1)?.object).toMatchObject({ rule: { chain: 'b', expr: [{ drop: null }] } })
  })

  it('tells that a bracket closes nothing, or is not closed', () => {
    expect(shape('}\ntable ip t { }').problems).toEqual(['1:1 syntax'])
    expect(shape('table ip t {').problems).toEqual(['1:13 syntax'])
  })
})

describe('what nft cannot say of iptables-nft', () => {
  it('is a match with a name, or unknown where it hides the rest of the rule behind a sign', () => {
    const names = (rule: string) => parseNftRule(rule).expr.map((one) => Object.keys(one)[0])
    expect(names('tcp dport 22 xt match string counter packets 0 bytes 0 drop')).toEqual([
      'match',
      'xt',
      'counter',
      'drop',
    ])
    const hidden = parseNftRule('meta l4proto tcp # recent: SET name: x counter packets 0 bytes 0 drop # handle 7')
    expect(hidden).toMatchObject({
      handle: 7,
      expr: [{ match: {} }, { unknown: { text: 'recent: SET name: x counter packets 0 bytes 0 drop' } }],
    })
    expect(names('counter packets 5 bytes 300 # TCPMSS clamp to PMTU')).toEqual(['counter', 'unknown'])
    expect(names('counter packets 5 bytes 300 accept # allow it')).toEqual(['counter', 'accept'])
    expect(names('tcp dport 22 # ssh')).toEqual(['match'])
  })
})

describe('variables', () => {
  it('are put in place, in the block that defines them', () => {
    const { commands, problems } = parseNft(
      'table ip t {\n define p = { 22, 80 }\n chain c { tcp dport $p accept }\n}\nadd rule ip t c tcp dport $p\n',
    )
    expect(commands[2]!.object).toMatchObject({ rule: { expr: [{ match: { right: { set: [22, 80] } } }, {}] } })
    expect(problems).toMatchObject([{ code: 'unknown-variable', line: 5, column: 27 }])
    expect(commands[3]!.object).toMatchObject({ rule: { expr: [{ match: { right: { unknown: { text: '$p' } } } }] } })
  })

  it('cannot be made to stand for more than memory holds', () => {
    let text = 'define a0 = { 1, 2, 3, 4 }\n'
    for (let i = 1; i < 40; i++) text += `define a${i} = { $a${i - 1}, $a${i - 1} }\n`
    expect(parseNft(text).problems.at(-1)).toMatchObject({ code: 'too-large' })
  })
})

describe('include', () => {
  it('is told and keeps its place where its text is not at hand', () => {
    expect(shape('include "a.nft"\ntable ip t {\n chain c {\n  include "b.nft"\n }\n}\n')).toEqual({
      commands: ['1 add unknown', '2 add table', '3 add chain', '4 add rule'],
      problems: ['1:1 not-included', '4:3 not-included'],
    })
  })

  it('reads what it is given, in the block where it stands', () => {
    const files: Record<string, string> = { 'a.nft': 'define p = 22', 'b.nft': 'tcp dport $p accept\ndrop' }
    const { commands, problems } = parseNft(
      'include "a.nft"\ntable ip t {\n chain c {\n  include "b.nft"\n  counter\n }\n}\n',
      (name) => (name in files ? [files[name]!] : undefined),
    )
    expect(problems).toEqual([])
    expect(commands.slice(2).map(({ object }) => 'rule' in object && printRule(object.rule))).toEqual([
      'tcp dport 22 accept',
      'drop',
      'counter',
    ])
  })

  it('that includes itself comes to an end', () => {
    expect(parseNft('include "a"', () => ['include "a"\ninclude "a"']).problems.at(-1)).toMatchObject({
      code: 'not-included',
    })
  })
})

describe('other commands', () => {
  it('are read with their places', () => {
    const { commands } = parseNft(`insert rule ip t c position 4 accept
replace rule ip t c handle 5 drop
delete rule t c handle 6
add rule t c index 2 counter
flush ruleset inet
delete set ip t handle 9
rename chain ip t a b
destroy table ip t`)
    expect(commands.map(({ op, object }) => [op, object])).toMatchObject([
      ['insert', { rule: { position: 4 } }],
      ['replace', { rule: { handle: 5, expr: [{ drop: null }] } }],
      ['delete', { rule: { family: 'ip', handle: 6 } }],
      ['add', { rule: { index: 2 } }],
      ['flush', { ruleset: { family: 'inet' } }],
      ['delete', { set: { handle: 9 } }],
      ['rename', { chain: { name: 'a', newname: 'b' } }],
      ['destroy', { table: { name: 't' } }],
    ])
  })

  it('that change nothing are told', () => {
    expect(shape('list ruleset\nmonitor trace; add table t')).toEqual({
      commands: ['2 add table'],
      problems: ['1:1 no-change', '2:1 no-change'],
    })
  })
})

describe('any text', () => {
  const source = [
    ...rulesets,
    ...tables.map(({ around, rows }) => `${around}\n${rows.map(({ rule }) => rule).join('\n')}`),
  ]
  const piece = fc.oneof(
    fc.constantFrom('{', '}', '"', ';', '\n', '$x', '@', '(', ')', ':', ',', '.', '\\\n', '#', 'jump {', 'include "x"'),
    fc.string({ maxLength: 5 }),
  )
  const damaged = fc
    .tuple(
      fc.constantFrom(...source),
      fc.constantFrom(...source),
      fc.array(fc.tuple(fc.nat(), fc.nat(9), piece), { maxLength: 6 }),
      fc.nat(),
      fc.nat(),
    )
    .map(([one, other, edits, from, to]) => {
      let text = one.slice(from % 50) + other.slice(0, to % (other.length + 1))
      for (const [at, length, put] of edits) {
        const place = at % (text.length + 1)
        text = text.slice(0, place) + put + text.slice(place + length)
      }
      return text
    })

  it('mutated, cut or joined never throws, and what is printed of it reads again', () => {
    fc.assert(
      fc.property(damaged, (text) => {
        const { commands } = parseNft(text)
        parseNft(printNft(commands, { handles: true }))
      }),
      { numRuns: share(300) },
    )
  })

  it.each([
    '{',
    '(',
    '}',
    'jump {',
    'a:',
    '::',
    '1:2:',
    'tcp dport { ',
    '$a ',
    '"',
    '\\\n',
    'add rule t c jump { ',
    'define a = { $a, $a }\n',
    'table t { ',
  ])('takes no more than linear time: %j again and again', (unit) => {
    const time = (one: string) => {
      const text = one.repeat(200_000 / one.length)
      const begin = cpu()
      parseNft(text)
      return cpu() - begin
    }
    const usual = Math.min(...[1, 2, 3].map(() => time('add rule t c tcp dport 22 accept\n')))
    // quadratic time would take minutes
    expect(time(unit)).toBeLessThan(30 * usual + 2000)
  })
})

it.each([
  ['tcp flags @marked', '=='],
  ['ct state @marked', '=='],
  ['ct state { new }', '=='],
  ['tcp flags syn', 'in'],
  ['tcp flags syn | ack', 'in'],
  ['ct state new,established', 'in'],
])('%s: a set is looked up, bits are looked for', (text, op) => {
  const { expr, problems } = parseNftRule(text)
  expect(problems).toEqual([])
  expect(expr[0]).toMatchObject({ match: { op } })
})

describe('names that iptables takes for a chain, and nft lists without quotes', () => {
  // iptables-nft -N, nft -a list ruleset: nft itself reads none of these again
  const names = [...'~!"#$%&\'()*+,:;<=>?@[\\]^`{|}\u0001\u007fé'].flatMap((c) => [`A${c}B`, `x${c}`])
  names.push('~y', '"y', '#y', '$y', '}', ';', '0B', '7', '10.0.0.1', 'GOOD~STUFF')

  it.each(names)('%s', (name) => {
    const text = `table ip filter { # handle 1
\tchain FORWARD { # handle 2
\t\ttype filter hook forward priority filter; policy drop;
\t\tip saddr 192.0.2.1 counter packets 0 bytes 0 jump ${name} # handle 4
\t\tcounter packets 0 bytes 0 goto ${name}
\t}

\tchain ${name} { # handle 3
\t\tip protocol icmp counter packets 1 bytes 84 accept # handle 5
\t}
}
`
    const { commands, problems } = parseNft(text)
    expect(problems).toEqual([])
    expect(commands.flatMap(({ object }) => ('chain' in object ? [object.chain.name] : []))).toEqual(['FORWARD', name])
    const targets = commands.flatMap(({ object }) =>
      'rule' in object
        ? object.rule.expr.flatMap((one) =>
            'jump' in one ? [one.jump.target] : 'goto' in one ? [one.goto.target] : [],
          )
        : [],
    )
    expect(targets).toEqual([name, name])
  })

  it('are nowhere else but behind jump, goto and chain', () => {
    const { commands, problems } = parseNft(
      'table ip t {\n\tchain {x, {\n\t}\n\tchain c {\n\t\tct mark vmap { 1 : jump c, 2 : goto d }\n\t\tjump {x,\n\t}\n\tchain d {\n\t}\n}\n',
    )
    expect(problems).toEqual([])
    expect(JSON.stringify(commands)).toContain('{"jump":{"target":"c"}}')
  })

  it('cannot be said in a command', () => {
    expect(parseNft('add rule ip filter GOOD~STUFF accept').problems).not.toEqual([])
  })
})
