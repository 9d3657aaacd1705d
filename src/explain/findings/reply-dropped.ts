import { wayTo } from '../../journey/step-context.ts'
import type { Condition } from '../../model/condition.ts'
import { FOR_REPORTS } from '../../model/for-reports.ts'
import type { RuleRef } from '../../model/journey.ts'
import { isStoppedByRule } from '../../model/outcome-kinds.ts'
import type { Packet } from '../../model/packet.ts'
import type { Statement } from '../../model/statement.ts'
import type { World } from '../../model/world.ts'
import { entryAnswered, entryAskedElsewhere } from '../../rules/conntrack/entries.ts'
import { isLocal } from '../../rules/fib.ts'
import { simpleConditions } from '../../rules/simple-conditions.ts'
import { verdictOf } from '../../rules/verdict.ts'
import { acceptBefore, changesOf, propose, spotOf } from '../changes/change.ts'
import type { Proposal } from '../changes/proposal.ts'
import type { Chosen, Spot } from '../changes/rule-changes.ts'
import { type Context, type Detected, type Detector, describeEnd, finding } from '../context.ts'
import { asksOutput, isForInvalid, isNegated } from '../counterfactual/failed-condition.ts'
import { goals } from '../counterfactual/goals.ts'
import { TRACKING } from '../counterfactual/what-if.ts'
import { isNft, nameRef, refAt } from '../refs.ts'
import { askedMany, helperOf } from '../reply/asked-many.ts'
import { askedFor, openingOf } from '../reply/request-reply.ts'
import { conditionsWords, forReports, whyThere } from '../why-there.ts'
import { isAcceptedLater } from './accepted-too-late.ts'
import { returnedReply } from './returned-early.ts'
import { blame, spotToAccept } from './verdicts.ts'

export const ACCEPT_REPLIES = 'accept replies'

/** What was stopped is the answer: the question had come through. */
export const replyDropped: Detector = {
  code: 'reply-dropped',
  detect(context) {
    const { journey, world, ended, evidence } = context
    const { packet, outcome } = journey
    if (!isStoppedByRule(outcome)) return []
    const elsewhere = ofMany(context) ?? fromOtherAddress(context)
    if (elsewhere) return [elsewhere]
    const opening = askedFor(packet, world)
    const end = refAt(context, ended.step)
    if (!opening || !end) return []
    // what this host itself has asked, connection tracking has seen
    const own = isOwn(context)
    const { ctState } = { ...packet, ...evidence.arrivals[ended.step]!.packet }
    // a rule that asks for states makes the kernel track connections; trying it shows whether that is enough
    const played = journey.steps[ended.step]!.known === 'simulated'
    const entry = entryAnswered(packet, world)
    const known = own || played || entry !== undefined || ctState === 'established'
    const asker = describeEnd(opening.src, opening.sport)
    // a group may have been asked, and one of its members answers an echo
    const asked =
      entry || packet.protocol === 'tcp'
        ? `${asker}, which had contacted ${describeEnd(opening.dst, opening.dport)}`
        : asker
    // raw comes before the connection is known; mangle is no place to accept
    const { table, chain, rule } = evidence.arrivals[ended.step]!
    // what conntrack finds invalid is no packet of its connection to any rule
    const isInvalid = rule !== undefined && isForInvalid(rule)
    const place =
      known &&
      !isInvalid &&
      (isNft(end) ? isBehindTracking(context) && chain?.type !== 'nat' : table?.name === 'filter')
    const spot = spotOf(place ? spotToAccept(context, end) : end)
    const why = conditionsWords(context)
    const told = blame(context)
    const there = told ? whyThere(context, told) : ''
    const returned = returnedReply(context)
    return [
      finding(
        'reply-dropped',
        'error',
        `${nameRef(end)} ${outcome} the reply to ${asked}${why === '' ? '' : ` (${why})`}${there}.${returned?.words ?? ''}`,
        {
          steps: [ended.step + 1],
          rules: [end, ...(returned ? [returned.ref] : [])],
          [FOR_REPORTS]: forReports(context, why, there),
          fix:
            end.family === 'netdev'
              ? propose('accept such replies there', acceptBefore(end, anywhere(packet), { answer: true }))
              : end.family === 'bridge' && !tracksFrames(world)
                ? propose('accept such replies there', acceptBefore(end, packet, { answer: true }))
                : place && spot
                  ? acceptReplies(context, end, spot, opening)
                  : [],
        },
      ),
    ]
  },
}

