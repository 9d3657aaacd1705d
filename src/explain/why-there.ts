/** Why a rule that ended the journey matched, where its own conditions do not say it. */
import { wayTo } from '../journey/step-context.ts'
import type { Condition } from '../model/condition.ts'
import type { ForReports } from '../model/for-reports.ts'
import type { RuleRef } from '../model/journey.ts'
import type { Chain, Rule } from '../model/ruleset.ts'
import { OF_LIMITS } from '../rules/by-turns.ts'
import { conditionText } from '../rules/evaluate.ts'
import { hasAddress, linkWith, reverseWay } from '../rules/fib.ts'
import { simpleConditions } from '../rules/simple-conditions.ts'
import { isUnknown } from '../rules/truth.ts'
import { verdictOf } from '../rules/verdict.ts'
import { asksWayBack, describeConditions } from './cause.ts'
import { elementHeld, setOf } from './changes/sets.ts'
import { type Context, endsAsOwnCopy, momentAt } from './context.ts'
import { asksOthers, lookupOf } from './counterfactual/map-keys.ts'
import { roomWords } from './counterfactual/settled-words.ts'
import type { Blame } from './findings/verdicts.ts'
import { onlyStops, sentAsRest, stopsWhoeverComes } from './only-stops.ts'
import { nameRef, refAt } from './refs.ts'
import { unnamedInterfaceWords } from './unnamed-interface.ts'

/** `, a rule of ufw,`; empty where nobody is known to have written it. */
export const ownerWords = ({ owner }: RuleRef): string => (owner === undefined ? '' : `, a rule of ${owner},`)

/** Behind what is said of who dropped it: what this host sent to many has left, and only its own copy was dropped. Else empty. */
const ownCopyWords = (context: Context): string =>
  endsAsOwnCopy(context)
    ? ' This is the copy that the kernel hands back to this host; the packet that this host sent is not affected.'
    : ''

/** A packet socket gets what comes in in front of IP's chains (__netif_receive_skb_core, net/core/dev.c): a client of DHCP that has no address yet reads from one. */
const leaseWords = ({ evidence, ended }: Context): string => {
  const { packet, hook } = evidence.arrivals[ended.step]!
  const isOffer = packet.protocol === 'udp' && packet.dport === DHCP_CLIENT && packet.src?.includes(':') === false
  return isOffer && packet.in !== undefined && (hook === 'prerouting' || hook === 'input')
    ? ' A DHCP client that reads packet sockets, as most do, got it all the same.'
    : ''
}

/** RFC 2131 */
const DHCP_CLIENT = 68

/** Who is not affected by the drop; `isCopy`: the packet itself. */
export const unaffected = (context: Context): { isCopy: boolean; words: string } => ({
  isCopy: endsAsOwnCopy(context),
  words: `${ownCopyWords(context)}${leaseWords(context)}`,
})

/** What the rule matched, in words: `tcp dport 22, 192.0.2.2 is in set banned`. */
export function conditionsWords(context: Context): string {
  const { rule } = context.evidence.arrivals[context.ended.step]!
  const conditions = rule?.conditions ?? []
  const sets = conditions
    .map((one) => [one, setWords(context, one)] as const)
    .filter(([, words]) => words !== undefined)
  // nft may word one condition twice: what goes without saying in an inet table
  const back = wayBackWords(context)
  const others = conditions.filter(
    (one) =>
      !sets.some(([condition]) => conditionText(condition) === conditionText(one)) &&
      !(back !== undefined && asksWayBack(one)) &&
      // the packet's addresses show it
      !(conditions.length > 1 && /^meta nfproto /.test(conditionText(one))),
  )
  // who sets marks says in a comment what they mean
  const meant = conditions.length > 0 && conditions.every(asksMark) ? commentWords(rule) : ''
  const moment = momentAt(context, context.ended.step)
  const rooms = conditions.map((one) => roomWords(one, moment))
  return [meant, describeConditions(others), ...sets.map(([, words]) => words), back, ...rooms, otherLinkWords(context)]
    .filter(Boolean)
    .join(', ')
}

const asksMark = (one: Condition): boolean => one.kind === 'compare' && / mark$/.test(one.field)

/** A condition names the set alone. */
function setWords(context: Context, condition: Condition): string | undefined {
  const lookup = lookupOf(condition)
  const set = lookup && setOf(context, lookup)
  const element = set && elementHeld(set, lookup, momentAt(context, context.ended.step))
  if (!set || element === undefined) return undefined
  return `${element} is ${asksOthers(condition) ? 'not ' : ''}in ${set.dataType === undefined ? 'set' : 'map'} ${set.name}`
}

/** Goes on behind `filter INPUT rule 3 dropped it (…)`, without the full stop; empty where its conditions say it all. */
export const whyThere = (context: Context, told: Blame): string => ledWords(context, told) ?? ''

/** It takes what an earlier rule has left, which lets go what came by its way back: `-m rpfilter -j RETURN`, then `-j DROP`. */
const takesWrongWays = (rule: Rule, chain: Chain | undefined): boolean =>
  rule.conditions.length === 0 &&
  chain !== undefined &&
  chain.rules
    .slice(0, rule.ruleNumber - 1)
    .some(
      (one) =>
        one.conditions.length > 0 && one.conditions.every(asksWayBack) && /^(accept|return)$/.test(verdictOf(one).text),
    )

