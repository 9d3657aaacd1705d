/** A reply comes in by the interface whose address a rule of nat gave the request as its source, which left by another one. */
import type { RuleRef } from '../../model/journey.ts'
import type { Packet } from '../../model/packet.ts'
import { entryAnswered } from '../../rules/conntrack/entries.ts'
import type { EvalContext } from '../../rules/eval-context.ts'
import { evaluate } from '../../rules/evaluate.ts'
import { hasAddress } from '../../rules/fib.ts'
import { leadsOutOf, lookupRoute } from '../../rules/route.ts'
import { acceptBefore, propose } from '../changes/change.ts'
import { type Proposal, SKIPS_NAT } from '../changes/proposal.ts'
import type { Context } from '../context.ts'
import { fieldOf } from '../counterfactual/failed-condition.ts'
import { givenSource } from '../counterfactual/rewritten.ts'
import { nameRef, refOf } from '../refs.ts'

export interface SourceOfRequest {
  /** A sentence, with the blank before it. */
  words: string
  ref: RuleRef
  fix: Proposal[]
}

/** Where just one rule gives that address, and the route to whoever replies leaves by `out`. */
export function sourceOfRequest(context: Context, out: string): SourceOfRequest | undefined {
  const { world, journey } = context
  // as it came in: by routing, nat has led it back to whoever asked
  const reply = journey.packet
  const { in: came, dst } = reply
  const asked = entryAnswered(reply, world)?.original
  if (came === undefined || dst === undefined || !asked || asked.src === dst || came === out) return undefined
  if (!hasAddress(world.host, came, dst) || hasAddress(world.host, out, dst)) return undefined
  // a mark may have led the request out by the very interface where the reply came in
  if (world.host.routingRules?.some(({ mark }) => mark !== undefined && mark !== 0)) return undefined
  const way = lookupRoute({ dst: asked.dst, src: asked.src, mark: 0 }, world.host)
  if (!leadsOutOf(way, out)) return undefined
  const left: EvalContext = { packet: { src: asked.src, dst: asked.dst, out }, family: journey.family, world }
  const rules = world.tables.flatMap((table) =>
    table.family !== journey.family && table.family !== 'inet'
      ? []
      : [...table.chains.values()].flatMap((chain) =>
          chain.rules.flatMap((rule) =>
            rule.statements.some((one) => one.kind === 'snat' && givenSource(one, asked.src) === dst) &&
            !rule.conditions.some((one) => fieldOf(one) === 'meta oifname' && evaluate(one, left) === false)
              ? [{ table, chain, rule }]
              : [],
          ),
        ),
  )
  const [only, ...others] = rules
  const ref = only && others.length === 0 ? refOf(context, only.table.name, only.chain, only.rule) : undefined
  if (!ref) return undefined
  const { src, dst: server, sport, dport } = asked
  const packet: Packet = {
    ...{ src, dst: server, out },
    ...(reply.protocol === undefined ? {} : { protocol: reply.protocol }),
    ...(sport === undefined ? {} : { sport }),
    ...(dport === undefined ? {} : { dport }),
  }
  return {
    words: ` ${nameRef(ref)} gave the request the source ${dst}, an address of ${came}, although the request left by ${out}: so the reply comes in on ${came}.`,
    ref,
    fix: propose(
      `do not rewrite the source of requests to ${server}`,
      acceptBefore(ref, packet, { hook: 'postrouting' }),
      SKIPS_NAT,
      'it affects only new connections: this reply would still be dropped',
    ),
  }
}
