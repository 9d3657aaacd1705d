/**
 * Every blocker, one repair: where one fix does not bring request and reply through, what stops them then is explained in
 * turn, and its fixes are tried on top, until both get through. The smallest set that does is offered as one fix.
 */
import { applyEdits } from '../edits/apply.ts'
import type { Engine } from '../journey/engine.ts'
import type { Evidence } from '../journey/evidence.ts'
import type { Edit } from '../model/edit.ts'
import { FOR_REPORTS } from '../model/for-reports.ts'
import type { Finding, Fix, Journey, Outcome, RuleRef } from '../model/journey.ts'
import { getsThrough, isPassed, isStopped, isStoppedByRule } from '../model/outcome-kinds.ts'
import type { World } from '../model/world.ts'
import type { WalkBudget } from '../rules/walk-budget.ts'
import { finding } from './context.ts'
import { playAgain } from './explain.ts'
import { ownerOfAll } from './owners/undone.ts'
import { nameRef } from './refs.ts'
import { asksForReply, natSeen } from './reply/request-reply.ts'
import { harmOf, leadsOthersAway } from './verify-fixes/bystanders.ts'
import { explainAnswer, type Reproduction } from './verify-fixes/reproduce.ts'
import {
  accusedBehind,
  asideOf,
  limitOf,
  playAllWays,
  stillWrong,
  stopsNext,
  uselessBy,
  type Way,
} from './verify-fixes/verify.ts'
import { TAKES_ALL } from './why-there.ts'

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
}

interface State {
  world: World
  steps: readonly RepairStep[]
  /** What was stopped on the way here; the last one is what is stopped now. */
  stops: readonly Journey[]
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
    const nearest = steps.find(({ finding }) => sendsElsewhere(finding))?.finding
    const isMeantFirst = ({ finding }: RepairStep) => finding === nearest || !sendsElsewhere(finding)
    const chosen = first.length > 0 ? first : steps.filter(isMeantFirst)
    isLeftOut ||= chosen.length < steps.length
    return chosen
  })
  return mended ?? (isLeftOut ? searchAmong(reproduction, isMeant, begin) : undefined)
}

