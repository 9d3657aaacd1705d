import { FOR_REPORTS } from '../../model/for-reports.ts'
import { DSTNAT } from '../../model/hook.ts'
import type { RuleRef } from '../../model/journey.ts'
import type { Chain, Rule } from '../../model/ruleset.ts'
import { verdictOf } from '../../rules/verdict.ts'
import { changesOf, propose } from '../changes/change.ts'
import type { Proposal } from '../changes/proposal.ts'
import type { Chosen } from '../changes/rule-changes.ts'
import { type Context, type Detected, type Detector, finding, lastPacket, momentAt } from '../context.ts'
import { emptyOnWay } from '../counterfactual/empty-on-way.ts'
import { asksInput } from '../counterfactual/failed-condition.ts'
import { doesWords, type ForOthers, hasNatAtOutput, neededOfOthers } from '../counterfactual/for-others.ts'
import { type Goal, givesSource, goals, nearlyGiven, sourceGoals } from '../counterfactual/goals.ts'
import { jumpTo } from '../counterfactual/jump-to.ts'
import { mayBeLedByMark } from '../counterfactual/marked-way.ts'
import { leadBack, ledToItsEnd, misledJump, misledWords } from '../counterfactual/misled-jump.ts'
import { siblingJump, siblingWords } from '../counterfactual/sibling-jump.ts'
import { isNat, passes } from '../counterfactual/skipped-rules.ts'
import { isMarkOfServices, type Unreached, unreachedChains } from '../counterfactual/unreached.ts'
import { nftOnly } from '../nft-only/later.ts'
import { endOf, nameBeside, nameRef, refAt, refOf } from '../refs.ts'
import { listensElsewhere } from './listens-elsewhere.ts'
import { natAtOutput } from './nat-at-output.ts'
import { nearlyReached } from './nearly-reached.ts'

/** A chain has the rule for it, and nothing jumps to that chain. */
export const neverReached: Detector = {
  code: 'never-reached',
  detect(context) {
    return goals(context).flatMap((goal) => {
      const { pass, wanted, sure } = goal
      const found = unreachedChains(context, pass, wanted)
        .filter(({ led, meant }) => sure || !led || meant)
        // what takes whatever comes was put where it is for others
        .filter(
          (one) =>
            one.meant ||
            !one.takesAll ||
            (!one.led && (one.decides || (!isAcceptance(goal) && !isMarkOfServices(pass, one.chain)))),
        )
        .filter(({ chain, meant }) => meant || !isAcceptance(goal) || !isMereVerdict(chain))
        .slice(0, 2)
        .map((one) => tell(context, goal, one))
      if (found.length > 0 || !sure || !isNat(pass)) return found
      // what is for others is told of the hook, not of the chain
      if (pass.hook === 'output' && neededOfOthers(context)) return []
      return nearlyReached(context, goal)
    })
  },
}

/**
 * It came to nothing, and a chain that nothing at all jumps to has the rule that gives packets for its very destination
 * another source, as where a firewall that was loaded anew has flushed a program's jump: who was asked may go by the source.
 */
export const neverGivenSource: Detector = {
  code: 'never-reached',
  detect(context) {
    if (!context.inVain || goals(context).some(givesSource)) return []
    return sourceGoals(context).flatMap((goal) =>
      unreachedChains(context, goal.pass, goal.wanted)
        .filter(({ led, takesAll, decides }) => !led && !takesAll && decides)
        .slice(0, 1)
        .map((one) => {
          const told = tell(context, goal, one)
          return {
            ...told,
            message: `${told.message} Whether ${lastPacket(context).dst} accepts only that source is unknown.`,
          }
        }),
    )
  },
}

/** A chain that marks whatever comes would let all of it be accepted: that is a default, not what this packet lacks. */
const isAcceptance = ({ kind }: Goal): boolean => kind === 'pass'

