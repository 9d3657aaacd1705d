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
