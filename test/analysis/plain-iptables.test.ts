/** `iptables` changes the tables of the variant that it calls on the host, whatever rules are known. */
import { expect, test } from 'vitest'
import { applyTo } from '../../src/analysis/apply.ts'
import { UserError } from '../../src/model/user-error.ts'
import type { World } from '../../src/model/world.ts'
import { worldOf } from '../journey/journeys.ts'

type Variant = 'legacy' | 'nft'

function hostOf(rules: Variant | undefined, plain: Variant | undefined): World {
  const { tables, ...world } = worldOf('*filter\n:INPUT DROP [0:0]\n:mine - [0:0]\nCOMMIT\n')
  return {
    ...world,
    tables: tables.map(({ backend: _, ...table }) => ({ ...table, ...(rules ? { backend: rules } : {}) })),
    host: plain ? { tools: { iptables: { version: '1.8.9', backend: plain } } } : {},
  }
}

async function applied(world: World, command: string): Promise<{ rules: string[]; warnings: string[] }> {
  const warnings: string[] = []
  const { tables } = await applyTo(world, command, (_, message) => warnings.push(message))
  const rules = tables.flatMap(({ backend, chains }) =>
    [...chains.values()].flatMap((chain) => chain.rules.map(({ text }) => `${backend} ${text}`)),
  )
  return { rules, warnings }
}

const ADD = '-A INPUT -p tcp --dport 443 -j ACCEPT'
const RULE = '-A INPUT -p tcp -m tcp --dport 443 -j ACCEPT'
const OTHERS =
  'iptables calls iptables-nft on this host, which does not change the rules of table filter: they belong to iptables-legacy'

test.each<[Variant | undefined, Variant | undefined, string, string, string[]]>([
  // rules, what `iptables` is, the tool, whose rule it becomes, warnings
  ['legacy', 'nft', 'iptables', 'nft', [OTHERS]],
  ['legacy', 'nft', 'iptables-legacy', 'legacy', []],
  ['legacy', 'legacy', 'iptables', 'legacy', []],
  ['legacy', undefined, 'iptables', 'legacy', []],
  ['nft', undefined, 'iptables', 'nft', []],
  [undefined, 'nft', 'iptables', 'undefined', []],
  [undefined, undefined, 'iptables-nft', 'undefined', []],
  ['nft', 'nft', 'iptables-legacy', 'legacy', [expect.stringContaining('they belong to iptables-nft')]],
])('rules of %s, iptables is %s: %s changes those of %s', async (rules, plain, tool, changed, warnings) => {
  expect(await applied(hostOf(rules, plain), `${tool} ${ADD}`)).toEqual({ rules: [`${changed} ${RULE}`], warnings })
})

test('the second command meets what the first has made', async () => {
  const { rules } = await applied(hostOf('legacy', 'nft'), `iptables -N other; iptables -A other -j DROP`)
  expect(rules).toEqual(['nft -A other -j DROP'])
})

test('a chain of the other variant is refused, with the reason', async () => {
  await expect(applied(hostOf('legacy', 'nft'), 'iptables -A mine -j DROP')).rejects.toThrow(UserError)
  await expect(applied(hostOf('legacy', 'nft'), 'iptables -A mine -j DROP')).rejects.toThrow(OTHERS)
})
