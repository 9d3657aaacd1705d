/**
 * Every blocker, one repair: where one fix does not bring request and reply through, what stops them then is explained in
 * turn, and its fixes are tried on top, until both get through. The smallest set that does is offered as one fix.
 */
import { applyEdits } from '../../edits/apply.ts'
import type { Edit } from '../../model/edit.ts'
import { FOR_REPORTS } from '../../model/for-reports.ts'
import type { Finding, Fix, Journey, Outcome } from '../../model/journey.ts'
import { isPassed, isStoppedByRule } from '../../model/outcome-kinds.ts'
import type { World } from '../../model/world.ts'
import { refuses } from '../../rules/route.ts'
import { OPENS_ALL_DROPPED } from '../changes/proposal.ts'
import { sayable } from '../changes/sayable.ts'
import { finding } from '../context.ts'
import { isOwnTable } from '../host/routes.ts'
import type { OtherUplink } from '../reply/back-out.ts'
import { harmOf, leadsOthersAway } from '../verify-fixes/bystanders.ts'
import { asideOf, type Way } from '../verify-fixes/reply-ways.ts'
import { explainAnswer, type Reproduction } from '../verify-fixes/reproduce.ts'
import { accusedBehind, limitOf, nextStopped, playAllWays, stillWrong } from '../verify-fixes/verify.ts'
import { givenWords } from '../verify-fixes/what-stands.ts'
import { joinedFix, notesOf } from './joined-fix.ts'

/** That its source may be a stranger's stops nothing, and what mends it opens nothing. */
export const UNKNOWN_SOURCE = 'not-masqueraded'
/** Changes one behind the other, at most. */
const MOST_STEPS = 4
/** Worlds tried in all: each costs some plays. */
const MOST_TRIED = 60

export interface RepairStep {
  /** What it mends. */
  finding: Finding
  fix: Fix
  /** What says which rule or policy stopped it, where one did. */
  stop?: Finding
  /** It is the reply that is stopped. */
  isOfReply?: true
}

interface State {
  world: World
  steps: readonly RepairStep[]
  /** What was stopped on the way here; the last one is what is stopped now. */
  stops: readonly Journey[]
  /** That one is the reply. */
  isReply?: true
}

/** Changes that together bring request and reply through. */
interface Repair {
  steps: readonly RepairStep[]
  /** The request's outcome then. */
  after: Outcome
  /** What it hangs on. */
  unless?: string
  /** What is to be known of it all the same. */
  aside?: string
  /** It changes the way of other packets. */
  isWide?: true
}

/** Undefined where no set is found. A policy opens everything: even more commands that are narrow go before it. */
export const searchRepair = (
  reproduction: Reproduction,
  isMeant: (fix: Fix) => boolean = () => true,
  begin?: RepairStep,
): Repair | undefined => {
  const narrow = searchNarrow(reproduction, (fix) => isMeant(fix) && !isPolicy(fix), begin)
  return narrow && !narrow.isWide ? narrow : (searchAmong(reproduction, isMeant, begin) ?? narrow)
}

/** To a wrong place it may get with fewer changes: where nat is mistaken, that is mended first, and by the rule that came nearest. */
function searchNarrow(reproduction: Reproduction, isMeant: IsMeant, begin?: RepairStep): Repair | undefined {
  let isLeftOut = false
  const mended = searchAmong(reproduction, isMeant, begin, (steps) => {
    const first = steps.filter(({ finding }) => finding[FOR_REPORTS]?.goesFirst)
    const findings = steps.map(({ finding }) => finding)
    const isNearest = nearestAmong(findings)
    const isItself = withoutStandIns(findings)
    const chosen = first.length > 0 ? first : steps.filter(({ finding: one }) => isNearest(one) && isItself(one))
    isLeftOut ||= chosen.length < steps.length
    return chosen
  })
  return mended ?? (isLeftOut ? searchAmong(reproduction, isMeant, begin) : undefined)
}

/** Of rules of nat that nearly took it to another destination, only the first, which came nearest; and whatever is no such rule. */
export function nearestAmong(findings: readonly Finding[]): (one: Finding) => boolean {
  const sendsElsewhere = (one: Finding) => one[FOR_REPORTS]?.wouldGiveDestination === true
  const nearest = findings.find(sendsElsewhere)
  return (one) => one === nearest || !sendsElsewhere(one)
}

