/** A rule of iptables-legacy is not changed by an iptables that speaks to nf_tables, and the other way round. */

import { expect, test } from 'vitest'
import { withRightTool } from '../../src/explain/right-tool.ts'
import { command } from '../../src/model/command.ts'
import type { World } from '../../src/model/world.ts'

const world = (rules: 'legacy' | 'nft' | undefined, tool: 'legacy' | 'nft' | undefined): World => ({
  tables: [
    { kind: 'iptables', family: 'ip', name: 'filter', chains: new Map(), ...(rules ? { backend: rules } : {}) },
  ] as World['tables'],
  sets: [],
  host: tool ? { tools: { iptables: { version: '1.8.9', backend: tool } } } : {},
})
const fix = {
  description: 'delete it',
  command: command('iptables', '-D', 'INPUT', '1'),
  undo: command('iptables', '-I', 'INPUT', '1', '-j', 'DROP'),
}

test.each([
  ['legacy', 'nft', 'iptables-legacy'],
  ['nft', 'legacy', 'iptables-nft'],
  ['legacy', 'legacy', 'iptables'],
  ['nft', undefined, 'iptables'],
  [undefined, 'nft', 'iptables'],
] as const)('rules of %s, iptables of %s: %s', (rules, tool, said) => {
  const { command, undo } = withRightTool(fix, world(rules, tool))
  expect([String(command), String(undo)]).toEqual([`${said} -D INPUT 1`, `${said} -I INPUT 1 -j DROP`])
})

test('other tables and tools are left as they are', () => {
  const other = { description: 'look', command: command('ss', '-ltn') }
  expect(withRightTool(other, world('legacy', 'nft'))).toEqual(other)
  const nat = {
    ...fix,
    command: command('iptables', '-t', 'nat', '-D', 'PREROUTING', '1'),
    undo: command('iptables', '-t', 'nat', '-I', 'PREROUTING', '1'),
  }
  expect(withRightTool(nat, world('legacy', 'nft'))).toEqual(nat)
})