/**
 * Where the ruleset would accept the reply but for the rule that stopped it, that rule may be there to stop replies, too: those
 * of connections that nat led here are not what it keeps apart.
 */
function acceptReplies(context: Context, end: RuleRef, spot: Spot, { dst, dport }: Packet): Proposal[] {
  const { src, sport } = context.journey.packet
  const goal = goals(context).find(({ kind }) => kind === 'pass')
  const isException = context.evidence.arrivals[context.ended.step]!.rule && goal && isAcceptedLater(context, goal)
  const isRewritten = (dst ?? src) !== src || (dport ?? sport) !== sport
  const only = onlyWayOut(context)
  const accept = (chosen: Chosen) => changesOf(end).add(end, spot, chosen, { kind: 'accept' })
  return [
    ...(isException && isRewritten
      ? propose(
          'accept replies of connections whose destination nat has rewritten',
          accept({ kind: 'answers', rewritten: true }),
          'accepts only packets of such connections that another rule accepted',
        )
      : []),
    ...propose(
      ACCEPT_REPLIES,
      accept({ kind: 'answers', ...(only === undefined || src === undefined ? {} : { toOthers: { from: src } }) }),
      only !== undefined
        ? `accepts only replies from ${src} to connections that other hosts opened: all else still leaves only by ${only}`
        : isException
          ? 'accepts the replies of every connection that another rule accepted'
          : 'accepts only packets of connections that another rule accepted',
    ),
  ]
}

/**
 * The interface by which alone the rules let out what this host sends wherever it goes, as a tunnel: its connections may not go
 * on by another one once that is down.
 */
function onlyWayOut({ ended, evidence }: Context): string | undefined {
  const { chain, rule, hook, packet } = evidence.arrivals[ended.step]!
  if (hook !== 'output') return undefined
  // a rule stops what leaves by any other, or a policy what no rule accepts by its interface alone
  const among = rule
    ? rule.conditions.filter(isNegated)
    : (chain?.rules ?? []).flatMap((one) =>
        verdictOf(one).ending === 'accept' && one.conditions.length === 1 && !isNegated(one.conditions[0]!)
          ? one.conditions
          : [],
      )
  return among.map(deviceOut).find((device) => device !== undefined && device !== 'lo' && device !== packet.out)
}

/** Of a condition that asks by which one interface the packet leaves, negated or not. */
function deviceOut(condition: Condition): string | undefined {
  const asked = condition.kind === 'not' ? condition.of : condition
  return asksOutput(asked) && asked.kind === 'compare' && typeof asked.value === 'string' ? asked.value : undefined
}

/** Any of many may reply: it is the rules that do not know such a reply, and no server is wrong. */
function ofMany(context: Context): Detected | undefined {
  const { journey, world, ended, evidence } = context
  const { packet, outcome } = journey
  const many = askedMany(packet, world)
  const end = refAt(context, ended.step)
  if (!many || !end) return undefined
  const { entry, what } = many
  const { original, reply } = entry
  const [asked, from] = [describeEnd(reply.src, reply.sport), describeEnd(packet.src, packet.sport)]
  const { ctState } = { ...packet, ...evidence.arrivals[ended.step]!.packet }
  const state = packet.protocol === 'udp' ? 'it begins one of its own (NEW)' : 'it is INVALID'
  const helper = helperOf(many)
  const message = `${nameRef(end)} ${outcome} a reply to what ${describeEnd(original.src, original.sport)} sent to ${asked}, ${what}: each host replies to that from its own address, here ${from}. So conntrack does not assign it to the connection${ctState === 'untracked' ? '' : `: ${state}`}.`
  return finding('reply-dropped', 'error', message, {
    steps: [ended.step + 1],
    rules: [end],
    fix:
      helper !== undefined && isLocal(original.src, world.host) !== false
        ? [
            {
              description: `assign conntrack's helper ${helper} to what this host sends to udp port ${reply.sport} (in output), and accept RELATED: the helper expects a reply from every host of the network`,
              unverified: 'not tried on the model',
            },
          ]
        : [],
  })
}

