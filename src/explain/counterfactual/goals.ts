/**
 * What a packet that does no good may have been meant to meet: to be let go by the table that stopped it, or to be
 * rewritten by nat.
 */
import type { Condition } from '../../model/condition.ts'
import type { ForReports } from '../../model/for-reports.ts'
import { type Hook, SRCNAT } from '../../model/hook.ts'
import { memo } from '../../model/memo.ts'
import { isStoppedByRule } from '../../model/outcome-kinds.ts'
import type { Nat } from '../../model/statement.ts'
import type { EvalContext } from '../../rules/eval-context.ts'
import { endSentTo } from '../../rules/nft/map.ts'
import { verdictOf } from '../../rules/verdict.ts'
import type { Visit, Walk } from '../../rules/walk.ts'
import { type Context, endsAsOwnCopy, lastPacket } from '../context.ts'
import { homeOf } from '../host/routes.ts'
import { verdictAt } from '../verdict-at.ts'
import { fieldOf, isForInvalid, isParticular } from './failed-condition.ts'
import { isKeptByMark } from './later.ts'
import { DESTINATION, SOURCE } from './rewritten.ts'
import { leadsToPlace } from './said-place.ts'
import { isNat, passes, type TableTraversal } from './skipped-rules.ts'
import { choosesSubjects } from './subjects.ts'
import {
  isPrivate,
  isRepliedPast,
  mayLackSource,
  needsDestination,
  needsSource,
  staysUnanswered,
} from './undeliverable.ts'
import { letsGo, withRulesAtHand } from './what-if.ts'

export interface Goal {
  /** `exempt`: to be left alone by nat, which sent it to where it was stopped. `spare`: to keep its source, as nobody replied to the one that nat gave. `way-back`: to be given a source to which replies come back by way of this host, if they go past it. */
  kind: 'pass' | 'destination' | 'source' | 'way-back' | 'exempt' | 'spare'
  pass: TableTraversal
  /** That the packet needs it; else only what nothing has ever met is worth telling. */
  sure: boolean
  /** Of a walk through that table: is it what was meant? */
  wanted(then: Walk): boolean
  /** What rules would have done to the packet on such a walk, behind "would have". */
  what(then: Walk): string
  /** Of what others use as well, rules that spare the packet's destination are worth telling. */
  exceptions?: true
  /** Nothing was against this packet in particular: if it was to come there, a rule that was for it is wrong or missing. */
  mendable: boolean
}

/** Is the packet to be given another source? */
export const givesSource = ({ kind }: Goal): boolean => kind === 'source' || kind === 'way-back'

/** What a rule of nat would have given it that nearly matched. */
export const nearlyGiven = (goal: Goal): Pick<ForReports, 'wouldGiveSource' | 'wouldGiveDestination'> => ({
  ...(givesSource(goal) ? { wouldGiveSource: true } : {}),
  ...(goal.kind === 'destination' ? { wouldGiveDestination: true } : {}),
})

export const goals = memo(findGoals)

function findGoals(context: Context): Goal[] {
  const { outcome } = context.journey
  const stopped = isStoppedByRule(outcome) && !endsAsOwnCopy(context)
  const destination = needsDestination(context)
  const needs = needsSource(context) === 'surely'
  // a reply that connection tracking saw would do as well
  const source = needs || isRepliedPast(context)
  const isPast = !source && mayLackSource(context)
  // whoever was asked may not know the sender's network
  const maySource = !source && !isPast && context.inVain === 'unanswered' && needsSource(context) === 'maybe'
  if (!stopped && !destination && !source && !isPast && !maySource) return []
  const all = passes(context)
  const found: Goal[] = []
  const last = stopped ? all.find(({ steps }) => steps.includes(context.ended.step)) : undefined
  if (last && !(last.hook === 'input' && isKeptByMark(context))) {
    // chains that rewrite are none for others than nat's
    // where the packet comes to by itself, no rule that it passed would have led it
    const anyway = withRulesAtHand(context, context.ended.step)
    const isAnyway = (then: Walk) => then.ending === anyway?.ending && then.last?.rule === anyway.last?.rule
    const wanted = (then: Walk) =>
      isProxied(then) ||
      (letsGo(then, last.base) === true && !isAnyway(then) && (isNat(last) || !then.matched.some(isRewriting)))
    found.push({
      kind: 'pass',
      pass: last,
      sure: true,
      wanted,
      what: (then) => (isProxied(then) ? "answered it in the server's place" : 'accepted it'),
      mendable: isCatchAll(context),
    })
  }
  // nft may have several chains of nat at a hook, of which any may be meant
  const nat = (...hooks: Hook[]) => all.filter((pass) => isNat(pass) && pass.hook && hooks.includes(pass.hook))
  if (last && isGuarded(context, last)) for (const pass of nat('postrouting')) found.push(sourceIn(pass))
  if (destination)
    for (const pass of nat('prerouting', 'output')) found.push(destinationIn(pass, destination === 'surely'))
  const spared = maySource && staysUnanswered(context) && isAbroad(context)
  if (source || isPast || maySource)
    for (const pass of nat('postrouting'))
      found.push({
        ...{ kind: isPast ? 'way-back' : 'source', pass, sure: !maySource, wanted: rewrites(SOURCE) },
        ...{ mendable: needs || spared, ...(spared ? { exceptions: true as const } : {}) },
        what: () =>
          `rewritten its source${isPast ? `, so that ${lastPacket(context).dst} replies through this host` : ''}`,
      })
  return found
}

