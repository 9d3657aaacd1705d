/** Packets of which only LOG lines tell: what the rules at hand, or the lines' prefixes, say of the verdict behind them. */
import type { BehindLog, Logged } from '../../journey/logged.ts'
import type { RuleRef } from '../../model/journey.ts'
import type { Packet } from '../../model/packet.ts'
import type { Rule, Table } from '../../model/ruleset.ts'
import type { World } from '../../model/world.ts'
import { udpDirection } from '../../rules/service-ports.ts'
import type { Proposal } from '../changes/proposal.ts'
import { type Context, type Detected, finding } from '../context.ts'
import { allowedBy, insteadOf } from '../owners/let-in.ts'
import { type Prefixed, prefixOf, type Says, verdictWord } from '../owners/log-prefixes.ts'
import { nameRef, refOf } from '../refs.ts'
import { isOpening } from '../reply/request-reply.ts'

/** Undefined: the line of its verdict was seen. */
export function toldByLogs(context: Context): Detected[] | undefined {
  const { ended, evidence } = context
  const { logged } = evidence
  if (ended.because === 'only-log')
    return [
      logged
        ? onlyLogged(logged, context)
        : (byHelper(context) ?? byConntrack(context) ?? byPrefix(context) ?? unknownLogger(context)),
    ]
  const { stop, loggers = [] } = logged ?? {}
  const isAccepted = stop?.ending === 'accept'
  if (!stop || (stop.basis === 'observed' && !isAccepted)) return undefined
  const by = loggers.map((one) => refOf(context, one.table.name, one.chain, one.rule))
  return [
    finding(
      'capture-ends',
      'note',
      `${namesOf(by)} logged it. That it was ${isAccepted ? 'accepted' : 'stopped'} after that follows from the ruleset: LOG lines do not show it.`,
      { steps: [ended.step], rules: by },
    ),
  ]
}

/** What conntrack itself logs of its helpers (nf_ct_helper_log, net/netfilter/nf_conntrack_helper.c): no rule has this prefix. */
const BY_HELPER = /^nf_ct_([\w.-]+): dropping packet: (.*?)\s*$/

/** A helper reads behind all chains of input and postrouting, and what it cannot read it may drop. */
function byHelper(context: Context): Detected | undefined {
  const { journey, ended, world } = context
  const [, helper, why] = BY_HELPER.exec(journey.steps[ended.step]?.prefix ?? '') ?? []
  if (helper === undefined) return undefined
  journey.outcome = 'vanished'
  const family = journey.family ?? ''
  const rules = world.tables
    .filter((table) => table.family === family || table.family === 'inet')
    .flatMap((table) =>
      [...table.chains.values()].flatMap((chain) =>
        chain.rules
          .filter((rule) => helperBy(table, rule) === helper)
          .map((rule) => refOf(context, table.name, chain, rule)),
      ),
    )
  const by = rules.length === 0 ? '' : ` ${namesOf(rules)} ${rules.length > 1 ? 'assign' : 'assigns'} this helper.`
  return finding(
    'kernel-drop',
    'error',
    `The kernel logged that conntrack's helper ${helper} dropped this packet, behind all rules${why ? `: ${why}` : ''}.${by}`,
    {
      steps: [ended.step + 1],
      rules,
      fix: [
        {
          description: `do not assign helper ${helper} to such connections, then delete their conntrack entries: an entry keeps its helper`,
          unverified: 'the model has no conntrack helpers',
        },
      ],
    },
  )
}

/** What conntrack itself logs of packets that do not suit their connection (nf_ct_l4proto_log_invalid, net/netfilter/nf_conntrack_proto.c). */
const BY_CONNTRACK = /\bnf_ct_proto_\d{1,3}: (.*?)\s*$/

function byConntrack({ journey, ended }: Context): Detected | undefined {
  const [, why] = BY_CONNTRACK.exec(journey.steps[ended.step]?.prefix ?? '') ?? []
  if (why === undefined) return undefined
  return finding(
    'log-prefix',
    'warning',
    `No rule logged it: connection tracking did, because net.netfilter.nf_conntrack_log_invalid is on${why ? ` (${why})` : ''}. ` +
      'It does not drop such a packet. If it calls it invalid, a rule that matches ct state invalid decides.',
    { steps: [ended.step + 1] },
  )
}

/** iptables names the helper itself, nft an object of the table, which may have any name. */
function helperBy({ objects }: Table, { statements }: Rule): unknown {
  const set = statements.find((one) => one.kind === 'set' && one.field === 'ct helper')
  if (set?.kind !== 'set') return undefined
  const { type = set.value }: { type?: unknown } = objects?.get(`ct helper ${set.value}`)?.values ?? {}
  return type
}

