/** Networks that nat leaves alone, as a rule in it says. */
import { memo } from '../../model/memo.ts'
import type { Packet } from '../../model/packet.ts'
import type { Rule, Table } from '../../model/ruleset.ts'
import type { EvalContext } from '../../rules/eval-context.ts'
import { evaluate } from '../../rules/evaluate.ts'
import { isLocal } from '../../rules/fib.ts'
import { linkNamed } from '../../rules/links.ts'
import { verdictOf } from '../../rules/verdict.ts'
import type { Context } from '../context.ts'
import { isNegated, namesDestination } from './failed-condition.ts'
import { isNatChain } from './skipped-rules.ts'

/**
 * Does such a network have the packet's destination and this host's own address on the way out as well? That is a network around
 * this host, as a cloud's, whose router leads to all of it: the default route is the way there.
 */
export function isAroundThisHost({ world, journey }: Context, { dst, out }: Packet): boolean {
  const { family } = journey
  if (dst === undefined || (family !== 'ip' && family !== 'ip6')) return false
  const there = linkNamed(world.host, out ?? '')?.addresses?.map(({ address }) => address) ?? []
  // what nat has sent on was for this host
  const asked = journey.packet.dst ?? dst
  const own = asked === dst || isLocal(asked, world.host) === false ? there : [...there, asked]
  const moment = { packet: {}, family, world }
  return world.tables.some((table) =>
    sparing(table).some(
      (rule) =>
        isAlsoFor(rule, moment, dst) && own.some((address) => address !== dst && isAlsoFor(rule, moment, address)),
    ),
  )
}

/** Is the rule for packets to this address as well, whoever sends them? */
export const isAlsoFor = ({ conditions }: Rule, moment: EvalContext, dst: string): boolean => {
  const asked = { ...moment, packet: { ...moment.packet, dst } }
  return conditions.every((one) => !namesDestination(one) || evaluate(one, asked) === true)
}

const sparing = memo((table: Table): readonly Rule[] =>
  [...table.chains.values()]
    .filter((chain) => isNatChain(table, chain))
    .flatMap(({ rules }) => rules)
    .filter(
      (rule) =>
        /^(return|accept)$/.test(verdictOf(rule).ending) &&
        rule.conditions.some((one) => namesDestination(one) && !isNegated(one)),
    ),
)
