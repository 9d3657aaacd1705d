/** nft's JSON → the model; test/corpus/nft-json.test.ts reads what nft's own tests list. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Packet } from '../../../src/model/packet.ts'
import { emptyWorld } from '../../../src/model/world.ts'
import { looksLikeNftJson } from '../../../src/read/rulesets/index.ts'
import type { Ruleset } from '../../../src/read/rulesets/iptables-save.ts'
import { readNftJson } from '../../../src/read/rulesets/nft-json.ts'
import { readNft } from '../../../src/read/rulesets/nft-text.ts'
import { match } from '../../../src/rules/match.ts'
import { execute } from '../../../src/rules/verdict.ts'
import { changes, mutate } from '../../cli/mutate.ts'
import { cpu } from '../../cpu.ts'
import { momentOf } from '../../rules/nft/ask.ts'
import { share } from '../../share.ts'

const fixture = (name: string) =>
  readFileSync(new URL(`../../../fixtures/read/rulesets/nft-json/${name}`, import.meta.url), 'utf8')
const EVERYTHING = fixture('everything.json')

function read(text: string) {
  const told: string[] = []
  const rulesets = readNftJson(text, (code, message, line) => told.push(`${line ?? 1} ${code}: ${message}`))
  return { rulesets, told, ruleset: rulesets[0] }
}

const json = (...entries: object[]): string => JSON.stringify({ nftables: entries })
const table = (ruleset: Ruleset | undefined, name: string) => ruleset!.tables.find((one) => one.name === name)!
const rules = (ruleset: Ruleset | undefined, name: string, chain: string) =>
  table(ruleset, name).chains.get(chain)!.rules

describe('a listing', () => {
  const { ruleset, told } = read(EVERYTHING)

  it('is read whole', () => {
    expect(looksLikeNftJson(EVERYTHING)).toBe(true)
    expect(told).toEqual([])
    expect(JSON.stringify(ruleset!.tables.map(({ chains }) => [...chains.values()]))).not.toContain('"unknown":{')
  })

  it('says what nft prints of the same ruleset as text', () => {
    const [fromText] = readNft(fixture('everything.nft'), (code, message) => expect.fail(`${code}: ${message}`))
    expect(plain(ruleset!)).toEqual(plain(fromText!))
  })

  it('has chains with hooks, priorities, policies and devices', () => {
    const { rules: _, ...input } = table(ruleset, 'filter').chains.get('input')!
    expect(input).toMatchObject({ hook: 'input', priority: 5, type: 'filter', policy: 'drop' })
    expect(table(ruleset, 'nat').chains.get('prerouting')).toMatchObject({ priority: -100, type: 'nat' })
    expect(table(ruleset, 'edge').chains.get('in')).toMatchObject({ hook: 'ingress', priority: -10 })
  })

  it('has rules with their place, handle, counters, comment, text and line', () => {
    const [first, second] = rules(ruleset, 'filter', 'lan')
    expect(first).toMatchObject({
      ruleNumber: 1,
      counters: { packets: 5, bytes: 300 },
      comment: 'as agreed',
      text: 'ip saddr . tcp dport @allowed counter accept comment "as agreed"',
    })
    expect(first!.handle).toBeGreaterThan(0)
    expect(EVERYTHING.split('\n')[first!.line! - 1]).toContain('as agreed')
    expect(second!.ruleNumber).toBe(2)
  })

  it('has sets and maps with their elements', () => {
    const set = (name: string) => ruleset!.sets!.find((one) => one.name === name)
    expect(set('allowed')).toMatchObject({
      ...{ family: 'inet', table: 'filter', type: 'ipv4_addr . inet_service', flags: ['interval'] },
      elements: [{ parts: ['192.0.2.0/24', '80-90'] }, { parts: ['198.51.100.7', '22'] }],
    })
    expect(set('seen')!.elements).toMatchObject([{ parts: ['192.0.2.9'], timeout: 300, comment: 'the printer' }])
    expect(set('verdicts')).toMatchObject({
      dataType: 'verdict',
      elements: [{ data: ['jump lan'] }, { data: ['drop'] }],
    })
    expect(set('marks')).toMatchObject({ dataType: 'mark', type: 'ipv4_addr', elements: [{ data: ['1'] }] })
  })

  it('has the objects that rules name', () => {
    expect([...table(ruleset, 'filter').objects!.keys()].sort()).toEqual([
      'counter web',
      'ct helper ftp',
      'limit slow',
      'quota month',
    ])
  })
})

/** Without lines, and what nft 1.0.6 leaves out of its JSON: comments of tables, devices of chains, `typeof`, `dynamic`. */
function plain({ tables, sets }: Ruleset): object {
  const inTables = tables.map(({ objects, comment: _, ...one }) => ({
    ...one,
    objects: Object.fromEntries([...(objects ?? [])].sort()),
    chains: [...one.chains.values()].map(({ devices: _, ...chain }) => ({
      ...chain,
      rules: chain.rules.map(({ line: _, ...rule }) => rule),
    })),
  }))
  const inOrder = sets!
    .map(({ typeof: _, dataTypeof: __, flags, ...set }) => ({
      ...set,
      flags: flags?.filter((one) => one !== 'dynamic'),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  return JSON.parse(JSON.stringify({ tables: inTables, sets: inOrder }))
}

describe('what is not understood', () => {
  it('stays in its place, and the rule says so', () => {
    const rule = { family: 'ip', table: 't', chain: 'c', expr: [{ telepathy: { to: 'mars' } }, { accept: null }] }
    const { ruleset } = read(
      json({ table: { family: 'ip', name: 't' } }, { chain: { family: 'ip', table: 't', name: 'c' } }, { rule }),
    )
    const [first] = rules(ruleset, 't', 'c')
    expect(first!.conditions).toEqual([
      { kind: 'unknown', text: '{"telepathy":{"to":"mars"}}', reason: 'not understood' },
    ])
    expect(first!.statements[0]).toMatchObject({ kind: 'unknown' })
  })

  it('is an object of a kind that nobody knows', () => {
    const { told } = read(json({ table: { family: 'ip', name: 't' } }, { telescope: { family: 'ip', name: 'x' } }))
    expect(told).toEqual(['1 line-not-understood: not understood: {"telescope":{"family":"ip","name":"x"}}'])
  })

  it('is what an extension of iptables asks: the listing does not say', () => {
    const expr = [{ xt: { type: 'match', name: 'string' } }, { xt: { type: 'target', name: 'LOG' } }, { xt: null }]
    const { ruleset } = read(
      json(
        { table: { family: 'ip', name: 't' } },
        { chain: { family: 'ip', table: 't', name: 'c' } },
        ...expr.map((one) => ({ rule: { family: 'ip', table: 't', chain: 'c', expr: [one] } })),
      ),
    )
    const [match, target, neither] = rules(ruleset, 't', 'c')
    const reason = "nft's listing does not show the options of this iptables extension"
    expect([match!.conditions.length, match!.statements.length]).toEqual([1, 0])
    expect([target!.conditions.length, target!.statements.length]).toEqual([0, 1])
    expect([neither!.conditions.length, neither!.statements.length]).toEqual([1, 1])
    expect(match!.conditions[0]).toMatchObject({ kind: 'unknown', reason })
  })
})

describe('commands', () => {
  const base = [
    { add: { table: { family: 'inet', name: 't' } } },
    { add: { chain: { family: 'inet', table: 't', name: 'c', type: 'filter', hook: 'input', prio: 0 } } },
  ]
  const drop = (comment: string, more: object = {}) => ({
    rule: { family: 'inet', table: 't', chain: 'c', comment, expr: [{ drop: null }], ...more },
  })
  const comments = (...entries: object[]) => {
    const { ruleset, told } = read(json(...base, ...entries))
    return { told, comments: rules(ruleset, 't', 'c').map(({ comment }) => comment) }
  }

  it('add and insert rules', () => {
    expect(comments({ add: drop('a') }, { add: drop('b') }, { insert: drop('c') }).comments).toEqual(['c', 'a', 'b'])
    expect(comments({ add: drop('a') }, { add: drop('b') }, { add: drop('c', { index: 0 }) }).comments).toEqual([
      'a',
      'c',
      'b',
    ])
  })

  it('replace and delete rules by their handles', () => {
    const listed = [{ ...drop('a', { handle: 7 }) }, { ...drop('b', { handle: 8 }) }]
    expect(comments(...listed, { replace: drop('c', { handle: 7 }) }).comments).toEqual(['c', 'b'])
    expect(comments(...listed, { delete: drop('', { handle: 8 }) }).comments).toEqual(['a'])
    expect(comments(...listed, { delete: drop('', { handle: 9 }) }).told).toEqual([
      '1 no-such-rule: there is no rule 9 in chain c',
    ])
  })

  it('change elements of sets', () => {
    const set = { family: 'inet', table: 't', name: 's' }
    const { ruleset } = read(
      json(
        ...base,
        { add: { set: { ...set, type: 'ipv4_addr', elem: ['192.0.2.1'] } } },
        { add: { element: { ...set, elem: ['192.0.2.3', '192.0.2.2'] } } },
        { delete: { element: { ...set, elem: ['192.0.2.1'] } } },
      ),
    )
    expect(ruleset!.sets![0]!.elements.map(({ parts }) => parts[0])).toEqual(['192.0.2.2', '192.0.2.3'])
  })

  it('flush and delete', () => {
    const { ruleset } = read(
      json(...base, { add: drop('a') }, { flush: { chain: { family: 'inet', table: 't', name: 'c' } } }),
    )
    expect(rules(ruleset, 't', 'c')).toEqual([])
    expect(read(json(...base, { flush: { ruleset: null } })).rulesets).toEqual([])
    expect(read(json(...base, { delete: { table: { family: 'inet', name: 't' } } })).rulesets).toEqual([])
  })
})

const PACKET: Packet = {
  src: '192.0.2.7',
  dst: '198.51.100.9',
  protocol: 'tcp',
  sport: 40000,
  dport: 22,
  in: 'eth0',
  mark: 0,
}

/** Asks every rule, and carries out what matches. */
function askAll({ tables, sets = [] }: Ruleset): void {
  const moment = momentOf(PACKET, { ...emptyWorld(), tables, sets })
  for (const { chains } of tables)
    for (const { rules } of chains.values())
      for (const rule of rules) {
        match(rule, moment)
        execute(rule, moment)
      }
}

describe('a damaged file', () => {
  it('keeps what stands before the cut', () => {
    const cut = EVERYTHING.slice(0, EVERYTHING.indexOf('"as agreed"'))
    const { ruleset, told } = read(cut)
    expect(table(ruleset, 'filter').chains.has('lan')).toBe(true)
    expect(told).toEqual([
      `${cut.split('\n').length} cut-short: the file ends in the middle of an object; the objects before it are used`,
    ])
  })

  it('never throws, numbers rules without gaps, and names lines that exist', () => {
    const bytes = Buffer.from(EVERYTHING)
    fc.assert(
      fc.property(changes, (list) => {
        const text = Buffer.from(mutate(bytes, list)).toString('latin1')
        const { rulesets, told } = read(text)
        const lines = text.split('\n').length
        for (const one of told) expect(Number(one.split(' ')[0])).toBeLessThanOrEqual(lines)
        for (const { chains } of rulesets.flatMap(({ tables }) => tables))
          for (const chain of chains.values())
            expect(chain.rules.map(({ ruleNumber }) => ruleNumber)).toEqual(chain.rules.map((_, i) => i + 1))
        looksLikeNftJson(text)
      }),
      { numRuns: share(100) },
    )
  })

  it('never throws at values that nobody expects', () => {
    const entries = (JSON.parse(EVERYTHING) as { nftables: object[] }).nftables
    fc.assert(
      fc.property(fc.nat(entries.length - 1), fc.nat(40), fc.jsonValue({ maxDepth: 4 }), (which, at, value) => {
        let seen = 0
        const changed = JSON.parse(JSON.stringify(entries[which]), (_, held) => (seen++ === at ? value : held))
        const { ruleset } = read(json(...entries.slice(0, which), changed as object, ...entries.slice(which + 1)))
        if (ruleset) askAll(ruleset)
      }),
      { numRuns: share(300) },
    )
  })

  it('may be nested as deep as it likes', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    const rule = `{"rule":{"family":"ip","table":"t","chain":"c","expr":[{"match":{"op":"==","left":${deep},"right":1}}]}}`
    const { ruleset } = read(
      `{"nftables":[{"table":{"family":"ip","name":"t"}},{"chain":{"family":"ip","table":"t","name":"c"}},${rule}]}`,
    )
    expect(rules(ruleset, 't', 'c')).toHaveLength(1)
  })

  it('takes time in proportion to its length', () => {
    const elements = (count: number) =>
      Array.from({ length: count }, (_, i) => `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`)
    const file = (count: number) =>
      json(
        { table: { family: 'ip', name: 't' } },
        { set: { family: 'ip', table: 't', name: 's', type: 'ipv4_addr', elem: elements(count) } },
      )
    const seconds = (text: string) => {
      const from = cpu()
      read(text)
      return cpu() - from
    }
    const [small, large] = [file(5_000), file(80_000)]
    seconds(small)
    const best = (text: string) => Math.min(...[1, 2, 3].map(() => seconds(text)))
    // sixteen times as long
    expect(best(large) / best(small)).toBeLessThan(60)
  })
})
