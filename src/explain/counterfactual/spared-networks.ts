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
import { fieldOf, isNegated } from './failed-condition.ts'
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
  const at = (address: string): EvalContext => ({ packet: { dst: address }, family, world })
  return world.tables.some((table) =>
    sparing(table).some(
      (rule) => isFor(rule, at(dst)) && own.some((address) => address !== dst && isFor(rule, at(address))),
    ),
  )
}

const isFor = (rule: Rule, moment: EvalContext): boolean =>
  destinationsOf(rule).every((one) => evaluate(one, moment) === true)

const destinationsOf = ({ conditions }: Rule) =>
  conditions.filter((one) => /^ip6? daddr$/.test(fieldOf(one) ?? '') && !isNegated(one))

const sparing = memo((table: Table): readonly Rule[] =>
  [...table.chains.values()]
    .filter((chain) => isNatChain(table, chain))
    .flatMap(({ rules }) => rules)
    .filter((rule) => /^(return|accept)$/.test(verdictOf(rule).ending) && destinationsOf(rule).length > 0),
)
