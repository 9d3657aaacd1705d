/** What is stopped in front of nat, though nat would have sent it elsewhere. */
import { baseChainsAt } from '../../journey/base-chains.ts'
import { wayTo } from '../../journey/step-context.ts'
import type { Condition } from '../../model/condition.ts'
import type { RuleRef } from '../../model/journey.ts'
import { memo } from '../../model/memo.ts'
import { isStoppedByRule } from '../../model/outcome-kinds.ts'
import type { Chain, Table } from '../../model/ruleset.ts'
import type { Context } from '../context.ts'
import { refAt, refOf } from '../refs.ts'
import { isOpening, natSeen } from '../reply/request-reply.ts'
import { graphOf } from './chain-graph.ts'
import { fieldOf } from './failed-condition.ts'
import { rewrites } from './goals.ts'
import { DESTINATION } from './rewritten.ts'
import { natFromTheStart } from './what-if.ts'

export interface TooEarly {
  culprit: RuleRef
  /** Of nat, which the packet would have come to. */
  rewriting: RuleRef
  /** The rule that leads there in front of nat, where others do so behind it. */
  leads?: RuleRef
  behind?: string
}

/** Undefined too where the rule asks who sends the packet: that is as well known in front of nat. */
export const tooEarly = memo((context: Context): TooEarly | undefined => {
  const { journey, evidence, ended, world } = context
  if (!isStoppedByRule(journey.outcome) || !isOpening(journey, natSeen(evidence), world)) return undefined
  const end = evidence.arrivals[ended.step]
  const way = [...wayTo(evidence.arrivals, ended.step)]
  const base = evidence.arrivals[way.at(-1) ?? 0]?.chain
  if (!end?.rule || !base) return undefined
  const { hook, packet, table, chain, caller } = end
  if (!table || !chain || (hook !== 'prerouting' && hook !== 'output')) return undefined
  const asked = way.flatMap((i) => evidence.arrivals[i]!.rule?.conditions ?? [])
  if (!asked.some(asksDestination) || asked.some(asksSender)) return undefined
  const nat = natFromTheStart(context, packet, hook, 'holds')
  if (!nat || !rewrites(DESTINATION)(nat.walked) || !isBefore(context, base, nat.base)) return undefined
  const culprit = refAt(context, ended.step)
  const last = nat.walked.last
  if (!culprit || !last) return undefined
  const rewriting = refOf(context, nat.table.name, last.chain, last.rule)
  const leads = caller === undefined ? undefined : refAt(context, caller)
  const behind = leads && behindNat(context, table, chain, nat.base)
  return { culprit, rewriting, ...(leads && behind !== undefined ? { leads, behind } : {}) }
})

function isBefore({ journey: { family }, world }: Context, chain: Chain, nat: Chain): boolean {
  const at = baseChainsAt(world, family, nat.hook!, true).map((one) => one.chain)
  return at.includes(chain) && at.indexOf(chain) < at.indexOf(nat)
}

/** A base chain of the same table that leads to the chain where nat is done. */
function behindNat(
  { journey: { family }, world }: Context,
  table: Table,
  chain: Chain,
  nat: Chain,
): string | undefined {
  const graph = graphOf(table, world.sets)
  const hooks = nat.hook === 'output' ? (['output'] as const) : (['forward', 'input'] as const)
  for (const hook of hooks) {
    const at = baseChainsAt(world, family, hook, true)
    const from = at.findIndex((one) => one.chain === nat) + 1
    const found = at.slice(from).find((one) => one.table === table && graph.reachableFrom(one.chain).has(chain.name))
    if (found) return found.chain.name
  }
  return undefined
}

const fieldsOf = (one: Condition): readonly string[] => (one.kind === 'lookup' ? one.fields : [fieldOf(one) ?? ''])

const asksDestination = (one: Condition): boolean => fieldsOf(one).some((field) => /^dst$| d(addr|port)$/.test(field))
const asksSender = (one: Condition): boolean => fieldsOf(one).some((field) => /^src$| s(addr|port)$|mark$/.test(field))