/** Where something is said to have kept it from its source, a source made up for it hides that: it may leave by the wrong uplink. */
function withoutStandIns(findings: readonly Finding[]): (one: Finding) => boolean {
  const isKnown = findings.some(({ code, severity }) => severity !== 'note' && KEPT_FROM_SOURCE.has(code))
  return ({ code }) => !isKnown || code !== UNKNOWN_SOURCE
}

const KEPT_FROM_SOURCE: ReadonlySet<string> = new Set(['mark-missing', 'snat-skipped'])

type IsMeant = (fix: Fix) => boolean

/** `begin`: what is done in any case, though nothing was stopped before. `choose`: of what is proposed at one place, what is tried. */
function searchAmong(
  reproduction: Reproduction,
  isMeant: IsMeant,
  begin?: RepairStep,
  choose: (steps: RepairStep[]) => RepairStep[] = (steps) => steps,
): Repair | undefined {
  const begun = begin && applyEdits(reproduction.world, begin.fix.edits ?? [])
  if (begun && 'error' in begun) return undefined
  const { world: from } = begun ?? reproduction
  const done = begin ? [begin] : []
  const first = comesTo(reproduction, from)
  if (!first?.stopped)
    return first && begin && harmOf(reproduction, from) === undefined ? { ...first, steps: done } : undefined
  let tried = 0
  // what changes the way of other packets is better than nothing
  let wide: Repair | undefined
  let states: State[] = [
    { world: from, steps: done, stops: [first.stopped], ...(first.isReply ? { isReply: true } : {}) },
  ]
  for (let depth = 0; depth < MOST_STEPS && states.length > 0; depth++) {
    const next: State[] = []
    const slower: State[] = []
    for (const { world, steps, stops, isReply } of states) {
      const accused = accusedBehind(reproduction, stops)
      for (const step of choose(candidates(stops.at(-1)!, isReply))) {
        if (!isMeant(step.fix) || steps.some((one) => isOfSameRule(one.fix, step.fix))) continue
        if (tried++ >= MOST_TRIED) return wide
        const applied = applyEdits(world, step.fix.edits!)
        const came = 'error' in applied ? undefined : comesTo(reproduction, applied.world, accused)
        if ('error' in applied || !came) continue
        const all = [...steps, step]
        if (!came.stopped && harmOf(reproduction, applied.world) !== undefined) continue
        const {
          stopped,
          isReply: isOfReply,
          ...through
        } = came.stopped ? came : behindNext(reproduction, applied.world, came)
        if (!stopped) {
          const found = { steps: all, ...through }
          if (!leadsOthersAway(reproduction, applied.world)) return found
          wide ??= { ...found, isWide: true }
          continue
        }
        // a rule that refuses it on the way that this opened says what the refusal was there for
        if (removesGuard(step.fix) && !isOfReply && isStoppedByRule(stopped.outcome)) continue
        const isNew = (of: (journey: Journey) => string) => !stops.some((one) => of(one) === of(stopped))
        const state: State = {
          ...{ world: applied.world, steps: all, stops: [...stops, stopped] },
          ...(isOfReply ? { isReply: true } : {}),
        }
        if (isNew(placeOf)) next.push(state)
        else if (isNew(wayOf)) slower.push(state)
      }
    }
    if (wide) return wide
    states = [...next, ...slower]
  }
  return undefined
}

/** What one and the same journey's findings propose; what opens more than this exchange comes last. */
function candidates({ findings }: Journey, isReply?: true): RepairStep[] {
  const stop = findings.find(({ code }) => STOPPED_BY.has(code))
  const steps = findings.flatMap((one) =>
    one.fix
      .filter(({ edits, undo }) => edits && undo)
      .map(
        (fix): RepairStep => ({
          ...{ finding: one, fix },
          ...(stop ? { stop } : {}),
          ...(isReply ? { isOfReply: true } : {}),
        }),
      ),
  )
  const distinct = [...new Map(steps.map((step) => [JSON.stringify(step.fix.edits), step])).values()]
  // what is wrong for certain goes first
  const isSure = ({ code, severity }: Finding) =>
    code === 'reply-dropped' || ((code === 'near-miss' || code === 'goto-skips') && severity === 'warning')
  const isTold = ({ code, severity }: Finding) => severity !== 'note' || code === 'near-miss' || code === 'missing-rule'
  // what fits this very case goes before what fits every drop
  const fitsAny = ({ code }: Finding) => /^(dropped|rejected)-by-/.test(code)
  const rank = ({ finding, fix, isOfReply }: RepairStep) => {
    if (isPolicy(fix)) return 4
    if (isOfReply && addsMember(fix)) return 3
    return isSure(finding) ? 0 : !isTold(finding) ? 3 : fitsAny(finding) ? 2 : 1
  }
  return distinct.sort((a, b) => rank(a) - rank(b))
}

