/**
 * From which hooks a packet gets to a rule, and what the kernel refuses for it: a loop of chains, and a match or target
 * in a place where it cannot work (net/ipv4/netfilter/ip_tables.c mark_source_chains, net/netfilter/x_tables.c
 * xt_check_match). Rules that no built-in chain leads to, or that stand behind an unconditional verdict, are not looked at.
 */
import type { Hook } from '../../model/hook.ts'
import { IPTABLES_HOOKS } from '../../model/hook.ts'
import type { Chain, Clause, IptablesSpec, Rule, Table } from '../../model/ruleset.ts'
import type { IpFamily, Match, Target } from '../../rules/iptables/extension.ts'
import { findMatch, findTarget } from '../../rules/iptables/registry.ts'
import { EditProblem } from '../problem.ts'

/** Throws EditProblem where the kernel would refuse the table. */
export function refuseMisplaced(table: Table): void {
  for (const chain of table.chains.values())
    if (chain.hook) walk(chain, { hook: chain.hook, table, done: new Set(), open: new Set() })
}

/** May a change to a rule like this one, added or taken away, make the table one to be refused? */
export const mattersForPlace = (spec: IptablesSpec, family: IpFamily): boolean =>
  spec.target?.chain === true || endsAlways(spec) || clausesOf(spec).some((clause) => limited(clause, family))

interface Walk {
  hook: Hook
  table: Table
  done: Set<Chain>
  /** The chains that lead here. */
  open: Set<Chain>
}

/** Chains lead on to chains for as long as somebody writes them down: where each stands is kept here, not on the stack. */
function walk(first: Chain, state: Walk): void {
  const places = [enter(first, state)]
  for (let place = places.at(-1); place; place = places.at(-1)) {
    const rule = place.chain.rules[place.next++]
    const spec = rule?.iptables
    if (rule && !spec) continue
    if (rule && spec) refuseHook(rule, spec, place.chain, state)
    if (!spec || endsAlways(spec)) {
      state.open.delete(place.chain)
      state.done.add(place.chain)
      places.pop()
      continue
    }
    const to = spec.target?.chain && state.table.chains.get(spec.target.name)
    if (to && !state.done.has(to)) places.push(enter(to, state))
  }
}

function enter(chain: Chain, { open }: Walk): { chain: Chain; next: number } {
  if (open.has(chain)) {
    const way = [...open]
    const loop = [...way.slice(way.indexOf(chain)), chain].map(({ name }) => name)
    throw new EditProblem(`the chains would lead back to where they began: ${loop.join(' → ')}`)
  }
  open.add(chain)
  return { chain, next: 0 }
}

function refuseHook({ ruleNumber }: Rule, spec: IptablesSpec, chain: Chain, { hook, table }: Walk): void {
  for (const clause of clausesOf(spec)) {
    const hooks = hooksOf(clause, table.family as IpFamily)
    if (!hooks || hooks.includes(hook)) continue
    const names = Object.keys(IPTABLES_HOOKS).filter((name) => hooks.includes(IPTABLES_HOOKS[name]!))
    throw new EditProblem(
      `${clause.name} works only on the way of ${names.join(', ')}: rule ${ruleNumber} of chain ${chain.name} would be ` +
        `reached from ${Object.keys(IPTABLES_HOOKS).find((name) => IPTABLES_HOOKS[name] === hook)}`,
    )
  }
}

const clausesOf = ({ matches, target }: IptablesSpec): (Clause & { isTarget?: true })[] =>
  target && !target.chain ? [...matches, { ...target, isTarget: true }] : matches

function hooksOf(clause: Clause & { isTarget?: true }, family: IpFamily): readonly Hook[] | undefined {
  if (!clause.values) return undefined
  const extension: Match | Target | undefined = (clause.isTarget ? findTarget : findMatch)(clause.name, family)
  return typeof extension?.hooks === 'function' ? extension.hooks(clause.values) : extension?.hooks
}

const limited = (clause: Clause & { isTarget?: true }, family: IpFamily): boolean =>
  hooksOf(clause, family) !== undefined

const VERDICTS = ['ACCEPT', 'DROP', 'QUEUE', 'RETURN']

/** A verdict for every packet: nothing behind it is ever reached. */
const endsAlways = ({ matches, target, ...head }: IptablesSpec): boolean =>
  matches.length === 0 &&
  VERDICTS.includes(target?.name ?? '') &&
  !target?.chain &&
  Object.values(head).every(asksNothing)

/** `-s 0.0.0.0/0` and `-i +` are no conditions. */
const asksNothing = (asked: unknown): boolean => {
  const { value, not } = asked as { value?: unknown; not?: boolean }
  return not === false && (value === '+' || (value as { mask?: unknown } | undefined)?.mask === 0)
}
