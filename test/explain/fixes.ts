/**
 * Every fix that is proposed in the tests of findings, in incidents and in examples: what it changes is printed as commands
 * that parseCommand reads as the very same edits, and that do the same to the machine; and what takes it back does so.
 * Where all these tests run once more (test/explain/hostile-names.test.ts), this is asked of them as well.
 */
import { expect, it } from 'vitest'
import { applyEdit } from '../../src/edits/apply.ts'
import { fixCommands } from '../../src/edits/fix.ts'
import { isUnderstood } from '../../src/edits/iptables/print.ts'
import { parseCommand } from '../../src/edits/parse.ts'
import { printEdit } from '../../src/edits/print.ts'
import { printCommand } from '../../src/model/command.ts'
import type { Edit } from '../../src/model/edit.ts'
import type { Fix } from '../../src/model/journey.ts'
import type { World } from '../../src/model/world.ts'

/** A fix, the finding that has it, and the World in which it was proposed. */
export interface Proposed {
  code: string
  fix: Fix
  world: World
}

/** Words of an extension that is not known are said as they are, and nobody reads them again. */
const isRead = (edit: Edit): boolean => edit.kind !== 'rule' || !edit.spec || isUnderstood(edit.spec)

function apply(before: World, edits: readonly Edit[]): World | string {
  let world = before
  for (const edit of edits) {
    const result = applyEdit(world, edit)
    if ('error' in result) return result.error
    world = result.world
  }
  return world
}

const parse = (text: string): readonly Edit[] => {
  const result = parseCommand(text)
  if ('error' in result) throw new Error(`${text}: ${result.error.message}`)
  return result.edits
}

/** iptables opens a table for the first rule in it, and that stays. */
const doesSomething = ({ kind, chains }: World['tables'][number]): boolean =>
  kind !== 'iptables' ||
  [...chains.values()].some(({ hook, policy, rules }) => !hook || policy !== 'accept' || rules.length > 0)

/** What the kernel would hold, without what the order of making it leaves behind. */
const contents = (world: World | string) =>
  typeof world === 'string'
    ? world
    : {
        chains: world.tables
          .filter(doesSomething)
          .map(({ family, name, chains }) => [
            `${family} ${name}`,
            [...chains.values()].map((chain) => [chain.name, chain.policy, chain.rules.length]),
          ]),
        sets: world.sets.map(({ name, elements }) => [name, elements.map(({ parts }) => parts.join()).sort()]),
        routes: (world.host.routes ?? []).map(({ type, destination, gateway }) => [type, destination, gateway]).sort(),
        routingRules: new Set(world.host.routingRules?.map((rule) => JSON.stringify(rule))),
      }

/** Tests of all fixes; when they run, these have been proposed. */
export function testFixes(proposed: readonly Proposed[]): void {
  const changes = () =>
    proposed.flatMap(({ code, fix, world }) => (fix.edits ? [{ code, fix, world, edits: fix.edits }] : []))

  it('is edits, or a command that looks, or words', () => {
    const kinds = new Set(
      changes().flatMap(({ edits, fix }) => [...edits, ...(fix.undo ?? [])].map(({ kind }) => kind)),
    )
    expect([...kinds].sort()).toEqual([
      'address',
      'bridge-port',
      'chain',
      'conntrack',
      'ipset',
      'nft',
      'nft-comment',
      'route',
      'routing-rule',
      'rule',
      'sysctl',
    ])
    for (const { fix } of proposed) expect(fix.edits !== undefined && fix.look !== undefined).toBe(false)
    expect(proposed.filter(({ fix }) => fix.look).length).toBeGreaterThan(100)
  })

  it('is read as the edits that it is, as it is proposed and in canonical words', () => {
    let count = 0
    for (const { edits, fix } of changes()) {
      const { command, undo } = fixCommands(fix)
      for (const [list, said] of [[edits, command] as const, [fix.undo, undo] as const]) {
        if (!list || !said || !list.every(isRead)) continue
        expect({ said: String(said), edits: parse(printCommand(said)) }).toEqual({ said: String(said), edits: list })
        for (const edit of list) expect(parse(printEdit(edit))).toEqual([edit])
        count++
      }
    }
    expect(count).toBeGreaterThan(500)
  })

  it('does to the machine what its command does, and its undo takes that back', () => {
    const seen = new Set<string>()
    let undone = 0
    for (const { edits, fix, world } of changes()) {
      const { command, undo } = fixCommands(fix)
      const key = `${command} ${world.tables.length} ${world.sets.length}`
      if (!command || seen.has(key) || !edits.every(isRead)) continue
      seen.add(key)
      const after = apply(world, edits)
      expect(after, String(command)).toEqual(apply(world, parse(printCommand(command))))
      if (typeof after === 'string' || !fix.undo || !undo || !fix.undo.every(isRead)) continue
      const back = apply(after, fix.undo)
      expect(back, String(undo)).toEqual(apply(after, parse(printCommand(undo))))
      // where the Worlds of tests have routes that no kernel takes
      if (typeof back === 'string') expect(back).toMatch(/^gateway .* is not directly reachable/)
      else expect(contents(back), `${command} → ${undo}`).toEqual(contents(world))
      undone++
    }
    expect(undone).toBeGreaterThan(100)
  })
}
