/**
 * Does a change to one rule need the whole table to be looked at (reach.ts)? For thousands of rules, one after the other,
 * hardly ever: what matters is from which hooks the rule's chain, and the one that it jumps to, are reached.
 */
import type { Hook } from '../../model/hook.ts'
import { memo } from '../../model/memo.ts'
import type { Chain, IptablesSpec, Rule, Table } from '../../model/ruleset.ts'
import type { IpFamily } from '../../rules/iptables/extension.ts'
import type { Draft } from '../draft.ts'
import { EditProblem } from '../problem.ts'
import { endsAlways, limitsOf, refuseMisplaced } from './reach.ts'

/** By chain: the hooks it is reached from, or was; also by rules that stand behind a verdict for every packet. */
type Reached = Map<string, ReadonlySet<Hook>>

/** Of tables that nobody else changes. No memo: an edit adds to it, or has it forgotten. */
const known = new WeakMap<Table, Reached>()

/** Tables of which it has to be found out anew: a draft has changed more of them than is noted. */
const forgotten = new WeakSet<Table>()

/** Chains have other names now, or are led to by fewer rules than is noted. */
export const forgetReach = (table: Table): void => {
  known.delete(table)
  forgotten.add(table)
}

/** Tables with chains that are noted as reached, and may be so no more. */
const loosened = new WeakSet<Table>()

/** Rules that led somewhere are gone. */
export const loosenReach = (table: Table): void => {
  loosened.add(table)
}

interface Before {
  reached: Reached
  /** How many rules and chains were looked at. */
  work: number
}

/**
 * Of a table that nobody changes any more. Undefined: the kernel would refuse it as it is; or something of it is not looked at,
 * and would be with another rule.
 */
const allReachedBefore = memo((table: Table): Before | undefined => {
  if ([...table.chains.values()].some(leadsBehindVerdict)) return undefined
  try {
    refuseMisplaced(table)
  } catch (problem) {
    if (problem instanceof EditProblem) return undefined
    throw problem
  }
  const counted = { work: ruleCount(table) }
  const reached = allReached(table, counted)
  return { reached, work: counted.work }
})

function leadsBehindVerdict({ rules }: Chain): boolean {
  const at = rules.findIndex(({ iptables }) => iptables && endsAlways(iptables))
  return at >= 0 && rules.slice(at + 1).some(({ iptables }) => iptables?.target?.chain)
}

/** Where the table was fine before the draft, the whole need not be looked at once more. */
function inherited(table: Table, draft: Draft): Reached | undefined {
  const before = draft.before(table)
  if (!before || forgotten.has(table)) return undefined
  const found = allReachedBefore(before)
  if (!found) return undefined
  // the same for who has looked at it before: a script's budget must not hang on that
  draft.work += found.work
  return new Map(found.reached)
}

const ruleCount = ({ chains }: Table): number => {
  let count = 0
  for (const { rules } of chains.values()) count += rules.length
  return count
}

/** What looking at rules is counted by: a draft. */
type Counted = Pick<Draft, 'work'>

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
  if (removed?.iptables?.target?.chain) loosenReach(table)
  if (!bares && !mayBeWrong) return
  draft.work += ruleCount(table)
  try {
    refuseMisplaced(table)
  } catch (problem) {
    // what was noted of the rule does not hold: it goes
    forgetReach(table)
    throw problem
  }
  // it may be wrong only in chains that nothing leads to any more, and would go unseen once something does
  if (loosened.delete(table)) forgetReach(table)
}

function isDoubtful(spec: IptablesSpec, chain: Chain, table: Table, draft: Draft): boolean {
  const target = spec.target?.chain ? table.chains.get(spec.target.name) : undefined
  if (!target && limitsOf(spec, table.family as IpFamily).length === 0) return false
  const reached = known.get(table) ?? inherited(table, draft)
  known.set(table, reached ?? allReached(table, draft))
  if (!reached) return true
  const from = reached.get(chain.name)
  if (!from) return false
  const isWrong = isMisplaced(spec, from, table)
  if (!target) return isWrong
  // noted whatever else is wrong: later rules of these chains are judged by it
  const mayBeWrong = spread(from, target, reached, table, draft)
  // nf_tables counts how deep it is, too
  if (isWrong || mayBeWrong || table.backend === 'nft' || target === chain) return true
  return !chain.hook && leadsTo(target, chain, table, draft)
}

/** Every chain that a hook leads to. */
function allReached(table: Table, counted: Counted): Reached {
  const reached: Reached = new Map()
  for (const chain of table.chains.values())
    if (chain.hook) spread(new Set([chain.hook]), chain, reached, table, counted)
  return reached
}

function isWithin(some: ReadonlySet<Hook>, all: ReadonlySet<Hook>): boolean {
  for (const one of some) if (!all.has(one)) return false
  return true
}

/** The chain is reached from these hooks, too, and what it leads to. True: something of it may be wrong there. */
function spread(hooks: ReadonlySet<Hook>, first: Chain, reached: Reached, table: Table, counted: Counted): boolean {
  let isWrong = false
  const waiting = [first]
  for (let chain = waiting.pop(); chain; chain = waiting.pop()) {
    const before = reached.get(chain.name)
    if (before && isWithin(hooks, before)) continue
    const now = new Set(before)
    for (const hook of hooks) now.add(hook)
    reached.set(chain.name, now)
    counted.work += chain.rules.length
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

function leadsTo(first: Chain, to: Chain, table: Table, counted: Counted): boolean {
  const seen = new Set([first])
  // what is added while it is gone through comes, too
  for (const { rules } of seen) {
    counted.work += rules.length
    for (const { iptables } of rules) {
      const next = iptables?.target?.chain && table.chains.get(iptables.target.name)
      if (next === to) return true
      if (next) seen.add(next)
    }
  }
  return false
}

const isMisplaced = (spec: IptablesSpec, from: ReadonlySet<Hook>, { family }: Table): boolean =>
  limitsOf(spec, family as IpFamily).some(({ hooks }) => [...from].some((hook) => !hooks.includes(hook)))
