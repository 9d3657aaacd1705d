/** The jump that leads to a chain which a packet did not come to. */
import type { Condition } from '../../model/condition.ts'
import type { RuleRef } from '../../model/journey.ts'
import type { Chain, Rule } from '../../model/ruleset.ts'
import type { EvalContext } from '../../rules/eval-context.ts'
import { evaluate } from '../../rules/evaluate.ts'
import { verdictOf } from '../../rules/verdict.ts'
import { changesOf, propose, spotAt } from '../changes/change.ts'
import type { Proposal } from '../changes/proposal.ts'
import type { Chosen } from '../changes/rule-changes.ts'
import type { Context } from '../context.ts'
import { ownerOfRef, refOf } from '../refs.ts'
import { isAnswer } from '../reply/request-reply.ts'
import { asksInput, asksSender, fieldOf, isExact, isNegated } from './failed-condition.ts'
import { copiedJump, siblingJump } from './sibling-jump.ts'
import type { Unreached } from './unreached.ts'

/** Beside rules for services it accepts whatever some senders ask for: only services were led there. */
function trustsSenders({ rules }: Chain): boolean {
  const accepts = rules.filter((rule) => verdictOf(rule).ending === 'accept')
  const asks = (field: RegExp) => (rule: Rule) => rule.conditions.some((one) => field.test(fieldOf(one) ?? ''))
  const [isService, isSender, isOther] = [asks(/ dport$/), asks(/ saddr$/), asks(/^ct |^icmp|^meta (l4proto|[io]if)/)]
  return accepts.some(isService) && accepts.some((rule) => isSender(rule) && !isService(rule) && !isOther(rule))
}

/** A rule of it accepts some service, whoever asks by whichever interface: it may be for one of them. */
const acceptsFromAnywhere = ({ rules }: Chain): boolean =>
  rules.some(
    (rule) =>
      verdictOf(rule).ending === 'accept' &&
      !rule.conditions.some((one) => /^src$| saddr$|^meta iif|^ct /.test(fieldOf(one) ?? '') || one.kind === 'lookup'),
  )

type Jump = Pick<Unreached, 'chain' | 'from' | 'takesAll'>

/** `ref`: a rule of the chain that is to be reached; `isAcceptance`: which accepts. Where its chain accepts whatever comes, other senders would be let in as well. */
export function jumpTo(
  context: Context,
  ref: RuleRef,
  one: Jump,
  isAcceptance: boolean,
  lead?: Unreached['lead'],
): Proposal[] {
  const { chain, from } = one
  const spot = spotAt(from.chain, from.ruleNumber - 1)
  const sibling = siblingJump(context, ref, from, chain.name)
  const copied = sibling ? copiedJump(ref, spot, sibling, chain.name) : []
  if (copied.length > 0) return copied
  const owner = ownerOfRef(context, ref)
  const chosen = chosenFor(context, one, { isAcceptance, isOwned: owner !== undefined, lead })
  const isAsLead = lead && (chosen.kind === 'all' || chosen.kind === 'device' || isOfSenders(lead))
  return propose(
    `make ${from.chain.name} jump to ${chain.name}`,
    (isAsLead ? asLead(context, ref, lead) : undefined) ??
      changesOf(ref).add(ref, spot, chosen, { kind: 'jump', chain: chain.name }),
    owner ? undefined : 'check whether the jump should match more packets, or fewer',
  ).map((fix) => ({ ...fix, ...(owner ? { beside: { owner, chain: ref.chain } } : {}) }))
}

/** Which packets the jump is for: a chain that takes whatever comes has to be given only what is for it. */
function chosenFor(
  context: Context,
  { chain, from, takesAll }: Jump,
  { isAcceptance, isOwned, lead }: { isAcceptance: boolean; isOwned: boolean; lead: Unreached['lead'] },
): Chosen {
  const { packet, hook } = from.moment
  // its program jumps there for all packets, as Docker to DOCKER-FORWARD
  if (isOwned && isAcceptance && choosesInterfaces(chain)) return { kind: 'all' }
  const answer = isAnswer(packet, context.world)
  const ofSenders = lead !== undefined && isOfSenders(lead)
  if ((answer && leavesOutOpenings(chain, from.moment)) || !(takesAll || trustsSenders(chain) || ofSenders)) {
    const isOpen = isAcceptance && (!isOwned || chooses(from.chain)) && acceptsFromAnywhere(chain)
    return isOpen && packet.in !== undefined ? { kind: 'device', device: packet.in } : { kind: 'all' }
  }
  // the port that a reply goes to is another one each time
  if (answer) return { kind: 'such', packet, hints: { hook, answer } }
  const isForService = packet.dport !== undefined && !ofSenders && !(isAcceptance && takesAll)
  return isForService ? { kind: 'destination', packet } : { kind: 'such', packet, hints: { hook } }
}

/** Whatever it accepts by itself is of interfaces that it names, and it leads to other chains, too: it sorts what all traverse. */
const choosesInterfaces = ({ rules }: Chain): boolean => {
  const accepts = rules.filter((rule) => verdictOf(rule).ending === 'accept')
  const isOfInterface = (one: Condition) => /^meta [io]if(name)?$/.test(fieldOf(one) ?? '') && !isNegated(one)
  return (
    accepts.length > 0 &&
    accepts.every(({ conditions }) => conditions.some(isOfInterface)) &&
    rules.some((rule) => verdictOf(rule).chain !== undefined)
  )
}

/** Where the rule that leads there says for whom the chain is, nobody else is to be led there. */
const isOfSenders = ({ misses }: NonNullable<Unreached['lead']>): boolean =>
  misses.some(({ condition }) => asksSender(condition))

/** Nothing of it takes the first packet of a connection. */
const leavesOutOpenings = ({ rules }: Chain, moment: EvalContext): boolean =>
  rules.every(
    (rule) =>
      verdictOf(rule).ending === 'continue' ||
      rule.conditions.some(
        (one) =>
          fieldOf(one) === 'ct state' &&
          evaluate(one, { ...moment, packet: { ...moment.packet, ctState: 'new' } }) === false,
      ),
  )

/** Its jumps all choose their packets, as those to the chains of zones. */
function chooses({ rules }: Chain): boolean {
  const jumps = rules.filter((rule) => verdictOf(rule).chain !== undefined)
  return jumps.length > 0 && jumps.every(({ conditions }) => conditions.length > 0)
}

/** A single address: the rule that is like it is for another single one. */
const isOneHost = (condition: Condition): boolean =>
  condition.kind === 'compare' &&
  condition.op === '==' &&
  / saddr$/.test(condition.field) &&
  isExact(condition) &&
  typeof condition.value !== 'object'

/** As the rule that leads there does, but for the one thing that kept it from matching: what else it asks for was meant. */
function asLead(context: Context, { table }: RuleRef, { chain, rule, misses, moment }: NonNullable<Unreached['lead']>) {
  const [miss, more] = misses
  if (!miss || more) return undefined
  const asksMore = rule.conditions.length > 1
  // what asks for nothing else than an interface is made alike for this one
  if (!asksMore && !asksInput(miss.condition)) return undefined
  const ref = refOf(context, table, chain, rule)
  const spot = spotAt(chain, rule.ruleNumber)
  const { alike, eased } = changesOf(ref)
  if (asksSender(miss.condition)) return isOneHost(miss.condition) ? alike(ref, spot, miss, moment.packet) : undefined
  return alike(ref, spot, miss, moment.packet) ?? (asksMore ? eased(ref, spot, miss) : undefined)
}
