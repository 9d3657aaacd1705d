/** A rule of iptables-legacy is not changed by an iptables that speaks to nf_tables, and the other way round. */

import { expect, test } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { parseCommand } from '../../../src/edits/parse.ts'
import { withVariant } from '../../../src/explain/changes/variant.ts'
import { command } from '../../../src/model/command.ts'
import type { Edit } from '../../../src/model/edit.ts'
import type { Fix } from '../../../src/model/journey.ts'
import type { World } from '../../../src/model/world.ts'

const world = (rules: 'legacy' | 'nft' | undefined, tool: 'legacy' | 'nft' | undefined): World => ({
  tables: [
    { kind: 'iptables', family: 'ip', name: 'filter', chains: new Map(), ...(rules ? { backend: rules } : {}) },
  ] as World['tables'],
  sets: [],
  host: tool ? { tools: { iptables: { version: '1.8.9', backend: tool } } } : {},
})
const parsed = (command: string): Edit[] => {
  const result = parseCommand(command)
  if ('error' in result) throw new Error(result.error.message)
  return result.edits
}
const fix: Fix = {
  description: 'replace it',
  edits: parsed('iptables -R INPUT 1 -j ACCEPT'),
  undo: parsed('iptables -R INPUT 1 -j DROP'),
}

test.each([
  ['legacy', 'nft', 'iptables-legacy'],
  ['nft', 'legacy', 'iptables-nft'],
  ['legacy', 'legacy', 'iptables'],
  ['nft', undefined, 'iptables'],
  [undefined, 'nft', 'iptables'],
] as const)('rules of %s, iptables of %s: %s', (rules, tool, said) => {
  const { command, undo } = fixCommands(withVariant(fix, world(rules, tool)))
  expect([String(command), String(undo)]).toEqual([`${said} -R INPUT 1 -j ACCEPT`, `${said} -R INPUT 1 -j DROP`])
})

test('other tables and tools are left as they are', () => {
  const other = { description: 'look', look: command('ss', '-ltn') }
  expect(withVariant(other, world('legacy', 'nft'))).toEqual(other)
  const nat = { ...fix, edits: parsed('iptables -t nat -D PREROUTING 1') }
  expect(withVariant(nat, world('legacy', 'nft'))).toEqual(nat)
})

test.each([
  ['legacy', 'nft', 'iptables-legacy'],
  ['nft', 'legacy', 'iptables-nft'],
  ['legacy', 'legacy', 'iptables'],
  [undefined, 'nft', 'iptables'],
] as const)('a table that is not there yet, beside one of %s, iptables of %s: %s', (rules, tool, said) => {
  const rule = 'FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu'
  const clamp: Fix = {
    description: 'clamp',
    edits: parsed(`iptables -t mangle -A ${rule}`),
    undo: parsed(`iptables -t mangle -D ${rule}`),
  }
  const { command, undo } = fixCommands(withVariant(clamp, world(rules, tool)))
  expect([String(command), String(undo)]).toEqual([`${said} -t mangle -A ${rule}`, `${said} -t mangle -D ${rule}`])
})

test('a table that is not there yet, beside tables of both: the program that iptables is', () => {
  const { tables, ...rest } = world('legacy', 'nft')
  const both = { ...rest, tables: [...tables, { ...tables[0]!, name: 'nat', backend: 'nft' as const }] }
  const mangle = { ...fix, edits: parsed('iptables -t mangle -A FORWARD -j ACCEPT') }
  expect(String(fixCommands(withVariant(mangle, both)).command)).toMatch(/^iptables -t mangle/)
})

test('tables of iptables-nft that a listing made, and that do nothing, do not count beside rules of iptables-legacy', () => {
  const { tables, ...rest } = world('legacy', 'nft')
  const [table] = tables
  const rules = [{ ruleNumber: 1, text: '-A FORWARD -j ACCEPT', conditions: [], statements: [] }]
  const chain = (more: object) => new Map([['FORWARD', { name: 'FORWARD', rules: [], policy: 'accept', ...more }]])
  const legacy = { ...table, chains: chain({ rules }) }
  const mangle = { ...fix, edits: parsed('iptables -t mangle -A FORWARD -j ACCEPT') }
  const said = (empty: object) => {
    const both = { ...rest, tables: [legacy, { ...table, backend: 'nft', ...empty }] as World['tables'] }
    return String(fixCommands(withVariant(mangle, both)).command).split(' ')[0]
  }
  expect(said({ chains: chain({}) })).toBe('iptables-legacy')
  expect(said({ chains: chain({ policy: 'drop' }) })).toBe('iptables')
})
