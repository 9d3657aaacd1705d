/**
 * From which hooks a packet gets to a rule, and what the kernel refuses for it: a loop of chains, and a match or target
 * in a place where it cannot work (net/ipv4/netfilter/ip_tables.c mark_source_chains, net/netfilter/x_tables.c
 * xt_check_match). Rules that no built-in chain leads to, or that stand behind an unconditional verdict, are not looked at.
 */
import type { Hook } from '../../model/hook.ts'
import { IPTABLES_HOOKS } from '../../model/hook.ts'
import { memo2 } from '../../model/memo.ts'
import type { Chain, Clause, IptablesSpec, Rule, Table } from '../../model/ruleset.ts'
import { refusalOf } from '../../rules/chain-loops.ts'
import type { IpFamily, Match, Target } from '../../rules/iptables/extension.ts'
import { findMatch, findTarget } from '../../rules/iptables/registry.ts'
import { EditProblem, Misplaced } from '../problem.ts'

/** Looks at the whole table. Throws EditProblem where the kernel would refuse it. */
export function refuseMisplaced(table: Table): void {
  const refused = refusalOf(table, [])
  if (refused?.loop) throw new EditProblem(`the chains would form a loop: ${refused.loop.join(' → ')}`)
  if (refused) throw new EditProblem(refused.message)
  for (const chain of table.chains.values()) if (chain.hook) refuseReached(chain, chain.hook, table)
}

/** Each chain once, however many rules lead there. */
function refuseReached(base: Chain, hook: Hook, table: Table): void {
  const reached = new Set([base])
  // what is added while it is gone through comes, too
  for (const chain of reached)
    for (const rule of chain.rules) {
      const spec = rule.iptables
      if (!spec) continue
      refuseHook(rule, spec, chain, hook, table)
      if (endsAlways(spec)) break
      const next = spec.target?.chain && table.chains.get(spec.target.name)
      if (next) reached.add(next)
    }
}

function refuseHook(rule: Rule, spec: IptablesSpec, chain: Chain, hook: Hook, table: Table): void {
  for (const { name, hooks } of limitsOf(spec, table.family as IpFamily)) {
    if (hooks.includes(hook)) continue
    const names = Object.keys(IPTABLES_HOOKS).filter((one) => hooks.includes(IPTABLES_HOOKS[one]!))
    throw new Misplaced(
      `${name} works only in chains reached from ${names.join(', ')}: rule ${chain.rules.indexOf(rule) + 1} of chain ${chain.name} would be ` +
        `reached from ${Object.keys(IPTABLES_HOOKS).find((one) => IPTABLES_HOOKS[one] === hook)}`,
    )
  }
}

interface Limit {
  /** Of the match or target. */
  name: string
  hooks: readonly Hook[]
}

/** What of a rule works in some places only. Asked of every rule of a table for each change. */
export const limitsOf = memo2((spec: IptablesSpec, family: IpFamily): readonly Limit[] =>
  clausesOf(spec).flatMap((clause) => {
    const hooks = hooksOf(clause, family)
    return hooks ? [{ name: clause.name, hooks }] : []
  }),
)

const clausesOf = ({ matches, target }: IptablesSpec): (Clause & { isTarget?: true })[] =>
  target && !target.chain ? [...matches, { ...target, isTarget: true }] : matches

/** Undefined: it works everywhere. */
function hooksOf(clause: Clause & { isTarget?: true }, family: IpFamily): readonly Hook[] | undefined {
  if (!clause.values) return undefined
  const extension: Match | Target | undefined = (clause.isTarget ? findTarget : findMatch)(clause.name, family)
  return typeof extension?.hooks === 'function' ? extension.hooks(clause.values) : extension?.hooks
}

const VERDICTS = ['ACCEPT', 'DROP', 'QUEUE', 'RETURN']

/** A verdict for every packet: nothing behind it is ever reached. */
export const endsAlways = ({ matches, target, ...head }: IptablesSpec): boolean =>
  matches.length === 0 &&
  VERDICTS.includes(target?.name ?? '') &&
  !target?.chain &&
  Object.values(head).every(asksNothing)

/** `-s 0.0.0.0/0` and `-i +` are no conditions. */
const asksNothing = (asked: unknown): boolean => {
  const { value, not } = asked as { value?: unknown; not?: boolean }
  return not === false && (value === '+' || (value as { mask?: unknown } | undefined)?.mask === 0)
}
