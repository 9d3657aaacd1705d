/**
 * Does a change to one rule need the whole table to be looked at (reach.ts)? For thousands of rules, one after the other,
 * hardly ever: what matters is from which hooks the rule's chain, and the one that it jumps to, are reached.
 */
import type { Hook } from '../../model/hook.ts'
import type { Chain, IptablesSpec, Rule, Table } from '../../model/ruleset.ts'
import type { IpFamily } from '../../rules/iptables/extension.ts'
import type { Draft } from '../draft.ts'
import { clausesOf, endsAlways, hooksOf, refuseMisplaced } from './reach.ts'

/** By chain: the hooks it is reached from, or was; also by rules that stand behind a verdict for every packet. */
type Reached = Map<string, Set<Hook>>

/** Of tables that nobody else changes. No memo: an edit adds to it, or has it forgotten. */
const known = new WeakMap<Table, Reached>()

/** Chains have other names now. */
export const forgetReach = (table: Table): void => {
  known.delete(table)
}

/** Throws EditProblem where the kernel would refuse the table, in which the one rule is gone and the other is new. */
export function refusePlace(
  removed: Rule | undefined,
  added: Rule | undefined,
  chain: Chain,
  table: Table,
  draft: Draft,
): void {
  // behind a verdict for every packet nothing was looked at
  const bares = removed?.iptables !== undefined && endsAlways(removed.iptables)
  const mayBeWrong = added?.iptables !== undefined && isDoubtful(added.iptables, chain, table, draft)
  if (!bares && !mayBeWrong) return
  for (const { rules } of table.chains.values()) draft.work += rules.length
  refuseMisplaced(table)
}

function isDoubtful(spec: IptablesSpec, chain: Chain, table: Table, draft: Draft): boolean {
  const target = spec.target?.chain ? table.chains.get(spec.target.name) : undefined
  if (!target && !isLimited(spec, table)) return false
  const reached = known.get(table)
  if (!reached) {
    known.set(table, allReached(table, draft))
    return true
  }
  const from = reached.get(chain.name)
  if (!from) return false
  if (isMisplaced(spec, from, table)) return true
  if (!target) return false
  // nf_tables counts how deep it is, too
  if (table.backend === 'nft' || target === chain) return true
  if (!chain.hook && leadsTo(target, chain, table, draft)) return true
  return spread(from, target, reached, table, draft)
}

/** Every chain that a hook leads to. */
function allReached(table: Table, draft: Draft): Reached {
  const reached: Reached = new Map()
  for (const chain of table.chains.values()) if (chain.hook) spread(new Set([chain.hook]), chain, reached, table, draft)
  return reached
}

/** The chain is reached from these hooks, too, and what it leads to. True: something of it may be wrong there. */
function spread(hooks: ReadonlySet<Hook>, first: Chain, reached: Reached, table: Table, draft: Draft): boolean {
  let isWrong = false
  const waiting = [first]
  for (let chain = waiting.pop(); chain; chain = waiting.pop()) {
    const before = reached.get(chain.name)
    const now = before ?? new Set<Hook>()
    const size = now.size
    for (const hook of hooks) now.add(hook)
    if (now.size === size) continue
    reached.set(chain.name, now)
    draft.work += chain.rules.length
    for (const { iptables } of chain.rules) {
      if (!iptables) continue
      if (isMisplaced(iptables, now, table)) isWrong = true
      const next = iptables.target?.chain && table.chains.get(iptables.target.name)
      if (!next) continue
      // chains that nothing led to may lead in a circle
      if (!before) isWrong = true
      waiting.push(next)
    }
  }
  return isWrong
}

function leadsTo(first: Chain, to: Chain, table: Table, draft: Draft): boolean {
  const seen = new Set([first])
  // what is added while it is gone through comes, too
  for (const { rules } of seen) {
    draft.work += rules.length
    for (const { iptables } of rules) {
      const next = iptables?.target?.chain && table.chains.get(iptables.target.name)
      if (next === to) return true
      if (next) seen.add(next)
    }
  }
  return false
}

const isLimited = (spec: IptablesSpec, { family }: Table): boolean =>
  clausesOf(spec).some((clause) => hooksOf(clause, family as IpFamily) !== undefined)

const isMisplaced = (spec: IptablesSpec, from: ReadonlySet<Hook>, { family }: Table): boolean =>
  clausesOf(spec).some((clause) => {
    const hooks = hooksOf(clause, family as IpFamily)
    return hooks !== undefined && [...from].some((hook) => !hooks.includes(hook))
  })