/** Nobody gave the rule: all that is known of it is what its author wrote into the prefix. */
function byPrefix(context: Context): Detected | undefined {
  const { journey, ended, world } = context
  const { packet, steps } = journey
  // of several lines of one packet, the one that says why
  const told = steps.findLast(({ prefix = '' }) => prefixOf(prefix)?.because !== undefined) ?? steps[ended.step]
  const prefix = told?.prefix
  if (prefix === undefined) return undefined
  const known = prefixOf(prefix)
  const byWord = known ? undefined : verdictWord(prefix)
  const says = known?.says ?? byWord?.says
  if (says === undefined) return undefined
  const why = known?.because === undefined ? '' : `, because ${known.because}`
  const words = known
    ? `Most likely ${known.by ?? known.writer} ${DONE[says]} it${why}: ${known.writer} uses the log prefix "${prefix.trim()}" for that.`
    : `Most likely it was ${DONE[says]}: its log prefix says "${byWord!.word}".`
  const begins = beginsFlow(packet, world)
  const isLate = known !== undefined && known.because === undefined && says !== 'accept' && begins === false
  const late = isLate ? ' It opens no connection, so connection tracking probably knew none that it belongs to.' : ''
  return finding('log-prefix', 'warning', `${words}${late} The LOG line itself shows no verdict.`, {
    steps: [ended.step + 1],
    fix: known && says !== 'accept' && begins ? letIn(known, packet, world) : [],
  })
}

/** Rules about services decide about no other packet. Undefined: it is of no connection. */
function beginsFlow(packet: Packet, world: World): boolean | undefined {
  const { protocol, tcpFlags } = packet
  if (protocol === 'udp') return udpDirection(packet, world) !== 'reply'
  const opens = isOpening({ packet }, 'unknown', world)
  return opens || (protocol === 'tcp' && tcpFlags) ? opens : undefined
}

function letIn({ owner, because, option }: Prefixed, packet: Packet, world: World): Proposal[] {
  if (because !== undefined) return []
  const allow = allowedBy(owner, packet, world)
  return allow.length > 0 ? allow : [insteadOf(owner, option)]
}

const DONE: Readonly<Record<Says, string>> = {
  drop: 'dropped',
  reject: 'rejected',
  stop: 'dropped or rejected',
  accept: 'accepted',
}

const unknownLogger = ({ ended }: Context): Detected =>
  finding(
    'capture-ends',
    'note',
    'LOG lines show where a packet was seen, not its verdict. Only a trace shows every step.',
    { steps: [ended.step + 1] },
  )

/** Nothing but LOG lines, and what follows them did not stop it, or is not known. */
function onlyLogged({ loggers, ends }: Logged, context: Context): Detected {
  const steps = [context.ended.step + 1]
  const by = loggers.map((one) => refOf(context, one.table.name, one.chain, one.rule))
  const places = ends.map((one) => nameRef(refOfEnd(context, one)))
  const told =
    by.length > 1
      ? `Several rules have the prefix of this log line: ${namesOf(by)}. `
      : `${namesOf(by)} logged this packet. `
  const rules = [...by, ...ends.map((one) => refOfEnd(context, one))]
  const distinct = rules.filter((one, i) => rules.findIndex((other) => nameRef(other) === nameRef(one)) === i)
  return finding('capture-ends', 'warning', `${told}${whatFollows(ends, places)}`, { steps, rules: distinct })
}

function whatFollows(ends: readonly BehindLog[], places: readonly string[]): string {
  const [end] = ends
  if (ends.length > 1) {
    const each = ends.map(({ ending }, i) => `${places[i]} ${DOES[ending]}`)
    return `What comes after that is not known for certain: ${each.join(', or ')}.`
  }
  if (end!.ending === 'unknown')
    return `What comes after that is unknown at ${places[0]}: ${end!.because}. LOG lines do not show verdicts.`
  const next = end!.ending === 'accept' ? ' What later chains did is not logged.' : ''
  return `After that, by the ruleset, ${places[0]} ${DOES[end!.ending]}.${next}`
}

const DOES: Readonly<Record<BehindLog['ending'], string>> = {
  accept: 'accepts it',
  drop: 'drops it',
  reject: 'rejects it',
  queue: 'queues it for a program',
  stolen: 'takes it',
  unknown: 'may decide',
}

/** A rule, or the end of a chain: its policy. */
function refOfEnd(context: Context, { table, chain, rule }: BehindLog): RuleRef {
  if (rule) return refOf(context, table.name, chain, rule)
  const policy = chain.policy ?? 'accept'
  const text = table.kind === 'nft' ? `policy ${policy}` : `-P ${chain.name} ${policy.toUpperCase()}`
  return { family: table.family, table: table.name, chain: chain.name, rule: text }
}

const namesOf = (refs: readonly RuleRef[]): string => refs.map(nameRef).join(', ')
