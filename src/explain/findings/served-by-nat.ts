/** Ports of this host that rules of nat send elsewhere: no program is to listen there. */
import type { Condition } from '../../model/condition.ts'
import type { RuleRef } from '../../model/journey.ts'
import type { Packet } from '../../model/packet.ts'
import type { Chain, Rule, Table } from '../../model/ruleset.ts'
import type { EvalContext } from '../../rules/eval-context.ts'
import { evaluate } from '../../rules/evaluate.ts'
import { simpleConditions } from '../../rules/simple-conditions.ts'
import { verdictOf } from '../../rules/verdict.ts'
import type { Context } from '../context.ts'
import { asksInput, fieldOf, isNegated } from '../counterfactual/failed-condition.ts'
import { nftSetOf } from '../counterfactual/map-keys.ts'
import { isNatChain } from '../counterfactual/skipped-rules.ts'
import { refOf } from '../refs.ts'

/** The first rule of nat that leads or rewrites what is for this port, at whichever address; undefined: none does. */
export function servedByNat(context: Context, { protocol, dport }: Packet): RuleRef | undefined {
  if (dport === undefined) return undefined
  for (const table of context.world.tables) {
    if (table.family !== context.journey.family && table.family !== 'inet') continue
    if (![...table.chains.values()].some((chain) => chain.hook !== undefined && isNatChain(table, chain))) continue
    for (const chain of table.chains.values())
      for (const rule of chain.rules)
        if (leadsElsewhere(rule, table, chain) && isForPort(context, rule, protocol, dport))
          return refOf(context, table.name, chain, rule)
  }
  return undefined
}

/** nat rewrites the destination of other ports of the packet's address, or of what comes in by its interface. */
export const sendsOthersOn = ({ world, journey }: Context, moment: EvalContext): boolean =>
  world.tables
    .filter((table) => table.family === journey.family || table.family === 'inet')
    .some((table) =>
      [...table.chains.values()].some(
        (base) => base.hook === 'prerouting' && isNatChain(table, base) && rewritesChosen(table, base, moment),
      ),
    )

function rewritesChosen(
  table: Table,
  chain: Chain,
  moment: EvalContext,
  seen = new Set<string>(),
  chosen = false,
): boolean {
  const key = `${chosen} ${chain.name}`
  if (seen.has(key)) return false
  seen.add(key)
  return chain.rules.some((rule) => {
    const isChosen = chosen || rule.conditions.some((one) => choosesEnd(one, moment))
    if (isChosen && rule.statements.some(({ kind }) => kind === 'dnat')) return true
    const to = table.chains.get(verdictOf(rule).chain ?? '')
    return to !== undefined && rewritesChosen(table, to, moment, seen, isChosen)
  })
}

/** Whom the packet is for, or by which interface it came: what all ports that are sent on have in common. */
export const choosesEnd = (condition: Condition, moment: EvalContext): boolean =>
  (asksInput(condition) || / daddr$/.test(fieldOf(condition) ?? '')) &&
  !isNegated(condition) &&
  evaluate(condition, moment) === true

/** A table of nft's may have chains for other work, too: what only accepts or drops there sends nothing elsewhere. */
const leadsElsewhere = (rule: Rule, table: Table, chain: Chain): boolean =>
  rule.statements.some(({ kind }) => kind === 'dnat' || kind === 'redirect' || kind === 'vmap') ||
  (/^(?:jump|goto)$/.test(verdictOf(rule).ending) && table.kind === 'iptables' && chain.hook !== 'postrouting')

function isForPort(context: Context, rule: Rule, protocol: string | undefined, dport: number): boolean {
  const asked = rule.conditions.flatMap(simpleConditions)
  const isOther = asked.some(
    (one) => one.kind === 'compare' && one.field === 'meta l4proto' && one.op === '==' && one.value !== protocol,
  )
  if (isOther) return false
  const names = asked.some(
    (one) => one.kind === 'compare' && one.op === '==' && / dport$/.test(one.field) && one.value === dport,
  )
  return names || rule.statements.some((one) => 'map' in one && one.map && hasPort(context, one.map, protocol, dport))
}

type Lookup = Parameters<typeof nftSetOf>[1]

function hasPort(context: Context, map: object, protocol: string | undefined, dport: number): boolean {
  const lookup = { kind: 'lookup', ...map } as Lookup
  const at = lookup.fields.findIndex((field) => / dport$/.test(field))
  if (at < 0) return false
  const of = lookup.fields.indexOf('meta l4proto')
  const elements = lookup.nft?.elements ?? nftSetOf(context, lookup)?.elements ?? []
  return elements.some(({ parts }) => parts[at] === String(dport) && (of < 0 || parts[of] === protocol))
}