/** To be given a source by any chain of nat that the packet traversed, whether it needs one or not. */
export const sourceGoals = memo((context: Context): readonly Goal[] =>
  passes(context)
    .filter((pass) => isNat(pass) && pass.hook === 'postrouting')
    .map(sourceIn),
)

const sourceIn = (pass: TableTraversal): Goal => ({
  ...{ kind: 'source', pass, sure: true, wanted: rewrites(SOURCE), mendable: true },
  what: () => 'rewritten its source',
})

/** Behind nat, a rule stops what still has the source that nat was to rewrite. */
function isGuarded({ evidence, ended }: Context, { hook, base }: TableTraversal): boolean {
  const { rule } = evidence.arrivals[ended.step] ?? {}
  if (hook !== 'postrouting' || base.type === 'nat' || (base.priority ?? 0) <= SRCNAT) return false
  return rule?.conditions.some((one) => isParticular(one) && / saddr$/.test(fieldOf(one) ?? '')) === true
}

/** A private source, on its way out of its own network. */
function isAbroad(context: Context): boolean {
  const { src, dst } = lastPacket(context)
  const { host } = context.world
  if (src === undefined || dst === undefined || !isPrivate(src)) return false
  return context.journey.outcome === 'forwarded' && homeOf(src, host)?.link !== homeOf(dst, host)?.link
}

export const destinationIn = (pass: TableTraversal, sure: boolean): Goal => ({
  ...{ kind: 'destination', pass, sure },
  ...{ wanted: (then) => rewrites(DESTINATION)(then) || isForPlace(then), mendable: true },
  what: (then) => (isForPlace(then) ? 'sent it to the chain for its new destination' : 'rewritten its destination'),
})

/** It came to a chain that is there for a destination, by its name, and that does not send it there. */
export const isForPlace = ({ ending, matched }: Walk): boolean =>
  ending === 'policy' && matched.some(({ rule }) => leadsToPlace(rule))

/** The rule would send the packet to the address and port that it has. */
export function keepsEnd({ last }: Walk, moment: EvalContext): boolean {
  const { dst, dport } = moment.packet
  // what a map lacks is what it is asked for
  const nat = last?.rule.statements.find((one): one is Nat => one.kind === 'dnat' && !one.map)
  const end = nat && endSentTo(nat, moment)
  return end !== undefined && end.dst === dst && (!nat?.ports || end.dport === dport)
}

/** Only what is wrong for certain is to be asked of these: most packets are meant to go where nat sends them. */
export const exemptions = memo((context: Context): readonly Goal[] => {
  const { outcome } = context.journey
  if (!isStoppedByRule(outcome)) return []
  return passes(context)
    .filter((pass) => isNat(pass) && (pass.hook === 'prerouting' || pass.hook === 'output'))
    .filter(({ steps }) => steps.some((i) => DESTINATION.includes(verdictAt(context, i))))
    .map((pass) => ({
      ...{ kind: 'exempt', pass, sure: true, what: () => 'left its destination as it was', mendable: true },
      wanted: (then) => letsGo(then, pass.base) === true && !then.matched.some(isRewriting),
    }))
})

/** Of a chain of nat that gave it another source. */
export const sparedIn = (pass: TableTraversal): Goal => ({
  ...{ kind: 'spare', pass, sure: true, what: () => 'left its source as it was', mendable: true },
  wanted: (then) => letsGo(then, pass.base) === true && !then.matched.some(isRewriting),
})

/** A policy, or a rule that asks neither for an address nor for a port, or drops what is left of some members' traffic: it stops what nothing else wanted. */
function isCatchAll({ evidence, ended, journey }: Context): boolean {
  if (journey.steps[ended.step]?.kind === 'policy') return true
  const { rule, table } = evidence.arrivals[ended.step] ?? {}
  const isForIt = (one: Condition) => isParticular(one) && !choosesSubjects(one, rule!, table)
  return rule !== undefined && !rule.conditions.some(isForIt) && !isForInvalid(rule)
}

/** Synproxy takes the handshake, and opens the connection itself. */
export const isProxied = ({ ending, last }: Walk): boolean =>
  ending === 'stolen' &&
  last?.rule.statements.some((one) => one.kind === 'stolen' && /^synproxy$/i.test(one.by)) === true

const isRewriting = ({ rule }: Visit): boolean =>
  rule.statements.some(({ kind }) => DESTINATION.includes(kind) || SOURCE.includes(kind))

/** Does the walk end at a rule that rewrites? */
export const rewrites =
  (verdicts: readonly string[]) =>
  ({ ending, last }: Walk): boolean =>
    ending === 'accept' && last !== undefined && verdicts.includes(verdictOf(last.rule).text)
