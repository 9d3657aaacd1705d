import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { recognise } from '../../../src/read/recognise.ts'
import { looksLikeNft } from '../../../src/read/rulesets/looks-like-nft.ts'
import { readNft } from '../../../src/read/rulesets/nft-text.ts'
import { share } from '../../share.ts'

const fixture = (name: string) =>
  readFileSync(new URL(`../../../fixtures/rules/nft/rulesets/${name}.nft`, import.meta.url), 'utf8')

function read(text: string, resolve?: Parameters<typeof readNft>[2]) {
  const told: string[] = []
  const rulesets = readNft(text, (code, message, line) => told.push(`${line} ${code}: ${message}`), resolve)
  const tables = rulesets.flatMap((ruleset) => ruleset.tables)
  const rules = tables.flatMap((table) =>
    [...table.chains.values()].flatMap((chain) =>
      chain.rules.map(({ ruleNumber, line, text }) => `${table.name} ${chain.name} ${ruleNumber} (${line}) ${text}`),
    ),
  )
  return { told, tables, rules, sets: rulesets.flatMap((ruleset) => ruleset.sets ?? []) }
}

describe('nft text is recognised', () => {
  it.each([
    ['as nft lists it', 'table inet filter {\n\tchain input {\n\t}\n}\n'],
    ['of iptables-nft', '# Warning: table ip nat is managed by iptables-nft, do not touch!\ntable ip nat {\n'],
    ['behind a prompt', 'root@router:~# nft -a list ruleset\ntable ip filter { # handle 1\n'],
    ['with a shebang', '#!/usr/sbin/nft -f\n# nothing yet\n'],
    ['with a shebang through env', '#!/usr/bin/env -S nft -f\n'],
    ['that begins with variables', '# my firewall\n\ndefine lan = 192.0.2.0/24\nadd table ip t\n'],
    ['that flushes first', '\ufeffflush ruleset\n\ntable ip t {}\n'],
    ['of commands', 'add rule ip filter input tcp dport 22 accept\n'],
    ['of elements', 'add element inet filter allow { 192.0.2.1 }\n'],
    ['that includes others', 'include "/etc/nftables.d/*.nft"\n'],
    ['with carriage returns', 'table ip t {\r\n\tchain c {\r\n\t}\r\n}\r\n'],
  ])('%s', (_, text) => {
    expect(recognise(text)?.format.id).toBe('nft')
  })

  it.each([
    ['iptables-save', '*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n'],
    ['a script that calls nft', '#!/bin/sh\nnft add table ip t\nnft add rule ip t c drop\n'],
    ['a script without a first line', 'nft flush ruleset\nnft add table ip t\n'],
    ['a script that feeds nft', '#!/bin/bash\nset -e\nnft -f - <<EOF\ntable ip t {\n\tchain c {\n\t}\n}\nEOF\n'],
    ["nft's JSON", '{"nftables": [{"metainfo": {}}, {"table": {"family": "ip", "name": "t", "handle": 1}}]}'],
    ['a trace', 'trace id 1234 ip raw PREROUTING packet: iif "eth0" ip saddr 192.0.2.1\n'],
    ['routes', 'default via 192.0.2.1 dev eth0 table main\n'],
    ['prose', 'The table inet filter is what nft list ruleset shows. flush ruleset\n'],
    ['nothing', ''],
  ])('%s is something else', (_, text) => {
    expect(looksLikeNft(text)).toBe(false)
    expect(recognise(text)?.format.id).not.toBe('nft')
  })
})

