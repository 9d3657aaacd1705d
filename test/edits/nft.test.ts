/** Commands of nft on a World, what takes them back, and scripts of them. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { applyEdit } from '../../src/edits/apply.ts'
import { undoNft } from '../../src/edits/nft/undo.ts'
import { parseCommand } from '../../src/edits/parse.ts'
import { printEdit } from '../../src/edits/print.ts'
import type { NftCommentEdit, NftEdit } from '../../src/model/edit.ts'
import type { World } from '../../src/model/world.ts'
import { recognise } from '../../src/read/recognise.ts'
import { readNft } from '../../src/read/rulesets/nft-text.ts'
import { readScript } from '../../src/read/rulesets/shell-script.ts'
import { share } from '../share.ts'

const RULESET = `table inet filter {
	set allow_in { type ipv4_addr . inet_service; elements = { 192.0.2.1 . 22, 192.0.2.10 . 22 } }
	map ways { type inet_service : verdict; elements = { 80 : jump web } }
	chain web { accept; }
	chain input { # handle 4
		type filter hook input priority filter; policy drop;
		ip saddr . tcp dport @allow_in accept # handle 5
		tcp dport 443 accept comment "https" # handle 6
		tcp dport vmap @ways # handle 7
	}
}`

function world(): World {
  const [{ tables, sets = [] } = { tables: [] }] = readNft(RULESET, () => {})
  return { tables, sets, host: {} }
}

function edit(command: string): NftEdit | NftCommentEdit {
  const result = parseCommand(command)
  if ('error' in result || result.edits.length !== 1) throw new Error(`not one edit: ${JSON.stringify(result)}`)
  return result.edits[0] as NftEdit | NftCommentEdit
}

function run(before: World, command: string): World | string {
  const result = applyEdit(before, edit(command))
  return 'error' in result ? result.error : result.world
}

/** What can be seen: rules and elements. */
const shown = (one: World | string) =>
  typeof one === 'string'
    ? one
    : [
        ...one.tables.flatMap(({ chains }) =>
          [...chains.values()].flatMap(({ rules }) => rules.map(({ text }) => text)),
        ),
        ...one.sets.map(
          ({ name, elements }) =>
            `${name}: ${elements
              .map(({ parts }) => parts.join(' . '))
              .sort()
              .join(', ')}`,
        ),
      ]

describe('an edit', () => {
  it('changes a copy of what it touches, and leaves the World as it was', () => {
    const before = world()
    const seen = shown(before)
    const after = run(before, 'nft add element inet filter allow_in { 198.51.100.7 . 443 }')
    expect(shown(after)).toContain('allow_in: 192.0.2.1 . 22, 192.0.2.10 . 22, 198.51.100.7 . 443')
    expect(shown(before)).toEqual(seen)
  })

  it('keeps iptables tables, ipsets and other tables as the very objects', () => {
    const before = world()
    before.tables.push({ family: 'ip', name: 'filter', kind: 'iptables', chains: new Map() })
    before.tables.push({ family: 'ip', name: 'filter', kind: 'nft', chains: new Map() })
    before.sets.push({ name: 'allow_in', type: 'hash:ip', elements: [] })
    const after = run(before, 'nft flush set inet filter allow_in') as World
    expect(after.tables.slice(1)).toEqual(before.tables.slice(1))
    expect(after.tables[1]).toBe(before.tables[1])
    expect(after.tables[2]).toBe(before.tables[2])
    expect(after.sets.find(({ table }) => table === undefined)).toBe(before.sets.at(-1))
  })

  it('says that a table of iptables-nft is there, and whose words to use', () => {
    const before = world()
    before.tables.push({ family: 'ip', name: 'filter', kind: 'iptables', backend: 'nft', chains: new Map() })
    expect(run(before, 'nft delete rule ip filter FORWARD handle 2')).toMatch(
      /^table ip filter belongs to iptables-nft/,
    )
  })

  it.each([
    ['nft add rule inet filter nowhere accept', 'there is no chain nowhere in table filter'],
    ['nft add rule ip filter input accept', 'there is no table ip filter'],
    ['nft add rule inet filter input jump nowhere', 'there is no chain nowhere in table filter'],
    ['nft add rule inet filter input ip saddr @nobody accept', 'there is no set nobody in table filter'],
    ['nft delete rule inet filter input handle 99', 'there is no rule 99 in chain input'],
    ['nft delete element inet filter allow_in { 192.0.2.2 . 22 }', 'set allow_in has no such element'],
    ['nft add element inet filter ways { 80 : accept }', 'map ways already has this element with another value'],
    ['nft delete chain inet filter web', 'a rule jumps to chain web'],
    ['nft delete set inet filter allow_in', 'set allow_in is in use'],
    ['nft create table inet filter', 'table filter already exists'],
  ])('%s is refused', (command, why) => {
    expect(run(world(), command)).toBe(why)
  })
})

