/** What is changed on a machine before a packet is played on it. */
import { applyTo } from '../../analysis/apply.ts'
import { type ChangedRule, changeRule, withHandles, withoutHandles } from '../../analysis/rule-change.ts'
import { printable } from '../../model/printable.ts'
import type { Rule, Table } from '../../model/ruleset.ts'
import { UserError } from '../../model/user-error.ts'
import type { World } from '../../model/world.ts'
import { withoutChain } from '../../reports/step-words.ts'
import type { Change, Made, RulePlace } from '../protocol.ts'
import { backendOf } from './rulesets.ts'

/** The World with all of them made. Throws UserError at the first that cannot be. */
export async function makeChanges(before: World, changes: readonly Change[]): Promise<{ world: World; made: Made[] }> {
  if (changes.length === 0) return { world: before, made: [] }
  let world = before
  const made: Made[] = []
  for (const change of changes) {
    // rules that a command before has added, too
    world = withHandles(world)
    if ('command' in change) {
      world = await applyTo(world, change.command)
      made.push({ says: change.fix ?? 'Typed command', command: change.command })
    } else {
      const rule = ruleOf(change.rule, world)
      const { edits, command, undo } = await changeRule(world, rule, change.do)
      world = await applyTo(world, edits)
      made.push({
        says: `${printable(nameOf(change.rule))}: ${saysOf(change.do)}`,
        ...(command === undefined ? {} : { command }),
        ...(undo === undefined ? {} : { undo }),
      })
    }
  }
  return { world: withoutHandles(world), made }
}

const nameOf = ({ family, table, chain, number }: RulePlace): string =>
  `${family === 'ip' ? '' : `${family} `}${table} ${chain} rule ${number}`

const saysOf = (change: 'off' | 'up' | 'down' | { text: string }): string =>
  typeof change === 'object' ? 'edited' : change === 'off' ? 'switched off' : `moved ${change}`

/** The rule that a page or a step names. */
function ruleOf({ family, table: name, backend, chain, number, text }: RulePlace, world: World): ChangedRule {
  const isMeant = (table: Table) =>
    table.name === name && table.family === family && (backend === undefined || backendOf(table) === backend)
  const tables = world.tables.filter(isMeant)
  // a page shows what cannot be printed as escapes, and iptables' rules without their chain
  const isIt = (one: Rule) => one.ruleNumber === number && (text === undefined || isText(one.text, text))
  const having = tables.filter(({ chains }) => chains.get(chain)?.rules.some(isIt))
  if (having.length > 1)
    throw new UserError(
      `${having.map(backendOf).join(' and ')} have this rule in tables of one name: change it under Rules.`,
    )
  const table = having[0] ?? tables.find(({ chains }) => chains.has(chain)) ?? tables[0]
  if (!table) throw new UserError(`There is no table ${printable(`${family} ${name}`)}.`)
  const rules = table.chains.get(chain)?.rules ?? []
  const found = rules.find(isIt)
  const alike = found ?? rules.find((one) => text !== undefined && isText(one.text, text))
  return { table, chain, number, text: alike?.text ?? text ?? '' }
}

const isText = (rule: string, shown: string): boolean => printable(withoutChain(rule)) === shown