/** Where the way back leads, in place of what a rule that asks for it says; undefined where that is not known, or right. */
export function wayBackWords(context: Context): string | undefined {
  const { rule, chain, packet } = context.evidence.arrivals[context.ended.step]!
  if (!rule || !(rule.conditions.some(asksWayBack) || takesWrongWays(rule, chain))) return undefined
  const back = reverseWay(packet, context.world.host, { mark: false, strict: false })
  if (back === undefined || isUnknown(back) || back.device === packet.in) return undefined
  const { src } = packet
  const leads =
    back.device === '' ? `there is no route back to ${src}` : `the route back to ${src} leads out of ${back.device}`
  return packet.in === undefined || back.device === '' ? leads : `${leads}, not ${packet.in}`
}

/** Whose address it is that came in elsewhere, where the rule asks for one of the interface: nothing in its words tells that. */
function otherLinkWords({ evidence, ended, world: { host } }: Context): string | undefined {
  const { rule, packet } = evidence.arrivals[ended.step]!
  const asks = rule?.conditions.some((condition) => simpleConditions(condition).some(asksLinkOfDestination))
  if (!asks || packet.dst === undefined || packet.in === undefined) return undefined
  const link = hasAddress(host, packet.in, packet.dst) ? undefined : linkWith(host, packet.dst)
  return link && `${packet.dst} is an address of ${link.name}, not of ${packet.in}`
}

/** nft's `fib daddr . iif type`, iptables' `-m addrtype --limit-iface-in`. */
const asksLinkOfDestination = (one: Condition): boolean =>
  one.kind === 'compare' && /^fib daddr(?: \. mark)? \. iif type$/.test(one.field)

/** Of the first rule of a chain, to which packets come whatever they are. */
export const TAKES_ALL = 'It has no conditions: it matches every packet'

/** A rule that takes all that comes was chosen by a jump, or by the accepts before it. */
function ledWords(context: Context, { end, culprit }: Blame): string | undefined {
  const { rule, chain } = context.evidence.arrivals[context.ended.step]!
  const unnamed = unnamedInterfaceWords(context)
  if (unnamed) return unnamed
  const isShared = stopsWhoeverComes(context)
  if (rule && rule.conditions.length > 0 && !isShared)
    return end.chain === culprit.chain && end.ruleNumber === culprit.ruleNumber
      ? undefined
      : `. ${nameRef(culprit)} sent it there`
  const rest = sentAsRest(context)
  if (rest) return `. ${nameRef(rest.ref)} sent it there: no earlier rule of ${rest.ref.chain} accepts it`
  const lead = leadTo(context)
  if (lead) return `. ${nameRef(lead.jump)} sent it there (${lead.why})`
  if (!rule || !chain || rule.conditions.length > 0) return undefined
  return rule.ruleNumber > 1 ? TAKES_REST : `. ${TAKES_ALL}`
}

const TAKES_REST = ': no earlier rule there accepts it'

interface Lead {
  jump: RuleRef
  conditions: readonly Condition[]
  why: string
}

/**
 * The rule that chose the packet, up the jumps that led there: the first outside of chains that only stop what comes, as
 * fw4's handle_reject, and that many rules share; else the first with a condition.
 */
function leadTo(context: Context): Lead | undefined {
  const { arrivals } = context.evidence
  const leads = [...wayTo(arrivals, arrivals[context.ended.step]!.caller)].flatMap((step) => {
    const { rule } = arrivals[step]!
    const jump = refAt(context, step)
    const conditions = rule?.conditions ?? []
    const why = [describeConditions(conditions), commentWords(rule)].filter(Boolean).join(', ')
    return jump && why !== '' ? [{ step, jump, conditions, why }] : []
  })
  return leads.find(({ step }) => !onlyStops(context, step)) ?? leads.find(({ conditions }) => conditions.length > 0)
}

/** Longer ones stand with the rule's own text. */
const LONGEST_COMMENT = 40

/** By which people find the rule again; empty where it has none. */
export const commentWords = (rule: Pick<Rule, 'comment'> | undefined): string =>
  rule?.comment === undefined || rule.comment.length > LONGEST_COMMENT ? '' : JSON.stringify(rule.comment)

/** `why` and `there`: what the message says of the rule that ended it; `more`: and behind that. */
export function forReports(context: Context, why: string, there: string, more = ''): ForReports {
  const own = context.evidence.arrivals[context.ended.step]!.rule?.conditions ?? []
  const lead = sentAsRest(context) ? undefined : leadTo(context)
  const chosen = own.length > 0 ? own : (lead?.conditions ?? [])
  return {
    ...(why === '' ? {} : { matched: why }),
    ...(chosen.some((one) => isReason(context, one)) ? { isReason: true } : {}),
    ...(there === TAKES_REST ? { takesRest: true, ...(more === '' ? { isBare: true } : {}) } : {}),
  }
}

/** What the packet's line does not show, and chose this packet. */
const isReason = (context: Context, condition: Condition): boolean =>
  simpleConditions(condition).some((one) => {
    switch (one.kind) {
      case 'lookup':
        return setWords(context, one) !== undefined
      case 'unknown':
        return OF_LIMITS.includes(one.reason)
      case 'compare':
        return / mark$/.test(one.field) || (asksWayBack(one) && wayBackWords(context) !== undefined)
      default:
        return false
    }
  })
