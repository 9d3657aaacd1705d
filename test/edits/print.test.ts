import fc from 'fast-check'
import { expect, it } from 'vitest'
import { parseCommand } from '../../src/edits/parse.ts'
import { type EditPrinting, editCommand, printEdit } from '../../src/edits/print.ts'
import { shellTokens } from '../../src/edits/shell.ts'
import { printCommand, shellWord } from '../../src/model/command.ts'
import type { Edit } from '../../src/model/edit.ts'
import { readRule } from '../../src/rules/iptables/read.ts'
import { splitWords } from '../../src/rules/iptables/words.ts'
import { readTables } from '../rules/iptables/tables.ts'
import { share } from '../share.ts'
import { readCommands } from './commands.ts'

const again = (edit: Edit) => parseCommand(printEdit(edit))

it('prints what is read as the same edit: every command of the fixtures', () => {
  for (const { command } of readCommands().flatMap(({ commands }) => commands)) {
    const result = parseCommand(command)
    if ('error' in result) continue
    for (const edit of result.edits) {
      const read = again(edit)
      // iptables-save's words say of some options what was left to them: the same rule, in more words
      if (edit.kind === 'rule' && 'edits' in read) expect(read.edits.map(printEdit)).toEqual([printEdit(edit)])
      else expect(read).toEqual({ edits: [edit] })
    }
  }
})

// as iptables-save prints them: it may leave out what another option implies
const rules = readTables()
  .flatMap(({ rows }) => rows)
  .filter(({ ok }) => ok)
  .flatMap(({ printed, family, table, chain }) =>
    printed.flatMap((rule) =>
      readRule(splitWords(rule), family, table).specs.map((spec) => ({ spec, family, table, chain })),
    ),
  )
const ops = ['append', 'insert', 'replace', 'delete', 'check'] as const

it('prints what is read as the same edit: every rule that iptables takes', () => {
  expect(rules.length).toBeGreaterThan(500)
  fc.assert(
    fc.property(fc.constantFrom(...rules), fc.constantFrom(...ops), fc.nat(), fc.boolean(), (rule, op, n, counted) => {
      const edit: Edit = { kind: 'rule', op, ...rule }
      if (op === 'replace' || (op === 'insert' && n % 2 === 0)) edit.ruleNumber = (n % 1000) + 1
      if (counted && op !== 'delete' && op !== 'check') edit.counters = { packets: n, bytes: 3 * n }
      expect(again(edit)).toEqual({ edits: [edit] })
      expect(parseCommand(printCommand(editCommand(edit, { typed: true })))).toEqual({ edits: [edit] })
    }),
    { numRuns: share(2000) },
  )
})

it('leaves out of a typed rule what iptables takes for granted, and no more', () => {
  const typed = (command: string) => {
    const result = parseCommand(command)
    if ('error' in result) throw new Error(result.error.message)
    return printCommand(editCommand(result.edits[0]!, { typed: true }))
  }
  expect(typed('iptables -A FORWARD -s 10.0.0.1/32 -d 10.0.0.0/8 -i eth0 -p tcp -m tcp --dport 80 -j ACCEPT')).toBe(
    'iptables -A FORWARD -s 10.0.0.1 -d 10.0.0.0/8 -i eth0 -p tcp --dport 80 -j ACCEPT',
  )
  expect(typed('ip6tables -A INPUT ! -s 2001:db8::1/128 -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j DROP')).toBe(
    'ip6tables -A INPUT ! -s 2001:db8::1 -p ipv6-icmp --icmpv6-type 135 -j DROP',
  )
  // without an option of its own the match would not be loaded
  expect(typed('iptables -A INPUT -p tcp -m tcp -m conntrack --ctstate NEW -j ACCEPT')).toContain('-p tcp -m tcp -m ')
  expect(typed('iptables -A INPUT -p udp -m udp ! --dport 53 -j DROP')).toBe(
    'iptables -A INPUT -p udp ! --dport 53 -j DROP',
  )
})

const name = fc.stringMatching(/^[A-Za-z_][\w.:-]{0,20}$/)
const family = fc.constantFrom('ip' as const, 'ip6' as const)
const table = fc.constantFrom('filter', 'nat', 'mangle', 'raw', 'security')
const number = fc.integer({ min: 1, max: 99999 })

const nftWord = fc.stringMatching(/^my[a-z_.-]{0,10}\d$/)

