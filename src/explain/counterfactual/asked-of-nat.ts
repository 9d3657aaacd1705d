/** Is a rule of nat there for the packet's destination, so that it does no good where it goes on with that? */
import type { Condition } from '../../model/condition.ts'
import type { Rule, Table } from '../../model/ruleset.ts'
import type { EvalContext } from '../../rules/eval-context.ts'
import { evaluateAll } from '../../rules/evaluate.ts'
import { isLocal } from '../../rules/fib.ts'
import { execute, verdictOf } from '../../rules/verdict.ts'
import { type Context, momentAt } from '../context.ts'
import { graphOf, rulesFrom } from './chain-graph.ts'
import { wantedBy } from './distance.ts'
import { fieldOf, isExact } from './failed-condition.ts'
import { goals } from './goals.ts'
import { lookupOf } from './map-keys.ts'
import { nearMisses } from './near-misses.ts'
import { DESTINATION } from './rewritten.ts'
import { isNatChain } from './skipped-rules.ts'
import { isOnlyByDefault } from './undeliverable.ts'

/** Nobody else is known to have the address; or nat has a rule for that very service, wherever routes would lead it. */
export const isForNat = (context: Context): boolean =>
  isServiceOfNat(context) ||
  (isOnlyByDefault(context.journey.packet, context.world.host) &&
    (isAddressOfNat(context) ||
      goals(context).some(
        (goal) =>
          goal.kind === 'destination' &&
          goal.sure &&
          nearMisses(context, goal).some(({ likely, used }) => likely && used !== true),
      )))

export const hasNat = (table: Table): boolean => [...table.chains.values()].some((chain) => isNatChain(table, chain))

/** A rule of nat, or a map of its table, is for the very address. */
const isAddressOfNat = ({ journey: { packet }, world: { tables, sets } }: Context): boolean =>
  tables
    .filter(hasNat)
    .some(
      (table) =>
        [...table.chains.values()].some(
          (chain) =>
            (isNatChain(table, chain) && graphOf(table, sets).speakingOf(packet).includes(chain)) ||
            chain.rules.some((rule) => sendsOn(rule) && rule.conditions.some((one) => namesAddress(one, packet.dst))),
        ) ||
        sets.some(
          (set) =>
            set.table === table.name &&
            set.dataType !== undefined &&
            set.elements.some(({ parts }) => parts.includes(packet.dst ?? '')),
        ),
    )

/** Of any of its services: who has rules for one knows the address. */
const namesAddress = (condition: Condition, address: string | undefined): boolean =>
  / daddr$/.test(fieldOf(condition) ?? '') && wantedBy(condition).some((one) => one === address)

const sendsOn = (rule: Rule): boolean => DESTINATION.includes(verdictOf(rule).text)

/**
 * A rule matches it by its address and port, which are not this host's own, and sends it on, or leads to rules that do; the
 * packet may not have come to its chain.
 */
function isServiceOfNat(context: Context): boolean {
  const { evidence, journey, world } = context
  const { packet, family } = journey
  if (packet.dst === undefined || packet.dport === undefined || evidence.arrivals.length === 0) return false
  if (isLocal(packet.dst, world.host) !== false) return false
  const moment = { ...momentAt(context, 0), packet }
  return world.tables
    .filter((table) => hasNat(table) && (table.family === family || table.family === 'inet'))
    .some((table) =>
      [...table.chains.values()].some(
        (chain) =>
          (isNatChain(table, chain) || chain.hook === undefined) &&
          chain.rules.some((rule) => isForService(rule, moment) && (sendsOn(rule) || leadsToNat(table, rule, moment))),
      ),
    )
}

const isForService = ({ conditions }: Rule, moment: EvalContext): boolean =>
  [/^ip6? daddr$/, / dport$/].every((field) => conditions.some((one) => names(one, field))) &&
  evaluateAll(conditions, moment) === true

const names = (condition: Condition, field: RegExp): boolean =>
  lookupOf(condition)?.fields.some((one) => field.test(one)) ??
  (isExact(condition) && field.test(fieldOf(condition) ?? ''))

function leadsToNat(table: Table, rule: Rule, moment: EvalContext): boolean {
  const to = table.chains.get(execute(rule, moment).verdict.chain ?? '')
  return to !== undefined && rulesFrom(table, to, []).some(sendsOn)
}