/** It chooses nothing, as those that log and accept: who jumps there has chosen. */
const isMereVerdict = ({ rules }: Chain): boolean =>
  rules.every((rule) => rule.conditions.length === 0 && verdictOf(rule).chain === undefined)

/** It accepts whatever comes in there: a jump for all to it would open everything. */
const takesWhatComesIn = ({ rules }: Chain): boolean =>
  rules.every((rule) => rule.conditions.every(asksInput) && verdictOf(rule).chain === undefined)

/** What this host sends comes by OUTPUT, and the rule for it stands where only what comes in is rewritten. */
export const neverForOwn: Detector = {
  code: 'never-reached',
  detect(context) {
    const needed = neededOfOthers(context)
    if (!needed) return []
    const { base, rule, ref, table } = needed
    const pass = passes(context).find((one) => isNat(one) && one.hook === 'output')
    if (!pass && hasNatAtOutput(context)) return []
    const own = pass
      ? { family: pass.table.family, table: pass.table.name, chain: pass.base.name }
      : // iptables makes its built-in chain with the first rule
        table.kind === 'iptables'
        ? { family: table.family, table: table.name, chain: 'OUTPUT' }
        : undefined
    const sent = pass?.steps[0] ?? context.evidence.arrivals.findIndex((arrival) => arrival.hook === 'output')
    if (own && sent < 0) return []
    const hook = own ? nameRef(own).replace(/ policy$/, '') : 'hook output'
    const does = doesWords(context, rule, context.journey.packet)
    const message = `${nameRef(ref)} ${does}, but this host sends the packet itself: such packets traverse ${hook}, not ${base.name}.`
    return [
      finding('never-reached', 'warning', message, {
        steps: pass ? pass.steps.map((step) => step + 1) : [],
        rules: [ref],
        fix: own ? forOwn(context, needed, own, sent) : inNewChain(context, needed),
        doubt: 0.1,
      }),
    ]
  },
}

type Own = Pick<RuleRef, 'family' | 'table' | 'chain'>

/** The same rule for what this host sends to itself, as it has no interface to come in by; else for this destination alone. */
function forOwn(context: Context, { chain, rule, ref, link }: ForOthers, own: Own, step: number): Proposal[] {
  const { packet } = momentAt(context, step)
  const description = `rewrite the destination in ${own.chain} as well`
  // a jump, or the rule's interface, has chosen what comes to it; and what a program of this host answers by itself is not to be taken from it
  const isWhole =
    chain.hook !== undefined &&
    link === undefined &&
    packet.out === 'lo' &&
    !listensElsewhere(context.world.host, packet)
  const copied = isWhole ? changesOf(ref).forSent({ ...ref, ...own }, { chain: own.chain }, packet.out!) : undefined
  if (copied)
    return propose(description, copied, `the same as ${nameRef(ref)}, for what this host sends to its own addresses`)
  const such: Chosen = { kind: 'such', packet, hints: { hook: 'output' } }
  const change = changesOf(ref).add({ ...ref, ...own }, { chain: own.chain }, such, { kind: 'like', rule })
  return propose(description, change, 'affects only this destination and service')
}

/** nft's tables have a chain for that only where somebody made one. */
function inNewChain(context: Context, { table, rule }: ForOthers): Proposal[] {
  const such: Chosen = { kind: 'such', packet: context.journey.packet, hints: { hook: 'output' } }
  const chain = { name: 'output', type: 'nat', hook: 'output', prio: DSTNAT } as const
  return propose(
    'rewrite the destination at hook output as well',
    nftOnly.loaded.addInNewChain(context.world, table, chain, such, { kind: 'like', rule }),
    'affects only this destination and service',
  )
}

/** The same of what comes in, and a rule that stands where only what this host sends is rewritten. */
export const neverForOthers: Detector = {
  code: 'never-reached',
  detect: natAtOutput,
}