const anyEdit: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({ kind: fc.constant('chain' as const), op: fc.constant('new' as const), family, table, chain: name }),
  fc.record(
    {
      kind: fc.constant('chain' as const),
      op: fc.constantFrom('flush' as const, 'delete' as const, 'zero' as const),
      family,
      table,
      chain: name,
    },
    { requiredKeys: ['kind', 'op', 'family', 'table'] },
  ),
  fc.record({
    kind: fc.constant('chain' as const),
    op: fc.constant('zero' as const),
    family,
    table,
    chain: name,
    ruleNumber: number,
  }),
  fc.record({
    kind: fc.constant('chain' as const),
    op: fc.constant('rename' as const),
    family,
    table,
    chain: name,
    newName: name,
  }),
  fc.record({
    kind: fc.constant('chain' as const),
    op: fc.constant('policy' as const),
    family,
    table: fc.constantFrom('filter', 'mangle', 'raw'),
    chain: name,
    policy: fc.constantFrom('accept' as const, 'drop' as const),
  }),
  fc.record({
    kind: fc.constant('rule' as const),
    op: fc.constant('delete' as const),
    family,
    table,
    chain: name,
    ruleNumber: number,
  }),
  fc.record({
    kind: fc.constant('sysctl' as const),
    name: fc.constantFrom('net.ipv4.ip_forward', 'net.ipv4.conf.eth0/100.rp_filter', 'net.ipv6.conf.all.forwarding'),
    value: fc.stringMatching(/^[\w$'"#;-]{1,8}( [\w*&|`]{1,8}){0,2}$/),
  }),
  fc.record({
    kind: fc.constant('ipset' as const),
    op: fc.constantFrom('add' as const, 'del' as const),
    set: name,
    element: fc.stringMatching(/^[\w.:,/$'"]{1,20}$/),
  }),
  fc.record({
    kind: fc.constant('conntrack' as const),
    op: fc.constant('delete' as const),
    family: fc.constant('ip' as const),
    protocol: fc.constantFrom('tcp', 'udp', 'sctp'),
    original: fc.record({
      src: fc.ipV4().map((address) => `${address}/32`),
      dst: fc.ipV4().map((address) => `${address}/32`),
      sport: fc.nat(65535),
      dport: fc.nat(65535),
    }),
  }),
  fc.record({
    kind: fc.constant('nft-comment' as const),
    op: fc.constant('delete' as const),
    family: fc.constantFrom('ip' as const, 'ip6' as const, 'inet' as const, 'bridge' as const),
    table: nftWord,
    chain: nftWord,
    comment: fc.stringMatching(/^[a-z]{1,12}$/),
  }),
  fc
    .record({
      family: fc.constantFrom('ip', 'inet'),
      table: nftWord,
      chain: nftWord,
      device: fc.stringMatching(/^[a-z][a-z0-9.;$ {}'#-]{0,10}$/),
      port: fc.nat(65535),
      position: fc.integer({ min: 1, max: 999 }),
      comment: fc.stringMatching(/^[a-z][a-z ;$]{0,10}$/),
    })
    .map(({ device, port, comment, ...place }): Edit => {
      const payload = { protocol: 'tcp', field: 'dport' }
      const expr = [
        { match: { op: '==', left: { meta: { key: 'iifname' } }, right: device } },
        { match: { op: '==', left: { payload }, right: port } },
        { accept: null },
      ]
      return { kind: 'nft', op: 'insert', object: { rule: { ...place, expr, comment } } }
    }),
  fc
    .record({
      family: fc.constantFrom('ip', 'inet'),
      table: nftWord,
      name: nftWord,
      policy: fc.constantFrom('accept', 'drop'),
    })
    .map((chain): Edit => ({ kind: 'nft', op: 'add', object: { chain } })),
)

const anyPrinting: fc.Arbitrary<EditPrinting> = fc.record(
  { typed: fc.boolean(), namesFilter: fc.boolean() },
  { requiredKeys: [] },
)

it('prints what is read as the same edit, however it is printed: any other edit', () => {
  fc.assert(
    fc.property(anyEdit, anyPrinting, (edit, printing) => {
      expect(again(edit)).toEqual({ edits: [edit] })
      expect(parseCommand(printCommand(editCommand(edit, printing)))).toEqual({ edits: [edit] })
    }),
    { numRuns: share(2000) },
  )
})

it('quotes any word for a shell', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 5 }), (words) => {
      const tokens = shellTokens(words.map(shellWord).join(' '))
      expect(tokens).toEqual(words.map((text) => ({ kind: 'word', text, column: expect.any(Number) })))
    }),
    { numRuns: share(2000) },
  )
})