/** Whoever replies need not be a member of those who may ask. */
const addsMember = ({ edits = [] }: Fix): boolean =>
  edits.some(
    (one) =>
      (one.kind === 'ipset' && one.op === 'add') || (one.kind === 'nft' && one.op === 'add' && 'element' in one.object),
  )

/** It opens everything, or for all that bridges pass on. A new chain of nft's says its hook, too. */
export const isPolicy = ({ edits = [], undo = [] }: Fix): boolean =>
  edits.some(
    (edit) =>
      edit.kind === 'chain' ||
      (edit.kind === 'sysctl' && edit.value === '0' && edit.name.startsWith('net.bridge.bridge-nf-call-')) ||
      (edit.kind === 'nft' && 'chain' in edit.object && !('hook' in Object(edit.object.chain))),
  ) || undo.some(leadsToChain)

/** Others are let through with it: by the policy, or as the rule that stops them, too, is gone. */
export const opensForOthers = (fix: Fix): boolean => isPolicy(fix) || notesOf(fix).includes(OPENS_ALL_DROPPED)

/** Each of its steps opens one service, or replies, alone. */
export const opensForNoOthers = (steps: readonly RepairStep[]): boolean =>
  steps.every(({ finding: { code }, fix }) => code !== UNKNOWN_SOURCE && notesOf(fix).some(saysOnly))

/** What is no longer led to its chain is filtered by nobody. */
const leadsToChain = (edit: Edit): boolean =>
  edit.kind === 'nft' && edit.op === 'add' && /element.*"(jump|goto)"/.test(JSON.stringify(edit.object))

/** What a table of its own, or a routing rule, refused goes on by the routing rules after it: by an uplink that it was kept from. */
const removesGuard = ({ edits = [] }: Fix): boolean =>
  edits.some(
    (edit) =>
      (edit.kind === 'route' && edit.op === 'del' && refuses(edit.route.type) && !isOwnTable(edit.route.table)) ||
      (edit.kind === 'routing-rule' && edit.op === 'del' && refuses(edit.rule.action)),
  )

/** Does the one delete what the other replaced, or replace it again? Taken back, nft gives the rule another handle than the first one's undo names. */
function isOfSameRule(one: Fix, other: Fix): boolean {
  const changed = new Set(handlesOf(one))
  return handlesOf(other).some((handle) => changed.has(handle))
}

const handlesOf = ({ edits = [] }: Fix): string[] =>
  edits.flatMap((edit) => {
    if (edit.kind !== 'nft' || (edit.op !== 'replace' && edit.op !== 'delete') || !('rule' in edit.object)) return []
    const { family, table, chain, handle } = Object(edit.object.rule)
    return [`${family} ${table} ${chain} ${handle}`]
  })

interface Came {
  after: Outcome
  /** What is stopped, the request or its reply. */
  stopped?: Journey
  /** It is the reply. */
  isReply?: true
  /** What it hangs on that nothing is. */
  unless?: string
  /** What is to be known of it all the same. */
  aside?: string
}

/** What the exchange comes to in this World, whatever chance chooses. Undefined: nothing can be told. */
function comesTo(reproduction: Reproduction, world: World, accused?: ReadonlySet<string>): Came | undefined {
  const ways = playAllWays(reproduction, world)
  if (typeof ways === 'string') return undefined
  const all = ways.map((way) => ({ way, came: oneWay(reproduction, world, way, accused) }))
  // the last is the one of who was not seen lately
  const stopped = all.findLast(({ came }) => came?.stopped)
  if (!stopped) return all.every(({ came }) => came) ? all[0]!.came : undefined
  const unless = limitOf(all.map(({ way, came }) => ({ way, mends: came !== undefined && !came.stopped })))
  const through = unless === undefined ? undefined : all.find(({ came }) => came && !came.stopped)?.came
  return through ? { ...through, unless: unless! } : stopped.came
}

