import { DSTNAT } from '../../model/hook.ts'
import type { RuleRef } from '../../model/journey.ts'
import { isStopped } from '../../model/outcome-kinds.ts'
import type { Chain, Rule, Table } from '../../model/ruleset.ts'
import { isForNobody } from '../../rules/sockets.ts'
import { changesOf, propose } from '../changes/change.ts'
import type { Proposal } from '../changes/proposal.ts'
import type { Chosen, Doing } from '../changes/rule-changes.ts'
import { type Context, type Detected, finding, lastPacket } from '../context.ts'
import { asksInput, fieldOf, isExact, isNegated } from '../counterfactual/failed-condition.ts'
import { goals, rewrites } from '../counterfactual/goals.ts'
import { nearMisses } from '../counterfactual/near-misses.ts'
import { DESTINATION } from '../counterfactual/rewritten.ts'
import { hasNewDestination } from '../counterfactual/undeliverable.ts'
import { natFromTheStart } from '../counterfactual/what-if.ts'
import { nftOnly } from '../nft-only/later.ts'
import { nameRef, refOf } from '../refs.ts'
import { isAnswer } from '../reply/request-reply.ts'

/** A rule that would send it elsewhere is in a base chain that only what this host sends traverses. */
export function natAtOutput(context: Context): Detected[] {
  const { journey, world } = context
  const { packet, outcome } = journey
  if (packet.in === undefined || hasNewDestination(context) || isAnswer(packet, world)) return []
  const isInVain = outcome === 'delivered' && isForNobody(world.host, lastPacket(context))
  if (!isInVain && !isStopped(outcome)) return []
  const { in: _, ...sent } = packet
  const asCame = natFromTheStart(context, packet, 'output', 'stop', 'prerouting')
  const asSent = natFromTheStart(context, sent, 'output')
  // what this host sends has no input interface: who leaves out one there leaves out none of that
  const spares = asSent?.walked.last?.rule.conditions.some(asksInput)
  const then = [asCame, spares ? undefined : asSent].find((one) => one && rewrites(DESTINATION)(one.walked))
  if (!then) return []
  const { chain, rule } = then.walked.last!
  // what stands in a chain of its own is told by who does not jump there
  if (chain.hook !== 'output' || !asksForIt(rule)) return []
  const ref = refOf(context, then.table.name, chain, rule)
  const own = atPrerouting(then.table)
  // iptables has that chain in any case
  const isUsed = then.table.kind === 'nft' ? own !== undefined : (own?.rules.length ?? 0) > 0
  // one of the right hook nearly matched: that is the rule for what comes in
  if (isUsed && isNearAtPrerouting(context)) return []
  // iptables names its chains by their hooks
  const at = then.table.kind === 'nft' ? `, but ${chain.name} is at hook output: only` : ', but only'
  const it = then.table.kind === 'nft' ? 'it' : chain.name
  const message = `${nameRef(ref)} would have rewritten its destination${at} packets that this host sends traverse ${it}.`
  return [
    finding('never-reached', isUsed ? 'note' : 'warning', message, {
      rules: [ref],
      fix: alsoAtPrerouting(context, then.table, ref, rule),
      doubt: isUsed ? 0.5 : 0.1,
    }),
  ]
}

const isNearAtPrerouting = (context: Context): boolean =>
  goals(context).some(
    (goal) => goal.kind === 'destination' && goal.pass.hook === 'prerouting' && nearMisses(context, goal).length > 0,
  )

const atPrerouting = ({ chains }: Table): Chain | undefined =>
  [...chains.values()].find(({ type, hook }) => type === 'nat' && hook === 'prerouting')

/** Its destination, or the interface that it came in by: nothing at hook output has one. */
const asksForIt = ({ conditions }: Rule): boolean =>
  conditions.some(
    (one) => (asksInput(one) && !isNegated(one)) || (isExact(one) && / d(port|addr)$/.test(fieldOf(one) ?? '')),
  )

/** A hook cannot be changed: the rule is written again, in a chain that is made where there is none. */
function alsoAtPrerouting({ journey, world }: Context, table: Table, ref: RuleRef, rule: Rule): Proposal[] {
  const name = atPrerouting(table)?.name ?? (table.kind === 'iptables' ? 'PREROUTING' : undefined)
  const chosen: Chosen = { kind: 'such', packet: journey.packet, hints: { hook: 'prerouting' } }
  const doing: Doing = { kind: 'like', rule }
  const make = (free: string) =>
    nftOnly.loaded.addInNewChain(
      world,
      table,
      { name: free, type: 'nat', hook: 'prerouting', prio: DSTNAT },
      chosen,
      doing,
    )
  const change =
    name === undefined
      ? (make('prerouting') ?? make('dstnat'))
      : changesOf(ref).add({ ...ref, chain: name }, { chain: name }, chosen, doing)
  return propose(
    'rewrite the destination at hook prerouting as well',
    change,
    'affects only this source, destination and service',
  )
}