describe('undo', () => {
  it.each([
    [
      'nft add element inet filter allow_in { 198.51.100.7 . 443 }',
      'nft delete element inet filter allow_in { 198.51.100.7 . 443 }',
    ],
    [
      'nft add element inet filter allow_in { 192.0.2.1 . 22, 192.0.2.9 . 1 }',
      'nft delete element inet filter allow_in { 192.0.2.9 . 1 }',
    ],
    [
      'nft delete element inet filter allow_in { 192.0.2.1 . 22 }',
      'nft add element inet filter allow_in { 192.0.2.1 . 22 }',
    ],
    ['nft delete element inet filter ways { 80 }', 'nft add element inet filter ways { 80 : jump web }'],
    ['nft flush set inet filter allow_in', 'nft add element inet filter allow_in { 192.0.2.1 . 22, 192.0.2.10 . 22 }'],
    [
      'nft delete rule inet filter input handle 6',
      `nft add rule inet filter input position 5 tcp dport 443 accept comment '"https"'`,
    ],
    [
      'nft delete rule inet filter input handle 5',
      'nft insert rule inet filter input ip saddr . tcp dport @allow_in accept',
    ],
    [
      'nft replace rule inet filter input handle 6 drop',
      `nft replace rule inet filter input handle 6 tcp dport 443 accept comment '"https"'`,
    ],
  ])('of %s', (command, undo) => {
    const before = world()
    const edits = undoNft(edit(command) as NftEdit, before)
    expect(edits?.map(printEdit).join('; ')).toBe(undo.replace(' @', " '@").replace("'@allow_in", '@allow_in'))
    const after = run(before, command) as World
    // a rule that is deleted takes its handle along
    expect(shown(run(after, undo))).toEqual(shown(before))
  })

  it.each([
    'nft add rule inet filter input drop',
    'nft add element inet filter allow_in { 192.0.2.1 . 22 }',
    'nft flush ruleset',
  ])('is not known of %s', (command) => {
    expect(undoNft(edit(command) as NftEdit, world())).toBeUndefined()
  })
})

it('never throws', () => {
  const words = [
    'nft',
    'add',
    'delete',
    'replace',
    'rule',
    'element',
    'set',
    'chain',
    'inet',
    'filter',
    'input',
    'allow_in',
    'ways',
  ]
  const more = [
    '{',
    '}',
    '80',
    ':',
    'jump',
    'web',
    'handle',
    '5',
    'position',
    'index',
    '-f',
    '-c',
    '"',
    ';',
    'flush',
    'ruleset',
  ]
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.constantFrom(...words, ...more), fc.string({ maxLength: 3 })), { maxLength: 14 }),
      (list) => {
        const result = parseCommand(`nft ${list.join(' ')}`)
        if ('error' in result) return
        for (const one of result.edits) {
          applyEdit(world(), one)
          if (one.kind === 'nft') undoNft(one, world())
        }
      },
    ),
    { numRuns: share(1000) },
  )
})