/** A server of several addresses, or a balancer: TCP does not take it for the reply either, were it accepted. */
function fromOtherAddress(context: Context): Detected | undefined {
  const { journey, world, ended } = context
  const { packet, outcome } = journey
  const entry = entryAskedElsewhere(packet, world)
  const end = refAt(context, ended.step)
  if (!entry || !end) return undefined
  const { original, reply } = entry
  const asker = describeEnd(original.src, original.sport)
  const [asked, from] = [describeEnd(reply.src, reply.sport), describeEnd(packet.src, packet.sport)]
  const message = `${nameRef(end)} ${outcome} a reply from an address that was not asked: the request of ${asker} went to ${asked}, but this packet comes from ${from}. So conntrack does not assign it to the connection${packet.protocol === 'udp' ? '' : `, and ${original.src} would not accept it as the reply`}.`
  return finding('reply-dropped', 'error', message, {
    steps: [ended.step + 1],
    rules: [end],
    fix: [
      {
        description: `make the server reply from ${reply.src}: bind its program to that address, or make it the preferred source address (src) of the server's route`,
        unverified: 'the server is another machine',
      },
    ],
  })
}

/** Has this host asked? Without its addresses and routes the hook tells. */
function isOwn({ journey: { packet }, world, evidence, ended }: Context): boolean {
  const opening = openingOf(packet, world)
  return opening ? opening.in === undefined : evidence.arrivals[ended.step]!.hook === 'input'
}

/**
 * Frames are tracked only where a rule of a bridge's table asks for states, or sets what a connection has, and not by every
 * kernel (nf_conntrack_bridge).
 */
const tracksFrames = ({ tables }: World): boolean =>
  tables.some(
    ({ family, chains }) =>
      family === 'bridge' &&
      [...chains.values()].some(({ rules }) =>
        rules.some(
          ({ conditions, statements }) => conditions.some(asksConnection) || statements.some(concernsConnection),
        ),
      ),
  )

const isOfConnection = (field: string): boolean => field.startsWith('ct ')

const asksConnection = (condition: Condition): boolean =>
  simpleConditions(condition).some((one) =>
    'fields' in one ? one.fields.some(isOfConnection) : 'field' in one && isOfConnection(one.field),
  )

const concernsConnection = (one: Statement): boolean =>
  (one.kind === 'vmap' && one.map.fields.some(isOfConnection)) || (one.kind === 'set' && isOfConnection(one.field))

/** Which ports it passes is not known to a device's chain. */
const anywhere = ({ in: _, out: __, srcMac: ___, dstMac: ____, ...packet }: Packet): Packet => packet

/** Does connection tracking know the packet in the chain that ended it? A jump leads there from a base chain. */
function isBehindTracking({ evidence: { arrivals }, ended }: Context): boolean {
  const base = [...wayTo(arrivals, ended.step)].map((at) => arrivals[at]!.chain).find((one) => one?.hook !== undefined)
  const { hook } = arrivals[ended.step]!
  // it looks at packets where they come in, and where this host sends them
  if (hook === 'forward' || hook === 'input' || hook === 'postrouting') return true
  if (base?.priority === undefined) return hook !== 'prerouting'
  return base.priority > TRACKING
}