/** Of the rules of the chain that match, the one that decides, or leads to what does; where another chain's does, the first. */
function tellingRule({ chain, then, decides }: Unreached): Rule {
  const own = then.matched.filter((visit) => visit.chain === chain)
  const last = then.last?.chain === chain ? then.last : own.at(-1)
  return (decides ? last! : own[0]!).rule
}

function tell(context: Context, goal: Goal, one: Unreached): Detected {
  const { pass, what } = goal
  const { chain, led, lead, then, isAlike, from, astray } = one
  const ref = refOf(context, pass.table.name, chain, tellingRule(one))
  const leading = lead ?? astray
  const leads = leading && refOf(context, pass.table.name, leading.chain, leading.rule)
  const how = leads
    ? lead
      ? `${nameBeside(leads, ref)} leads to this chain only for ${lead.asks}`
      : `${astray!.isOnly ? `${nameBeside(leads, ref)} alone leads` : `rules of ${leads.chain} alone lead`} to this chain, and this packet traverses ${pass.base.name}`
    : isAlike
      ? `${from.chain.name}, which led the packet nowhere, does not jump to this chain`
      : led
        ? 'no rule led this packet to that chain'
        : `nothing jumps to ${chain.name}`
  const sibling = leads ? undefined : siblingJump(context, ref, from, chain.name)
  const isOpen = isAcceptance(goal) && takesWhatComesIn(chain)
  const { last } = then
  // a condition of the chain, or of one behind it, is not known
  const isOpenEnd = then.ending === 'unknown'
  // another chain's rule accepts it, and this one leads there
  const accepting =
    isAcceptance(goal) && !isOpenEnd && one.decides && last && last.chain !== chain
      ? refOf(context, pass.table.name, last.chain, last.rule)
      : undefined
  const would = accepting ? `led it to ${nameBeside(accepting, ref)}, which accepts it` : what(then)
  const misled =
    leads || led || isAlike || sibling || isOpen ? undefined : misledJump(context, pass, chain, goal.wanted)
  const as = sibling ? siblingWords(sibling) : misled ? misledWords(misled, ref) : ''
  const instead = leads || led || sibling || misled || !isAcceptance(goal) ? undefined : ledToItsEnd(context)
  const insteadRef = instead === undefined ? undefined : refAt(context, instead)
  const sent = insteadRef
    ? ` ${nameBeside(insteadRef, ref)} sent it to ${context.evidence.arrivals[context.ended.step]!.chain!.name}.`
    : ''
  const empty =
    leads || led || isAlike || sibling || misled || insteadRef ? undefined : emptyOnWay(context, pass, chain)
  const gone = empty ? ` ${empty.name}, which the packet traversed, has no rules.` : ''
  // it may have come to this hook by its mark alone, and the chain is another hook's
  const isElsewhere = led && !leads && isAcceptance(goal) && mayBeLedByMark(context)
  const jumps = isElsewhere || isOpenEnd ? [] : jumpTo(context, ref, one, isAcceptance(goal), lead)
  return finding(
    'never-reached',
    isElsewhere || isOpenEnd ? 'note' : 'warning',
    `${nameRef(ref)} ${isOpenEnd ? 'might' : 'would'} have ${would}${isOpenEnd ? ` (unknown: ${then.because!.unknown})` : ''}, but ${how}.${as}${sent}${gone}`,
    {
      rules: [
        ...(leads ? [leads] : []),
        ref,
        ...(accepting ? [accepting] : []),
        ...(insteadRef ? [insteadRef] : []),
        ...(sibling ? [sibling.ref] : misled ? [misled.ref] : empty ? [endOf(pass.table, empty)] : []),
      ],
      ...(misled ? { steps: [misled.step + 1] } : {}),
      fix: isElsewhere || isOpenEnd ? [] : misled ? leadBack(misled, chain.name, jumps) : jumps,
      doubt: isOpenEnd ? 0.6 : led ? 0.4 : 0.1,
      [FOR_REPORTS]: nearlyGiven(goal),
    },
  )
}