describe('a rule that is deleted by its comment', () => {
  const asked = (chain: string) => `$(nft -a list chain ${chain} | awk '/ comment "https" / { print $NF; exit }')`
  const command = `nft delete rule inet filter input handle ${asked('inet filter input')}`

  it.each([command, command.replace('$(', '"$(').replace(/$/, '"'), command.replace(' | ', ' \\\n  | ')])(
    '%s',
    (text) => {
      const read = edit(text)
      expect(read).toEqual({
        ...{ kind: 'nft-comment', op: 'delete', family: 'inet', table: 'filter', chain: 'input', comment: 'https' },
      })
      expect(printEdit(read)).toBe(command)
      const before = world()
      expect(shown(run(before, text))).toEqual((shown(before) as string[]).filter((one) => !one.includes('"https"')))
    },
  )

  it.each([
    [command.replace('https', 'http'), 'chain input of table filter has no rule with comment "http"'],
    [command.replaceAll('inet filter input', 'inet filter nowhere'), /^chain nowhere of table filter has no rule/],
  ])('%s is refused', (text, why) => {
    expect(run(world(), text)).toMatch(why)
  })

  it.each([
    [
      `nft delete rule inet filter input handle ${asked('inet filter web')}`,
      'the command reads the handle from another chain',
    ],
    [
      `nft replace rule inet filter input handle ${asked('inet filter input')} drop`,
      /^this works only with "nft delete/,
    ],
    [`iptables -D INPUT handle ${asked('inet filter input')}`, /^a command substitution is not run/],
    [command.replace('print $NF', 'system("reboot")'), /^a command substitution is not run/],
    [`nft delete rule inet filter input ${asked('inet filter input')}`, /^a command substitution is not run/],
  ])('%s is not read', (text, why) => {
    expect(parseCommand(text)).toMatchObject({ error: { message: expect.stringMatching(why) } })
  })
})

describe('a script', () => {
  const SCRIPT = `#!/bin/sh
LAN=192.0.2.0/24
iptables -P FORWARD DROP
nft flush ruleset
nft add table inet filter
nft 'add chain inet filter input { type filter hook input priority 0; policy drop; }'
nft add set inet filter hosts '{ type ipv4_addr; }'
nft add element inet filter hosts { 192.0.2.7, 192.0.2.8 }
nft add rule inet filter input ip saddr $LAN tcp dport { 22, 80 } accept
nft -f - <<END
table ip nat {
	chain post { type nat hook postrouting priority srcnat; ip saddr $LAN masquerade; }
}
END
nft add rule inet filter nowhere drop
`
  it('of nft beside iptables leaves the tables of both behind', () => {
    expect(recognise(SCRIPT)?.format.id).toBe('shell-script')
    const told: string[] = []
    const rulesets = readScript(SCRIPT, (code, _message, line) => told.push(`${line} ${code}`))
    const tables = rulesets.flatMap((one) => one.tables.map(({ family, kind, name }) => `${kind} ${family} ${name}`))
    expect(tables.sort()).toEqual(['iptables ip filter', 'nft inet filter', 'nft ip nat'])
    expect(rulesets.flatMap(({ sets = [] }) => sets.map(({ elements }) => elements.length))).toEqual([2])
    const rules = rulesets.flatMap((one) =>
      one.tables.flatMap(({ chains }) => [...chains.values()].flatMap((chain) => chain.rules.map(({ text }) => text))),
    )
    expect(rules).toEqual(
      expect.arrayContaining(['ip saddr 192.0.2.0/24 tcp dport { 22, 80 } accept', 'ip saddr 192.0.2.0/24 masquerade']),
    )
    expect(told).toEqual(['15 command-failed'])
  })

  it('of nft alone is one, too; a ruleset is none', () => {
    expect(recognise('nft flush ruleset\nnft add table ip t\n')?.format.id).toBe('shell-script')
    expect(recognise('flush ruleset\nadd table ip t\n')?.format.id).toBe('nft')
    expect(recognise('# nft list ruleset\ntable ip t {\n}\n')?.format.id).toBe('nft')
  })
})
