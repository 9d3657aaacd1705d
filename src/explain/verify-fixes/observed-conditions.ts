/** What the trace itself says of conditions that nothing else tells: a rule that is shown has matched, one that is not has not. */

import { sentAlike } from '../../journey/destination.ts'
import type { OwnTruths } from '../../journey/engine.ts'
import { natBehind } from '../../journey/given-destination.ts'
import type { Condition } from '../../model/condition.ts'
import type { Journey } from '../../model/journey.ts'
import type { Rule } from '../../model/ruleset.ts'
import type { Nat } from '../../model/statement.ts'
import type { World } from '../../model/world.ts'
import { isByTurns } from '../../rules/by-turns.ts'
import { UNLISTED } from '../../rules/end-policy.ts'
import type { EvalContext } from '../../rules/eval-context.ts'
import { conditionText, evaluate } from '../../rules/evaluate.ts'
import { EXTENSION_HEADERS } from '../../rules/facts/headers.ts'
import { conditionsOf } from '../../rules/match.ts'
import { choiceText, mappedNat, mappedVerdict, natsAmong, verdictsOf } from '../../rules/nft/map.ts'
import { ownSocket, TAKES } from '../../rules/tproxy.ts'
import { isUnknown, type Unknown } from '../../rules/truth.ts'
import { isNotListed } from '../../rules/unshown.ts'
import { type Context, momentAt } from '../context.ts'
import { onlyFailed } from '../counterfactual/failed-condition.ts'
import { isNat, passes, skippedRules } from '../counterfactual/skipped-rules.ts'
import { nftOnly } from '../nft-only/later.ts'

export interface Observed {
  /** In their rules' own words, whether they hold; what is said both ways is left out. */
  settled: ReadonlyMap<string, boolean>
  /** Those of them by which nat chose among several: the next packet may be sent to another. */
  byTurns: ReadonlySet<string>
  /** Of those that the rule allows by itself. */
  own: OwnTruths
}

export function observedConditions(context: Context): Observed {
  const settled = new Map<string, boolean | undefined>()
  const byTurns = new Set<string>()
  const own = new Map<Condition, boolean | undefined>()
  for (const pass of passes(context)) {
    const say = (text: string, holds: boolean, why: Unknown | undefined) => {
      settled.set(text, settled.has(text) && settled.get(text) !== holds ? undefined : holds)
      if (why && isNat(pass) && isByTurns(why)) byTurns.add(text)
    }
    const sayOf = (condition: Condition, holds: boolean, why: Unknown | undefined) => {
      if (isOwn(condition)) own.set(condition, own.has(condition) && own.get(condition) !== holds ? undefined : holds)
      say(conditionText(condition), holds, why)
    }
    for (const step of pass.steps) {
      const { rule } = context.evidence.arrivals[step]!
      if (context.journey.steps[step]!.kind !== 'rule' || !rule) continue
      const moment = momentAt(context, step)
      for (const [condition, at] of conditionsOf(rule, moment)) {
        const truth = evaluate(condition, at)
        if (isUnknown(truth) && !isNotListed(truth)) sayOf(condition, true, truth)
      }
      // what no socket takes is dropped by iptables, and breaks off nft's rule, which is not traced then; where the way behind it
      // is missing, the trials are to find that
      const isTaken = context.evidence.arrivals.some(({ hook }, i) => i > step && hook === 'input')
      if (isTaken && rule.statements.some(({ kind }) => kind === 'tproxy')) settled.set(TAKES, true)
      const { verdict } = context.journey.steps[step]!
      const map = rule.statements.find((one) => one.kind === 'vmap')?.map
      const given = map && mappedVerdict(map, moment)
      if (verdict !== undefined && map && isUnknown(given))
        for (const one of verdictsOf(map, context.world)) say(choiceText(rule, one), one === verdict, given)
      const nat = natBehind(context.evidence.arrivals[step]!, context.world)
      const to = nat && mappedNat(nat, moment)
      if (isUnknown(to) && nat)
        for (const [text, one] of natsAmong(nat, context.world)) say(text, leadsTo(context, one, step, nat), to)
    }
    for (const { rule, moment } of skippedRules(context, pass)) {
      const header = unmetOfHeaders(rule, moment)
      if (header !== undefined) say(header, false, undefined)
      const miss = onlyFailed(rule, moment)
      const truth = miss?.settled && evaluate(miss.condition, moment)
      if (!miss?.settled || (isUnknown(truth) && isNotListed(truth))) continue
      sayOf(miss.condition, false, isUnknown(truth) ? truth : undefined)
    }
  }
  // what was not shown has let it pass so far
  if (context.world.unlisted) settled.set(UNLISTED, true)
  // its line in the kernel log looks the same either way; of what has no socket of its own, the way from there on is missing
  if (isDroppedByProxy(context.journey) && ownSocket(context.journey.packet, context.world)) settled.set(TAKES, false)
  // only what reads traces of nft proves that it lost nothing
  if (context.evidence.lossless === true)
    for (const [text, holds] of nftOnly.loaded.observedOrder(context)) settled.set(text, holds)
  const said = new Map([...settled].filter((one): one is [string, boolean] => one[1] !== undefined))
  return { settled: said, byTurns, own: new Map([...unseenAlike(own, context.world), ...own]) }
}

/** Does a rule have it for itself? A named limit and a set's element are shared. */
function isOwn(condition: Condition): boolean {
  if (condition.kind === 'not') return isOwn(condition.of)
  const lasts = condition.kind === 'unknown' ? condition.lasts : undefined
  return lasts !== undefined && !('object' in lasts) && !('element' in lasts) && !lasts.each
}

/** What other rules allow in the very same words. */
function* unseenAlike(own: OwnTruths, { tables }: World): Iterable<[Condition, undefined]> {
  const texts = new Set([...own.keys()].map(conditionText))
  if (texts.size === 0) return
  for (const { chains } of tables)
    for (const { rules } of chains.values())
      for (const { conditions } of rules)
        for (const one of conditions) if (isOwn(one) && texts.has(conditionText(one))) yield [one, undefined]
}

/** As the next hook shows the packet; where it comes to none, as one of those is that all go the same way. */
function leadsTo({ evidence, world }: Context, { addresses, ports }: Nat, step: number, written: Nat): boolean {
  const { packet, hook } = evidence.arrivals[step]!
  const next = evidence.arrivals.slice(step + 1).find((one) => one.hook !== hook)?.packet
  const dst = next?.dst ?? sentAlike(written, packet, world)
  return addresses?.[0] === dst && (!ports || !next || ports[0] === next.dport)
}

/**
 * What a rule for an extension header of IPv6, and for nothing else that is not known, says by not having matched: not that there is no
 * such header, if it asks for more, but that this one more thing does not hold.
 */
function unmetOfHeaders(rule: Rule, moment: EvalContext): string | undefined {
  const unmet: Condition[] = []
  for (const [condition, at] of conditionsOf(rule, moment)) {
    const truth = evaluate(condition, at)
    if (truth === true) continue
    if (!isUnknown(truth) || truth.unknown !== EXTENSION_HEADERS) return undefined
    unmet.push(condition)
  }
  const [header, more, another] = unmet
  return header && more && !another && isHeader(header) ? conditionText(more) : undefined
}

const isHeader = (one: Condition): boolean => one.kind === 'compare' && one.field === 'exthdr'

/** The packet is not seen behind TTAKES, and that no socket took it is why. */
export const isDroppedByProxy = ({ outcome, findings }: Journey): boolean =>
  outcome === 'vanished' && findings.some(({ code, severity }) => code === 'proxy-missing' && severity === 'error')