/** A rule of nat that nearly took it. */
const sendsElsewhere = (one: Finding): boolean => one[FOR_REPORTS]?.wouldGiveDestination === true

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
  let states: State[] = [{ world: from, steps: done, stops: [first.stopped] }]
  for (let depth = 0; depth < MOST_STEPS && states.length > 0; depth++) {
    const next: State[] = []
    const slower: State[] = []
    for (const { world, steps, stops } of states) {
      const accused = accusedBehind(reproduction, stops)
      for (const step of choose(candidates(stops.at(-1)!))) {
        if (!isMeant(step.fix) || steps.some((one) => isOfSameRule(one.fix, step.fix))) continue
        if (tried++ >= MOST_TRIED) return wide
        const applied = applyEdits(world, step.fix.edits!)
        const came = 'error' in applied ? undefined : comesTo(reproduction, applied.world, accused)
        if ('error' in applied || !came) continue
        const all = [...steps, step]
        const { stopped, ...through } = came
        if (!stopped) {
          if (harmOf(reproduction, applied.world) !== undefined || stopsNext(reproduction, applied.world)) continue
          const found = { steps: all, ...through }
          if (!leadsOthersAway(reproduction, applied.world)) return found
          wide ??= { ...found, isWide: true }
          continue
        }
        const isNew = (of: (journey: Journey) => string) => !stops.some((one) => of(one) === of(stopped))
        const state = { world: applied.world, steps: all, stops: [...stops, stopped] }
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
function candidates({ findings }: Journey): RepairStep[] {
  const stop = findings.find(({ code }) => STOPPED_BY.has(code))
  const steps = findings.flatMap((one) =>
    one.fix
      .filter(({ edits, undo }) => edits && undo)
      .map((fix): RepairStep => ({ finding: one, fix, ...(stop ? { stop } : {}) })),
  )
  const distinct = [...new Map(steps.map((step) => [JSON.stringify(step.fix.edits), step])).values()]
  // what is wrong for certain goes first
  const isSure = ({ code, severity }: Finding) =>
    code === 'reply-dropped' || ((code === 'near-miss' || code === 'goto-skips') && severity === 'warning')
  const isTold = ({ code, severity }: Finding) => severity !== 'note' || code === 'near-miss' || code === 'missing-rule'
  // what fits this very case goes before what fits every drop
  const fitsAny = ({ code }: Finding) => /^(dropped|rejected)-by-/.test(code)
  const rank = ({ finding, fix }: RepairStep) =>
    isPolicy(fix) ? 4 : isSure(finding) ? 0 : !isTold(finding) ? 3 : fitsAny(finding) ? 2 : 1
  return distinct.sort((a, b) => rank(a) - rank(b))
}

/** It opens everything. A new chain of nft's says its hook, too. */
const isPolicy = ({ edits = [], undo = [] }: Fix): boolean =>
  edits.some(
    (edit) =>
      edit.kind === 'chain' ||
      (edit.kind === 'nft' && 'chain' in edit.object && !('hook' in Object(edit.object.chain))),
  ) || undo.some(leadsToChain)

/** What is no longer led to its chain is filtered by nobody. */
const leadsToChain = (edit: Edit): boolean =>
  edit.kind === 'nft' && edit.op === 'add' && /element.*"(jump|goto)"/.test(JSON.stringify(edit.object))

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
  if (wrong) return { after, stopped: wrong.isAnswer ? explainAnswer(reproduction, asked!, answer!, world) : request }
  if ((!asked || !answer) && isOpeningAlone(reproduction)) return undefined
  const aside = asideOf(way, world)
  return { after, ...(aside === undefined ? {} : { aside }) }
}

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
export function asOneFix({ steps, after, unless, aside }: Repair, { engine }: Reproduction): Fix {
  const notes = [
    ...new Set(
      [unless, aside, ...steps.flatMap(({ fix }) => fix.note?.split('; '))].filter((one) => one !== undefined),
    ),
  ]
  return {
    description: steps.map(({ fix }) => fix.description).join('; then '),
    edits: steps.flatMap(({ fix }) => fix.edits ?? []),
    undo: steps.toReversed().flatMap(({ fix }) => fix.undo ?? []),
    verified: engine.id,
    after,
    ...(notes.length > 0 ? { note: notes.join('; ') } : {}),
    ...ownerOfAll(steps.map(({ fix }) => fix)),
  }
}

/** Is a repair worth searching: is it stopped, or does it do no good where it gets to? */
export const needsRepair = (journey: Journey): boolean =>
  isStopped(journey.outcome) ||
  isQueuedForNobody(journey) ||
  (isPassed(journey.outcome) && uselessBy(journey) !== undefined)

/** The kernel drops what no program takes from its queue. */
const isQueuedForNobody = ({ outcome, findings }: Journey): boolean =>
  outcome === 'queued' && findings.some(({ code, severity }) => code === QUEUED_FOR_NOBODY && severity === 'error')

const QUEUED_FOR_NOBODY = 'queue-without-listener'

/** Of a request that was stopped, where no single fix brings it and its reply through. `evidence`: of the explained journey. */
export function severalCauses(
  evidence: Evidence,
  explained: Journey,
  world: World,
  engine: Engine,
  given?: WalkBudget,
): Finding | undefined {
  const nearest = explained.findings.find(sendsElsewhere)
  const mending = explained.findings
    .filter((one) => one === nearest || !sendsElsewhere(one))
    .flatMap(({ fix }) => fix.filter(getsThrough))
  // a policy opens everything: what is narrower goes before it, even in two steps
  if (!mending.every(isPolicy) || !asksForReply(explained, natSeen(evidence), world)) return undefined
  Object.assign(evidence.journey, { outcome: explained.outcome, findings: explained.findings })
  const reproduction = playAgain(evidence, world, engine, given)
  if ('reason' in reproduction) return undefined
  const repair = searchRepair(reproduction, (fix) => mending.length === 0 || !isPolicy(fix))
  if (!repair || repair.steps.length < 2) return undefined
  const { steps } = repair
  const rulesOf = ({ rules }: Finding) => rules.map((rule) => asSaved(rule, reproduction.world))
  return finding('several-causes', 'error', messageOf(steps, rulesOf), {
    rules: steps.flatMap(({ finding }) => rulesOf(finding)),
    fix: [asOneFix(repair, reproduction)],
  })
}

const UNKNOWN_SOURCE = 'not-masqueraded'

const COUNTS = ['No', 'One', 'Two', 'Three', 'Four']

/** What stops it behind the first steps has the number that it has then; people know the rule by the one that it has now. */
function asSaved(ref: RuleRef, { tables }: World): RuleRef {
  const { family, table, chain, ruleNumber: number, rule } = ref
  if (number === undefined || rule === undefined) return ref
  const rules = tables.find((one) => one.family === family && one.name === table)?.chains.get(chain)?.rules ?? []
  const farFrom = (one: { ruleNumber: number }) => Math.abs(one.ruleNumber - number)
  const [saved] = rules.filter(({ text }) => text === rule).sort((a, b) => farFrom(a) - farFrom(b))
  return saved ? { ...ref, ruleNumber: saved.ruleNumber } : ref
}

/** Findings whose first rule stopped it; a rule that came near, or is too late, stops nothing. */
const STOPPED_BY = new Set([
  'dropped-by-rule',
  'dropped-by-policy',
  'dropped-by-mark',
  'rejected-by-rule',
  'reply-dropped',
])

function messageOf(steps: readonly RepairStep[], rulesOf: (finding: Finding) => readonly RuleRef[]): string {
  // that its source may be a stranger's stops nothing here
  const stops = steps.filter(({ finding }) => finding.code !== UNKNOWN_SOURCE)
  const isSourceKept = stops.length < steps.length
  const [first] = stops
  if (first && !STOPPED_BY.has(first.finding.code) && first.finding.rules.length > 0) {
    const [own, ...others] = stops.map(({ finding }) => rulesOf(finding)[0]).filter((rule) => rule !== undefined)
    const named = [...new Map(others.map((rule) => [nameRef(rule), { rule, text: nameRef(rule) }])).values()]
    const distinct = named.filter(({ text }) => text !== nameRef(own!))
    const changes = distinct.length === 0 ? '' : ` Then ${listed(distinct)} must change, too.`
    const unruled = stops.slice(1).filter(({ finding: { rules } }) => rules.length === 0)
    const reasons = [...new Set(unruled.map(({ finding: { message } }) => message))]
    const again = reasons.length === 0 ? '' : ` ${reasons.map((reason) => `Another cause: ${reason}`).join(' ')}`
    return `${first.finding.message}${isSourceKept ? ' Also, no rule rewrites its source.' : `${changes}${again}`}`
  }
  const causes = stops.map(({ finding, stop = finding }): { rule?: RuleRef; text: string } => {
    const [rule] = sendsIt(finding) ? [] : rulesOf(finding.rules.length === 0 ? finding : stop)
    // a policy that accepts stops nothing, nor does the end of a chain
    return rule?.rule !== undefined && !/^(policy accept|-P \S+ ACCEPT)$/.test(rule.rule)
      ? { rule, text: nameRef(rule) }
      : { text: asClause(finding.message) }
  })
  const distinct = causes.filter(({ text }, i) => causes.findIndex((one) => one.text === text) === i)
  const [only] = distinct.length === 1 ? stops : []
  const names = `${listed(distinct)}${only && distinct[0]!.rule ? matchedWords(only.finding) : ''}`
  if (isSourceKept && first) {
    // a sentence of its own, where no rule stops it
    if (distinct.length === 1 && first.finding.rules.length === 0)
      return `${first.finding.message} Also, no rule rewrites its source.`
    return `${names} ${distinct.length === 1 ? 'stops' : 'stop'} this exchange, and no rule rewrites its source.`
  }
  const all = only?.finding.message.includes(TAKES_ALL) ? ` ${TAKES_ALL}.` : ''
  if (distinct.length === 1)
    return `${names} stops the request, and would stop ${steps.at(-1)!.finding.code === 'reply-dropped' ? 'its reply' : 'the exchange again at a later step'}.${all}`
  const [{ rule: ownRule } = {}, ...behind] = distinct
  // what no rule does is a sentence of its own
  if (first && !ownRule) {
    const ruled = behind.filter(({ rule }) => rule)
    const too = ruled.length === 0 ? [] : [`${listed(ruled)} ${ruled.length === 1 ? 'stops' : 'stop'} it, too.`]
    const others = behind.flatMap(({ rule, text }) => (rule ? [] : [`Another cause: ${text}.`]))
    return [first.finding.message, ...too, ...others].join(' ')
  }
  const what = distinct.every(({ rule }) => rule) ? 'rules' : 'things'
  return `${COUNTS[distinct.length]} ${what} stop this exchange: ${names}.`
}

/** The rule that is named with it stops nothing: it sent the packet there. */
const sendsIt = ({ code }: Finding): boolean => code === 'vanished-no-route' || code === 'dnat-mismatch'

/** The first sentence, as one of several things. */
const asClause = (message: string): string =>
  message
    .split(/\.(?: |$)/)[0]!
    .replace(/^(?:It|Routing|The) /, (word) => word.toLowerCase())
    .replace(/: one of them is wrong$/, '')

/** ` (tcp dport 80)`: what the rule that stopped it matches, as its finding says it. */
function matchedWords({ code, [FOR_REPORTS]: { matched } = {} }: Finding): string {
  return matched !== undefined && (code === 'dropped-by-rule' || code === 'rejected-by-rule') ? ` (${matched})` : ''
}

/** `inet fw input handle 3 and forward handle 7`: a table's name once. */
function listed(causes: readonly { rule?: RuleRef; text: string }[]): string {
  const names = causes.map(({ rule, text }, i) => {
    const before = causes[i - 1]?.rule
    const isSame = rule && before && rule.family === before.family && rule.table === before.table
    return isSame ? text.slice(text.indexOf(`${rule.table} `) + rule.table.length + 1) : text
  })
  const last = names.pop() ?? ''
  return names.length === 0 ? last : `${names.join(', ')} and ${last}`
}
