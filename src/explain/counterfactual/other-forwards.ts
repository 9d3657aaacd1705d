/** Rules of nat beside the one that sent the packet where it goes: copies of that one, and other services' own. */
import type { Condition } from '../../model/condition.ts'
import type { Rule } from '../../model/ruleset.ts'
import type { Nat, Statement } from '../../model/statement.ts'
import type { EvalContext } from '../../rules/eval-context.ts'
import { evaluate } from '../../rules/evaluate.ts'
import { named } from '../../rules/nft/lookup.ts'
import { verdictOf } from '../../rules/verdict.ts'
import type { Destination } from '../changes/rule-changes.ts'
import type { Context } from '../context.ts'
import { fieldOf } from './failed-condition.ts'
import { DESTINATION, gives } from './rewritten.ts'

type NatMap = NonNullable<Nat['map']>

/** What sent it there in this step, and any other rule of nat that would: a copy speaks for nothing. */
export function forwardsOf(context: Context, step: number): Rule[] {
  const { rule: own } = context.evidence.arrivals[step]!
  const asked = askedAt(context, step)
  const sendsIt = (rule: Rule) =>
    DESTINATION.includes(verdictOf(rule).text) && rule.conditions.every((one) => evaluate(one, asked) !== false)
  const all = allRules(context).filter(sendsIt)
  return own ? [own, ...all] : all
}

/** Another forward, of another address or port, sends there: the rule that accepts what goes there is that one's. */
export function isOfOtherForward(context: Context, step: number, { address, port }: Destination): boolean {
  const asked = askedAt(context, step)
  const isOfOther = (one: Condition) => / d(addr|port)$/.test(fieldOf(one) ?? '') && evaluate(one, asked) === false
  const sendsThere = sendsTo({ address, port })
  // an element of a map: the packet's own one has sent it elsewhere
  const hasElement = (one: Statement) =>
    one.kind === 'dnat' && one.map !== undefined && givenBy(one.map, context).some((place) => isSame(place))
  const isSame = (place: Destination) =>
    place.address === address && (place.port === undefined || port === undefined || place.port === port)
  return allRules(context).some(
    ({ conditions, statements }) =>
      statements.some(hasElement) || (statements.some(sendsThere) && conditions.some(isOfOther)),
  )
}

const sendsTo =
  ({ address, port }: Destination) =>
  (one: Statement): boolean =>
    one.kind === 'dnat' && one.addresses !== undefined && gives(one, address, port)

/** Another rule of nat sends the packet to that place as well, where it comes another way, or from somebody else. */
export function isSentThereByOthers(context: Context, step: number, place: Destination): boolean {
  const { rule: own } = context.evidence.arrivals[step]!
  const asked = askedAt(context, step)
  const isForIt = (one: Condition) => / saddr$|^meta iif/.test(fieldOf(one) ?? '') || evaluate(one, asked) !== false
  return allRules(context).some(
    ({ conditions, statements }) =>
      conditions !== own?.conditions && statements.some(sendsTo(place)) && conditions.every(isForIt),
  )
}

function givenBy({ set, nft, gives: parts }: NatMap, { world }: Context): Destination[] {
  const at = parts.indexOf('address')
  const elements = nft.elements ?? named(world, nft, set)?.elements ?? []
  return elements.flatMap(({ data = [] }) => {
    const port = data[parts.indexOf('port')]
    return at < 0 || data[at] === undefined
      ? []
      : [{ address: data[at], port: port === undefined ? port : Number(port) }]
  })
}

const allRules = ({ world }: Context): Rule[] =>
  world.tables.flatMap(({ chains }) => [...chains.values()].flatMap(({ rules }) => rules))

/** The packet as nat saw it. */
function askedAt({ evidence, world, journey: { family } }: Context, step: number): EvalContext {
  return { packet: evidence.arrivals[step]!.packet, family, world, hook: 'prerouting' }
}