describe('nft text', () => {
  it('becomes tables, chains, rules and sets', () => {
    const { told, tables, sets, rules } = read(fixture('every-object'))
    expect(told).toEqual([])
    expect(tables).toMatchObject([{ family: 'inet', name: 'fw', kind: 'nft' }])
    const chains = [...tables[0]!.chains.values()].map(({ name, hook, priority, type, policy }) =>
      [name, hook, priority, type, policy].filter((one) => one !== undefined).join(' '),
    )
    expect(chains).toEqual([
      'input input 0 filter drop',
      'early prerouting -295 filter accept',
      'late postrouting 100 nat accept',
      'into prerouting -100 nat accept',
      'numbered output 10 filter accept',
      'web',
    ])
    expect(sets.map(({ name }) => name)).toEqual(expect.arrayContaining(['allowed', 'ports', 'ways', 'services']))
    expect(rules).toContain('fw input 2 (53) ct state established,related accept')
    expect(rules).toContain('fw input 5 (56) tcp dport 22 ct state new limit name "slow" accept comment "wrapped"')
  })

  it('of commands is what they leave behind', () => {
    const { told, rules } = read(fixture('commands'))
    expect(told).toEqual([])
    expect(rules.map((rule) => rule.replace(/ \(\d+\)/, ''))).toEqual([
      't in 1 ct state established accept',
      't in 2 tcp dport 22 accept',
      't in 3 counter',
      't in 4 ip saddr @s drop',
      't in 5 tcp dport vmap @m',
    ])
  })

  it('keeps the place of a rule that is not understood, and tells of it once', () => {
    const { told, rules } = read('table ip t {\n chain c {\n  accept\n  tcp dport nonsense words here\n  drop\n }\n}\n')
    expect(told).toEqual(['4 line-not-understood: expected a statement, found "words" (column 22)'])
    expect(rules).toEqual(['t c 1 (3) accept', 't c 2 (4) tcp dport nonsense words here', 't c 3 (5) drop'])
  })

  it('names handles, and what is above a listing does not count', () => {
    const { told, tables } = read(
      '$ sudo nft -a list ruleset\ntable ip t { # handle 3\n chain c { # handle 1\n  drop # handle 7\n }\n}\n',
    )
    expect(told).toEqual([])
    expect(tables[0]!.chains.get('c')!.rules).toMatchObject([{ handle: 7, line: 4 }])
  })

  it('holds what it includes, where that is at hand', () => {
    const text = 'table ip t {\n chain c {\n  include "more.nft"\n  drop\n }\n}\n'
    expect(read(text, () => ['accept\n']).rules).toEqual(['t c 1 (1) accept', 't c 2 (4) drop'])
    expect(read(text)).toMatchObject({
      told: ['3 not-included: includes "more.nft", which was not given: its contents are unknown'],
      rules: ['t c 1 (3) include "more.nft"', 't c 2 (4) drop'],
    })
  })

  it('says when there is nothing in it', () => {
    expect(read('# nothing\n')).toMatchObject({ told: ['undefined no-table: the file has no nft table'], tables: [] })
  })
})

it('never throws, whatever is cut, changed or joined', () => {
  const names = readdirSync(new URL('../../../fixtures/rules/nft/rulesets/', import.meta.url))
  const texts = names.map((name) => fixture(name.replace(/\.nft$/, '')))
  const damaged = fc
    .tuple(
      fc.constantFrom(...texts),
      fc.constantFrom(...texts),
      fc.array(fc.tuple(fc.nat(), fc.nat(20), fc.constantFrom('', '{', '}', '"', ';', '\n', '$', '@', ':', ',', '-1'))),
      fc.nat(),
    )
    .map(([one, other, edits, from]) => {
      let text = one + other.slice(from % other.length)
      for (const [at, length, put] of edits) {
        const place = at % text.length
        text = text.slice(0, place) + put + text.slice(place + length) || ' '
      }
      return text
    })
  fc.assert(
    fc.property(damaged, (text) => {
      for (const table of read(text).tables)
        for (const { rules } of table.chains.values())
          expect(rules.map(({ ruleNumber }) => ruleNumber)).toEqual(rules.map((_, i) => i + 1))
    }),
    { numRuns: share(100) },
  )
})