function oneWay(reproduction: Reproduction, world: World, way: Way, accused?: ReadonlySet<string>): Came | undefined {
  const { told, asked, answer } = way
  const after = told.ended.outcome
  const request = reproduction.explain(told, world)
  if (!isPassed(after)) return { after, stopped: request }
  const wrong = stillWrong(request, way, reproduction, world, accused)
  if (wrong?.instead) return { after, stopped: reproduction.explain(wrong.instead, world) }
  if (wrong?.isAnswer) {
    const reply = explainAnswer(reproduction, asked!, answer!, world)
    return { after, stopped: wrong.uplink ? withUplink(reply, wrong.uplink) : reply, isReply: true }
  }
  if (wrong) return { after, stopped: request }
  if ((!asked || !answer) && isOpeningAlone(reproduction)) return undefined
  const aside = asideOf(way, reproduction, world)
  return { after, ...(aside === undefined ? {} : { aside }) }
}

/** It gets through, and nat may send the next such packet to another of several, where that is stopped. */
function behindNext(reproduction: Reproduction, world: World, came: Came): Came {
  const next = nextStopped(reproduction, world)
  if (!next) return came
  const { told, asked, answer } = next
  return isPassed(told.ended.outcome) && asked && answer
    ? { ...came, stopped: explainAnswer(reproduction, asked, answer, world), isReply: true }
    : { ...came, stopped: reproduction.explain(told, world) }
}

/** No rule has stopped it, and no finding of its own says what is wrong. */
const withUplink = (reply: Journey, { why, cause, fix }: OtherUplink): Journey => ({
  ...reply,
  findings: [
    finding('reply-by-other-uplink', 'warning', why, {
      [FOR_REPORTS]: { cause: { request: cause, reply: cause } },
      fix: fix.map(sayable),
    }),
    ...reply.findings,
  ],
})

/** A request without a reply that could be played proves nothing. */
const isOpeningAlone = ({ packet }: Reproduction): boolean =>
  packet.protocol === 'tcp' && packet.tcpFlags?.includes('syn') === true && !packet.tcpFlags.includes('ack')

/** What no rule stops is told apart by what is said of it: routing may refuse it twice. One and the same rule may stop it on another way, or for another host. */
function placeOf({ steps, outcome, packet, findings }: Journey): string {
  const { hook, table, chain, kind, rule, dst, dport, out } = steps.at(-1) ?? {}
  const { message } = findings.find(({ severity }) => severity !== 'note') ?? {}
  const why = isStoppedByRule(outcome) ? '' : message
  return [packet.src, outcome, hook, table, chain, kind, rule, dst, dport, out, why].join(' ')
}

/** Stopped at the same place, it may have met other rules before, and miss one of those by something else. */
const wayOf = ({ packet, steps }: Journey): string =>
  [packet.src, ...steps.map(({ table, chain, kind, rule }) => `${table} ${chain} ${kind} ${rule}`)].join('\n')

/** All steps as one fix. */
export function asOneFix({ steps, after, unless, aside }: Repair, reproduction: Reproduction): Fix {
  const isWider = steps.some(mayOpenMore)
  const given = givenWords(reproduction, true)
  const fixes = steps.map(({ fix }) => fix)
  const notes = [...given, unless, ...steps.map(whichIsRight), aside, ...fixes.flatMap(notesOf)]
  return joinedFix(
    fixes,
    { verified: reproduction.engine.id, after, given },
    notes.filter((one): one is string => one !== undefined && !(isWider && saysOnly(one))),
  )
}

/** That a step opens one service alone is true of all steps together where no other one opens more. */
const saysOnly = (note: string): boolean => /^(opens|affects|accepts) only /.test(note)

const mayOpenMore = ({ finding: { code }, fix }: RepairStep): boolean =>
  code !== UNKNOWN_SOURCE && !notesOf(fix).some(saysOnly) && !!fix.edits?.some(({ kind }) => RULES_AND_SETS.has(kind))

const RULES_AND_SETS: ReadonlySet<Edit['kind']> = new Set(['rule', 'chain', 'ipset', 'nft'])

/** Of two rules that name different places either may be mistaken, whatever else is mended with them. */
function whichIsRight({ finding: { [FOR_REPORTS]: { eitherPlace } = {} } }: RepairStep): string | undefined {
  return eitherPlace && `first check which destination is right, ${eitherPlace.join(' or ')}`
}

/** Findings whose first rule stopped it; a rule that came near, or is too late, stops nothing. */
export const STOPPED_BY = new Set([
  'dropped-by-rule',
  'dropped-by-policy',
  'dropped-by-mark',
  'rejected-by-rule',
  'reply-dropped',
])
