/** A rule of iptables that the chain has already in front is taken back by its number: by its words the other one would go. */
import { expect, test } from 'vitest'
import { applyEdits } from '../../../src/edits/apply.ts'
import { changesOf } from '../../../src/explain/changes/change.ts'
import { withExactUndo } from '../../../src/explain/changes/exact-undo.ts'
import { emptyWorld, type World } from '../../../src/model/world.ts'
import { readIptablesSave } from '../../../src/read/rulesets/iptables-save.ts'

const RULES = ['-p ipv6-icmp -m icmp6 --icmpv6-type 136 -j ACCEPT', '-p tcp -m tcp --dport 22 -j ACCEPT', '-j DROP']
const text = (rules: readonly string[]) =>
  ['*filter', ':OUTPUT ACCEPT [0:0]', ...rules.map((rule) => `-A OUTPUT ${rule}`), 'COMMIT', ''].join('\n')

function worldOf(rules: readonly string[]): World {
  const [ruleset] = readIptablesSave(text(rules), () => {})
  const tables = ruleset!.tables.map((table) => ({ ...table, family: 'ip6' as const }))
  return { ...emptyWorld(), tables }
}

const rulesOf = ({ tables }: World) => tables[0]!.chains.get('OUTPUT')!.rules.map((rule) => rule.text)

test.each([
  ['in front of it', RULES],
  ['nowhere', RULES.slice(1)],
  ['behind the new one', [...RULES.slice(1), RULES[0]!]],
])('the same rule is %s', (_, rules) => {
  const world = worldOf(rules)
  const ruleNumber = rules.indexOf('-j DROP') + 1
  const ref = { family: 'ip6', table: 'filter', chain: 'OUTPUT', ruleNumber, rule: '-A OUTPUT -j DROP' } as const
  const change = changesOf(ref).add(
    ref,
    { chain: 'OUTPUT', before: ref },
    { kind: 'neighbours', family: 'ip6' },
    { kind: 'accept' },
  )
  if (!change || 'unsayable' in change) throw new Error('it can be said')
  const { edits, undo } = withExactUndo({ description: '', ...change }, world)
  const after = applyEdits(world, edits)
  if ('error' in after) throw new Error(after.error)
  expect(rulesOf(after.world)).toHaveLength(rules.length + 2)
  const back = applyEdits(after.world, undo!)
  expect('error' in back ? back.error : rulesOf(back.world)).toEqual(rulesOf(world))
})
