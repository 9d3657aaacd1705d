/** What -N, -X, -F, -P, -E and -Z do to a table (libiptc/libiptc.c, 1.8.9). */
import type { ChainEdit } from '../../model/edit.ts'
import type { Chain, Rule, Table } from '../../model/ruleset.ts'
import { closest } from '../../rules/closest.ts'
import { emptyChain } from '../../rules/iptables/built-in.ts'
import type { IpFamily } from '../../rules/iptables/extension.ts'
import { ruleOf, ruleText } from '../../rules/iptables/rule.ts'
import type { Draft } from '../draft.ts'
import { didYouMean, EditProblem } from '../problem.ts'
import { forgetReach, loosenReach } from './place.ts'

/** Throws EditProblem. */
export function editChain(edit: ChainEdit, draft: Draft): void {
  const { op } = edit
  const asItIs = draft.tableAsItIs(edit)
  if (op === 'new') refuseTaken(asItIs, edit.chain!)
  else if (edit.chain !== undefined) chainIn(asItIs, edit.chain)
  if (op === 'policy') refuseUserChain(asItIs, edit.chain!)
  if (op === 'rename') refuseRenaming(asItIs, edit.chain!, edit.newName!)
  const doomed = op === 'delete' ? deletable(asItIs, edit.chain, draft) : []
  const rule = edit.ruleNumber === undefined ? undefined : numbered(asItIs, edit.chain!, edit.ruleNumber)
  const table = draft.table(edit)
  const chains = edit.chain === undefined ? [...table.chains.keys()] : [edit.chain]
  switch (op) {
    case 'new':
      table.chains.set(edit.chain!, emptyChain(edit.chain!, table.name))
      return
    case 'delete':
      for (const chain of doomed) table.chains.delete(chain)
      return
    case 'flush':
      loosenReach(table)
      for (const chain of chains) if (table.chains.get(chain)!.rules.length > 0) draft.chain(table, chain)!.rules = []
      return
    case 'policy':
      Object.assign(draft.chain(table, edit.chain!)!, { policy: edit.policy, counters: ZERO })
      return
    case 'rename':
      rename(edit.chain!, edit.newName!, table, draft)
      return
    case 'zero':
      for (const chain of chains) {
        draft.work += 4 * table.chains.get(chain)!.rules.length
        zero(draft.chain(table, chain)!, rule)
      }
  }
}

/** Throws EditProblem where there is none of this name. */
export function chainIn(table: Table, name: string): Chain {
  const chain = table.chains.get(name)
  if (chain) return chain
  const suggestion = didYouMean(closest(name, table.chains.keys()))
  throw new EditProblem(`there is no chain ${name} in table ${table.name}${suggestion}`)
}

function refuseTaken({ chains, name: table }: Table, name: string): void {
  if (chains.has(name)) throw new EditProblem(`chain ${name} already exists in table ${table}`)
}

function refuseUserChain(table: Table, name: string): void {
  if (!chainIn(table, name).hook)
    throw new EditProblem(`chain ${name} is not built-in: only built-in chains have a policy`)
}

const LABELS = ['ACCEPT', 'DROP', 'QUEUE', 'RETURN']

function refuseRenaming(table: Table, name: string, newName: string): void {
  if (chainIn(table, name).hook) throw new EditProblem(`chain ${name} is built-in and cannot be renamed`)
  if (LABELS.includes(newName)) throw new EditProblem(`${newName} is the name of a target`)
  refuseTaken(table, newName)
}

/** The chains that go; all user chains where none is named. Throws where one of them cannot: then iptables keeps all. */
function deletable(table: Table, name: string | undefined, draft: Draft): string[] {
  const all = [...table.chains.values()]
  const chains = name === undefined ? all.filter(({ hook }) => !hook) : [chainIn(table, name)]
  for (const chain of chains) {
    for (const { rules } of all) draft.work += rules.length + 1
    const why = whyKept(chain, all)
    if (why !== undefined) throw new EditProblem(`chain ${chain.name} cannot be deleted: ${why}`)
  }
  return chains.map((chain) => chain.name)
}

function whyKept({ name, hook, rules }: Chain, all: readonly Chain[]): string | undefined {
  if (hook) return 'it is built-in'
  if (rules.length > 0) return `it has ${rules.length === 1 ? 'a rule' : `${rules.length} rules`} in it (-F empties it)`
  const user = all.find((chain) => chain.rules.some((rule) => jumpsTo(rule, name)))
  return user && `rule ${user.rules.findIndex((rule) => jumpsTo(rule, name)) + 1} of chain ${user.name} jumps to it`
}

const jumpsTo = ({ iptables }: Rule, chain: string): boolean =>
  iptables?.target?.chain === true && iptables.target.name === chain

function numbered(table: Table, name: string, ruleNumber: number): Rule {
  const rule = chainIn(table, name).rules[ruleNumber - 1]
  if (!rule) throw new EditProblem(`chain ${name} of table ${table.name} has no rule ${ruleNumber}`)
  return rule
}

function rename(name: string, newName: string, table: Table, draft: Draft): void {
  const chains = [...table.chains.values()]
  // in its old place: a listing goes on to look as it did
  forgetReach(table)
  table.chains.clear()
  for (const chain of chains) table.chains.set(chain.name === name ? newName : chain.name, chain)
  const renamed = draft.chain(table, newName)!
  renamed.name = newName
  for (const [own, { rules }] of [...table.chains]) {
    draft.work += rules.length + 1
    rules.forEach((rule, i) => {
      if (own !== newName && !jumpsTo(rule, name)) return
      draft.chain(table, own)!.rules[i] = withNames(rule, own, name, newName, table)
    })
  }
}

/** The rule as it reads after chain `name` has become `newName`, in chain `own`. */
function withNames(rule: Rule, own: string, name: string, newName: string, table: Table): Rule {
  const { iptables, ruleNumber } = rule
  if (!iptables) return rule
  const spec = jumpsTo(rule, name) ? { ...iptables, target: { ...iptables.target!, name: newName } } : iptables
  const family = table.family as IpFamily
  const renamed = ruleOf(spec, ruleText(own, spec, family, table.name), ruleNumber, family, table.name)
  return { ...rule, ...renamed }
}

const ZERO = { packets: 0, bytes: 0 }

function zero(chain: Chain, only: Rule | undefined): void {
  if (!only && chain.hook) chain.counters = ZERO
  chain.rules = chain.rules.map((rule) => (!only || rule === only ? { ...rule, counters: ZERO } : rule))
}
