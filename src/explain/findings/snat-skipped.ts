import type { Condition } from '../../model/condition.ts'
import { hasLeft } from '../../model/outcome-kinds.ts'
import type { Rule } from '../../model/ruleset.ts'
import { verdictOf } from '../../rules/verdict.ts'
import type { Visit } from '../../rules/walk.ts'
import { describeConditions } from '../cause.ts'
import { changesOf, deleteRule, propose } from '../changes/change.ts'
import { NOT_TRIED } from '../changes/proposal.ts'
import { type Context, type Detector, finding, momentAt } from '../context.ts'
import { wantedBy } from '../counterfactual/distance.ts'
import { fieldOf, isNegated, namesDestination } from '../counterfactual/failed-condition.ts'
import { rewrites } from '../counterfactual/goals.ts'
import { markAsked } from '../counterfactual/marks.ts'
import { SOURCE } from '../counterfactual/rewritten.ts'
import { isNat, passes } from '../counterfactual/skipped-rules.ts'
import { isAlsoFor } from '../counterfactual/spared-networks.ts'
import { isPrivateAbroad } from '../counterfactual/undeliverable.ts'
import { hadItNotMatched } from '../counterfactual/what-if.ts'
import { homeOf } from '../host/routes.ts'
import { toldOwner } from '../owners/undone.ts'
import { nameBeside, nameRef, ownerAt, refAt, refOf } from '../refs.ts'
import { verdictAt } from '../verdict-at.ts'
import { natOf } from './dnat-skipped.ts'
import { unmarkedPeer } from './unmarked-peer.ts'

/** It left with its own source, as a rule ended the nat table in front of the SNAT rule that is meant for it. */
export const snatSkipped: Detector = {
  code: 'snat-skipped',
  detect(context) {
    const inPostrouting = passes(context).flatMap((pass) =>
      isNat(pass) && pass.hook === 'postrouting' ? pass.steps : [],
    )
    if (inPostrouting.some((i) => SOURCE.includes(verdictAt(context, i)))) return []
    for (const i of inPostrouting.reverse()) {
      const { rule, ending, packet, table } = context.evidence.arrivals[i]!
      if (!rule || !table || (ending !== 'accept' && ending !== 'return')) continue
      // what this host sends to itself needs no other source
      if (packet.out === 'lo' && packet.in === undefined) continue
      // who asks for a mark means it so; why the mark is not there is another question
      if (rule.conditions.some((one) => markAsked(one))) continue
      // a chain of another link's: what stopped this packet is another question
      if (!hasLeft(context.journey.outcome) && rule.conditions.every((one) => asksOtherLink(one, context))) continue
      const missed = missedRule(context, i)
      const [culprit, snat] = [refAt(context, i), missed && refOf(context, table.name, missed.chain, missed.rule)]
      if (!missed || !culprit || !snat) continue
      const to = verdictOf(missed.rule).text
      const owner = ownerAt(context, i)
      const remove = deleteRule(culprit)
      // an exemption that names the destination is meant so
      const meant = rule.conditions.some(namesDestination)
      // both ends are of the networks that are not masqueraded among themselves: a router there leads back to it
      if (meant && hasLeft(context.journey.outcome) && isAmongSpared(context, i)) continue
      // what stopped it, it was to pass with the source that it has
      if (meant && !hasLeft(context.journey.outcome)) continue
      // what else goes over that link keeps its source as well, and its replies come back
      const ofLink = isForLink(rule, missed.rule)
      const spared = ofLink && !isPrivateAbroad('forwarded', packet)
      // it went where such packets do not go
      if (meant && unmarkedPeer.detect(context).length > 0) continue
      const isOut = hasLeft(context.journey.outcome) && packet.out !== undefined
      const left = `${isOut ? `It left by ${packet.out} as` : 'It kept its source'} ${packet.src ?? '?'}`
      return [
        finding(
          'snat-skipped',
          meant || spared ? 'note' : 'warning',
          `${left}: ${nameRef(culprit)} ended the evaluation of the ${natOf(culprit)} (${describeConditions(rule.conditions) || 'for every packet'}), so the packet never reached ${nameBeside(snat, culprit)} (${to}), which matches it.${goneWords(rule.conditions, context)}`,
          {
            steps: [i + 1],
            rules: [culprit, snat],
            fix: [
              ...(owner
                ? [
                    {
                      description: owner.instead,
                      unverified: 'this is not a netfilter change',
                      owner: toldOwner(owner),
                    },
                  ]
                : []),
              // it exempts others rightly
              ...(meant || ofLink
                ? propose(
                    `rewrite the source of such packets before rule ${culprit.ruleNumber} of ${culprit.chain}`,
                    changesOf(culprit).add(
                      culprit,
                      { chain: culprit.chain, before: culprit },
                      { kind: 'source', packet, to: true },
                      { kind: 'like', rule: missed.rule },
                    ),
                    'affects only this source and destination',
                  )
                : []),
              ...(remove
                ? [
                    {
                      description: `delete rule ${culprit.ruleNumber} of ${culprit.chain}, so that the SNAT rule is reached`,
                      ...remove,
                      unverified: NOT_TRIED,
                      ...(owner
                        ? { beside: { owner } }
                        : { note: 'then nat rewrites everything that this rule exempted' }),
                    },
                  ]
                : []),
            ],
            culprit: i,
            ...(meant ? { doubt: 0.5 } : {}),
          },
        ),
      ]
    }
    return []
  },
}

/**
 * Does what the rule spares have the packet's source as well, as the networks of a cluster's pods do? Then a router that leads to
 * the destination leads back, too. A neighbour on the link itself knows no way back but that to its own network.
 */
function isAmongSpared(context: Context, i: number): boolean {
  const { rule, packet } = context.evidence.arrivals[i]!
  const { src, dst, out } = packet
  if (!rule || src === undefined || dst === undefined || homeOf(dst, context.world.host, out)) return false
  return isAlsoFor(rule, momentAt(context, i), src)
}

const asksLink = (condition: Condition): boolean => /^meta [io]ifname$/.test(fieldOf(condition) ?? '')

/** `oifname != "mgmt0"`, of a link that there is, as far as the links are known. */
const asksOtherLink = (condition: Condition, { world: { host } }: Context): boolean =>
  isNegated(condition) &&
  asksLink(condition) &&
  wantedBy(condition).some((wanted) => !host.links || host.links.some(({ name }) => name === wanted))

/** It leaves alone whatever goes over a link of which the SNAT rule does not speak: what else does so goes on. */
function isForLink({ conditions }: Rule, snat: Rule): boolean {
  const isOfLink = (one: Condition) => asksLink(one) && !isNegated(one)
  return conditions.length > 0 && conditions.every(isOfLink) && !snat.conditions.some(isOfLink)
}

/** A rule for all but an uplink's packets takes them all where that uplink has another name by now. */
function goneWords(conditions: readonly Condition[], { world, journey }: Context): string {
  const has = (device: unknown) => world.host.links?.some(({ name }) => name === device)
  // another namespace's links say nothing
  if (!has(journey.packet.in)) return ''
  const named = conditions.filter(asksLink).flatMap(wantedBy)
  const gone = new Set(named.filter((name) => !`${name}`.endsWith('*') && !has(name)))
  return gone.size === 0 ? '' : ` This host has no link ${[...gone].join(', ')}.`
}

/** The SNAT rule that the packet would have met, had the rule of step `i` not matched. */
function missedRule(context: Context, i: number): Visit | undefined {
  const onwards = hadItNotMatched(context, i)
  return onwards && rewrites(SOURCE)(onwards) ? onwards.last : undefined
}
