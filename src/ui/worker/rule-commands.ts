/** What a person would type to take a rule out, to move it, or to write it anew. */
import { fixCommands } from '../../edits/fix.ts'
import { changesOf } from '../../explain/changes/change.ts'
import type { Changing } from '../../explain/changes/proposal.ts'
import { command, printCommand } from '../../model/command.ts'
import type { RuleRef } from '../../model/journey.ts'
import type { Chain, Rule, Table } from '../../model/ruleset.ts'
import { UserError } from '../../model/user-error.ts'
import type { World } from '../../model/world.ts'
import { withoutChain } from '../../reports/step-words.ts'
import type { RuleAt } from '../protocol.ts'

interface Found {
  table: Table
  chain: Chain
  rule: Rule
}

/** Throws UserError where there is no such rule any more. */
function find({ tables }: World, at: RuleAt): Found {
  const table = tables.find(({ family, name }) => family === at.family && name === at.table)
  const chain = table?.chains.get(at.chain)
  const rule = chain?.rules.find(({ ruleNumber }) => ruleNumber === at.ruleNumber)
  if (!table || !chain || !rule) throw new UserError(`There is no rule ${at.ruleNumber} in ${at.table} ${at.chain}.`)
  return { table, chain, rule }
}

const refOf = ({ table, chain, rule }: Found): RuleRef => ({
  ...{ family: table.family, table: table.name, chain: chain.name, ruleNumber: rule.ruleNumber, rule: rule.text },
  ...(rule.handle === undefined ? {} : { handle: rule.handle }),
})

/** Throws UserError where no command can say it. */
export function ruleCommand(world: World, { do: what, ...at }: RuleAt & { do: 'off' | 'up' | 'down' }): string {
  const found = find(world, at)
  const ref = refOf(found)
  const changes = changesOf(ref)
  if (what === 'off') return typed(changes.remove(ref))
  const { rules, name } = found.chain
  const place = rules.indexOf(found.rule)
  const other = rules[what === 'up' ? place - 1 : place + 1]
  if (!other) throw new UserError(`Rule ${at.ruleNumber} is the ${what === 'up' ? 'first' : 'last'} of ${name}.`)
  // in front of the one before, or of the one behind the next
  const before = what === 'up' ? other : rules[place + 2]
  const copied = changes.copy(ref, { chain: name, ...(before ? { before: refOf({ ...found, rule: before }) } : {}) })
  // the copy in front of it moves it on by one
  const moved = what === 'up' && ref.handle === undefined ? { ...ref, ruleNumber: at.ruleNumber + 1 } : ref
  return `${typed(copied)} && ${typed(changes.remove(moved))}`
}

function typed(changing: Changing | undefined): string {
  const commands = changing && 'edits' in changing ? fixCommands({ description: '', ...changing }).command : undefined
  if (!commands) throw new UserError('No command can say this of the rule.')
  return printCommand(commands)
}

/** Throws UserError where there is no such rule. */
export function ruleWords(world: World, at: RuleAt): { before: string; text: string } {
  const { table, chain, rule } = find(world, at)
  const before =
    table.kind === 'nft'
      ? command('nft', 'replace', 'rule', table.family, table.name, chain.name, 'handle', String(rule.handle ?? 0))
      : command(
          table.family === 'ip6' ? 'ip6tables' : 'iptables',
          ...['-t', table.name, '-R', chain.name, String(rule.ruleNumber)],
        )
  return { before: printCommand(before), text: withoutChain(rule.text) }
}
