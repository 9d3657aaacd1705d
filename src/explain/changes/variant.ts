/** Where `iptables` speaks to the other of the kernel's two packet filters than the one whose rules are meant. */
import type { ChainEdit, Edit, IptablesVariant, RuleEdit } from '../../model/edit.ts'
import type { Table } from '../../model/ruleset.ts'
import { findTable, type World } from '../../model/world.ts'
import type { Proposal } from './proposal.ts'

export const isOfIptables = (edit: Edit): edit is RuleEdit | ChainEdit => edit.kind === 'rule' || edit.kind === 'chain'

/** The fix by `iptables-legacy` or `iptables-nft`, where only that changes these rules. */
export function withVariant<F extends Proposal>(fix: F, world: World): F {
  const { edits, undo } = fix
  if (!edits?.some((edit) => variantOf(edit, world))) return fix
  const named = (edit: Edit): Edit => {
    const backend = variantOf(edit, world)
    return backend ? ({ ...edit, backend } as Edit) : edit
  }
  return { ...fix, edits: edits.map(named), ...(undo ? { undo: undo.map(named) } : {}) }
}

function variantOf(edit: Edit, world: World): IptablesVariant | undefined {
  if (!isOfIptables(edit)) return undefined
  const table = findTable(world, edit.family, edit.table)
  const wanted = table || !isOfNewRule(edit) ? table?.backend : sharedBackend(edit, world)
  // where both have such a table, the command says which, whatever it would be by itself
  if (isOfBoth(edit, world)) return wanted
  const plain = plainVariant(edit, world)
  return plain === undefined || plain === wanted ? undefined : wanted
}

const isOfBoth = ({ family, table }: RuleEdit | ChainEdit, { tables }: World): boolean =>
  tables.filter((one) => one.kind === 'iptables' && one.family === family && one.name === table).length > 1

/** Put in, or taken out again by its words. */
const isOfNewRule = (edit: RuleEdit | ChainEdit): boolean =>
  edit.kind === 'rule' && (edit.op === 'append' || edit.op === 'insert' || (edit.op === 'delete' && 'spec' in edit))

/**
 * Where the table is not there yet: that of all the others, so that one program lists and saves them all. Listing is enough
 * for iptables-nft to make tables: those that do nothing do not count beside others.
 */
function sharedBackend({ family }: Pick<RuleEdit, 'family'>, { tables }: World): IptablesVariant | undefined {
  const all = tables.filter((one) => one.kind === 'iptables' && one.family === family)
  const doing = all.filter(doesSomething)
  const [backend, ...others] = new Set((doing.length > 0 ? doing : all).map((one) => one.backend))
  return others.length > 0 ? undefined : backend
}

const doesSomething = ({ chains }: Table): boolean =>
  [...chains.values()].some(({ rules, policy }) => rules.length > 0 || policy === 'drop')

/** Which of the two `iptables`, or `ip6tables`, calls on this host; undefined: nobody knows. */
export const plainVariant = ({ family }: RuleEdit | ChainEdit, { host }: World): IptablesVariant | undefined =>
  host.tools?.[family === 'ip6' ? 'ip6tables' : 'iptables']?.backend
