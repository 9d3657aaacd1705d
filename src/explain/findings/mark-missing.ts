import type { RuleRef } from '../../model/journey.ts'
import { memo } from '../../model/memo.ts'
import type { Rule } from '../../model/ruleset.ts'
import { writesMark } from '../../rules/assign.ts'
import { hex } from '../../rules/iptables/values/numbers.ts'
import { verdictOf } from '../../rules/verdict.ts'
import { changesOf, propose, spotAt } from '../changes/change.ts'
import { masqueradeSpared } from '../changes/own-source.ts'
import type { Proposal } from '../changes/proposal.ts'
import type { Chosen } from '../changes/rule-changes.ts'
import { type Context, type Detected, type Detector, finding } from '../context.ts'
import { asks, fieldOf, isParticular, onlyFailed } from '../counterfactual/failed-condition.ts'
import { type Goal, givesSource, goals } from '../counterfactual/goals.ts'
import { jumpTo } from '../counterfactual/jump-to.ts'
import { lookupOf } from '../counterfactual/map-keys.ts'
import { carries, type Mark, markBehind, markedThere, markText } from '../counterfactual/mark-behind.ts'
import { isForAnotherLink, isForOthers } from '../counterfactual/marked-for-others.ts'
import {
  asked,
  connectionMarksAsked,
  markAsked,
  markGiven,
  namesService,
  someRuleSets,
  type WhyUnmarked,
  whyUnmarked,
} from '../counterfactual/marks.ts'
import { leadBack, misledJump, misledWords } from '../counterfactual/misled-jump.ts'
import { nearMisses } from '../counterfactual/near-misses.ts'
import { passes, refOfSkipped, skippedRules } from '../counterfactual/skipped-rules.ts'
import { hadItMatched, hadItNotMatched } from '../counterfactual/what-if.ts'
import { nameChain, nameRef, refAt, refOf } from '../refs.ts'
import { isAnswer } from '../reply/request-reply.ts'
import { type Described, lost, without } from './mark-lost.ts'
import { missingElement } from './missing-element.ts'
import { turnedLookup } from './not-in-set.ts'
import { numberedRef } from './verdicts.ts'
import { takenByWideElement } from './wide-element.ts'

/** What became of it hung on a mark that it has not, and why it has not. */
export const markMissing: Detector = {
  code: 'mark-missing',
  detect(context) {
    const sure = goals(context).filter((goal) => goal.sure)
    const found = sure.flatMap((goal) =>
      likeliestFirst(context, askers(context, goal)).flatMap((asker, _, all) => tell(context, goal, asker, all)),
    )
    // what only asks that a mark be there, or not, says less than the rule that would have set one
    const led = found.some(({ fix }) => fix.length > 0) ? [] : sure.flatMap((goal) => unled(context, goal))
    return [...led, ...found].slice(0, 1)
  },
}

/** Asked of each several times: all that could have set the mark is gone through. */
const whyOf = memo((context: Context) => memo((asker: Asker) => whyUnmarked(context, asker, asker.step)))

/** Several policies in turn set one mark, and a rule asks for it behind each: the one that names the packet's service says most. */
function likeliestFirst(context: Context, all: readonly Asker[]): readonly Asker[] {
  const [first] = all
  if (!first || all.length === 1) return all
  const missedOf = (asker: Asker) => {
    const isSame = asker.value === first.value && asker.mask === first.mask && asker.field === first.field
    const why = isSame && !asker.isWithout ? whyOf(context)(asker) : undefined
    return why?.kind === 'missed' ? why.missed[0] : undefined
  }
  const own = missedOf(first)
  if (!own || namesService(own.passed.rule)) return all
  const better = all.find((asker) => {
    const missed = missedOf(asker)
    return missed && missed.doubt <= own.doubt && namesService(missed.passed.rule)
  })
  return better ? [better, ...all.filter((one) => one !== better)] : all
}

/** A rule that sets a mark missed the packet, and rules that ask for the mark would have led it there. */
function unled(context: Context, goal: Goal): Detected[] {
  // a reply is for no service's port
  if (isAnswer(context.journey.packet, context.world)) return []
  for (const one of skippedRules(context, goal.pass)) {
    if (!writesMark(one.rule)) continue
    const passed = markedThere(context, one)
    const mark = goal.kind === 'pass' ? markGiven(passed.rule) : undefined
    const miss =
      mark && verdictOf(passed.rule).ending === 'continue' ? onlyFailed(passed.rule, passed.moment) : undefined
    const then = miss && hadItMatched(context, passed)
    if (!then || !goal.wanted(then)) continue
    for (const { chain, rule } of then.matched) {
      const asks = rule.conditions.map(markAsked).find((one) => one && !one.not && (one.mask & mark!.mask) !== 0)
      if (!asks) continue
      const asker = askerOf(refOf(context, goal.pass.table.name, chain, rule), asks, context.ended.step)
      const why = whyUnmarked(context, asker, asker.step)
      if (why?.kind === 'missed') return tellWhy(context, asker, why, goal.mendable)
    }
  }
  return []
}

/** Nobody replied, and others on the same way get another source by a mark, which is set for their networks alone. */
export const markOfOtherSource: Detector = {
  code: 'mark-missing',
  detect: (context) =>
    goals(context)
      .filter(({ exceptions }) => exceptions)
      .flatMap((goal) => askers(context, goal).flatMap((asker) => ofOtherSource(context, asker)))
      .slice(0, 1),
}

function ofOtherSource(context: Context, asker: Asker): Detected[] {
  const why = asker.isWithout ? undefined : whyOf(context)(asker)
  const condition = why?.kind === 'missed' ? why.missed[0]!.miss.condition : undefined
  const fields = lookupOf(condition)?.fields ?? [condition && fieldOf(condition)]
  if (!why || !fields.some((field) => /^src$| saddr$/.test(field ?? ''))) return []
  const narrow = asker.ref ? masqueradeSpared(context, asker.ref) : []
  return tellWhy(context, asker, why, true).map((one) => ({ ...one, severity: 'note', fix: [...narrow, ...one.fix] }))
}

/** Who goes by a mark: a rule, or a routing rule. */
export interface Asker extends Mark {
  name: string
  /** It matched, as the packet has not the mark. */
  isWithout?: boolean
  /** Its rule asks for the packet's very address or service as well. */
  isForSuch?: boolean
  ref?: RuleRef
  /** Index of the step that shows the packet there. */
  step: number
  /** Lets it go by another mark. */
  askFor(mark: Mark): Proposal[]
}

const askerOf = (ref: RuleRef, { value, mask, field }: Mark, step: number): Asker => ({
  ...{ name: nameRef(ref), ref, value, mask, step },
  ...(field === undefined ? {} : { field }),
  askFor: (other) =>
    propose(
      `make rule ${ref.ruleNumber} of ${ref.chain} match the packet's mark`,
      changesOf(ref).askForMark(ref, other),
      'first check which other rules set the mark that this rule matches now',
    ),
})

/** Of a set of marks, how many are looked for. */
const MOST_MARKS = 8

/** Rules that would have taken it there, had it the mark; and those that kept it from there, as it has not. */
export function askers(context: Context, goal: Goal): Asker[] {
  const { pass, wanted } = goal
  const found: Asker[] = []
  for (const near of nearMisses(context, goal)) {
    const { condition } = near.miss
    const mark = markAsked(condition)
    const isForSuch = near.rule.conditions.some((one) => isParticular(one) && one !== condition)
    const marks = (mark ? [mark] : connectionMarksAsked(condition)).filter(({ not }) => !not)
    // of several that would do, the one that the packet has is likely the one that its connection should have
    const own = markBehind(context, near.step - 1)
    const isOwn = (one: Mark) => Number(own !== undefined && carries({ ctMark: own }, one))
    const ref = refOfSkipped(context, near)
    for (const one of marks.toSorted((a, b) => isOwn(b) - isOwn(a)).slice(0, MOST_MARKS)) {
      const asker = askerOf(ref, one, near.step)
      // a rule for several is not made to ask for one
      found.push({ ...asker, isForSuch, ...(marks.length > 1 ? { askFor: () => [] } : {}) })
    }
  }
  for (const step of pass.steps) {
    const { rule, ending } = context.evidence.arrivals[step]!
    const mark = rule?.conditions.map(markAsked).find((one) => one?.not)
    const ref = mark && refAt(context, step)
    if (!mark || !ref || ending === 'continue') continue
    const onwards = hadItNotMatched(context, step)
    if (onwards && wanted(onwards)) found.push({ ...askerOf(ref, mark, step), isWithout: true })
  }
  return found
}

function tell(context: Context, goal: Goal, asker: Asker, all: readonly Asker[]): Detected[] {
  const why = whyOf(context)(asker)
  // what nat would have done by it is told already: mark-taken-away.ts
  if (!why || (why.kind === 'lost' && why.setter !== undefined && givesSource(goal))) return []
  // of a set of marks, the one that some rule would have given
  const isGiven = (one: Asker) => {
    const kind = one.ref === asker.ref ? whyOf(context)(one)?.kind : undefined
    return kind !== undefined && kind !== 'nobody'
  }
  if (why.kind === 'nobody' && all.some(isGiven)) return []
  // of several marks that would do, one that rules set is likelier meant than one that no rule sets, unless its rule is for such packets
  const isUnlikely = why.kind === 'nobody' && !asker.isForSuch && all.some((one) => someRuleSets(context, one))
  // what returns all that has no mark gives a source to what a program marks, and is no rule for others
  const isGuard = why.kind === 'nobody' && asker.isWithout === true && givesSource(goal)
  // a rule chose the packet to be stopped: the mark spares others, such as a proxy's own packets, from that
  const isChosen =
    context.evidence.arrivals[context.ended.step]!.rule?.conditions.some((one) => !markAsked(one)) === true
  const isNowhere = why.kind === 'nobody' && forMarks(why.empty).length === 0
  const isSpared = isNowhere && !asker.isForSuch && !asker.isWithout && goal.kind === 'pass' && isChosen
  const found = tellWhy(context, asker, why, goal.mendable && !isUnlikely && !isGuard && !isSpared)
  // a mark that no rule sets may be another program's: rules that were near for other reasons are as likely meant, and tell of themselves
  const isOneOfMany =
    why.kind === 'nobody' &&
    nearMisses(context, goal).some(
      ({ miss: { condition } }) => !markAsked(condition) && connectionMarksAsked(condition).length === 0,
    )
  return isOneOfMany ? found.filter(({ fix }) => fix.length > 0) : found
}

export function tellWhy(context: Context, asker: Asker, why: WhyUnmarked, mendable: boolean): Detected[] {
  const { words, refs, fix } = describe(context, asker, why)
  const isOthers = isForOthers(context, why)
  // a program gives what it sends the mark of its socket: what others send is not meant to have it
  const isOfSocket = why.kind === 'nobody' && refs.length === 0 && isSent(context) && asker.field === undefined
  const isMeant = mendable && !isOthers && !isOfSocket
  const mark = `${asker.field === 'ct mark' ? 'connection ' : ''}mark ${markText(asker)}`
  return [
    finding(
      'mark-missing',
      isMeant ? 'warning' : 'note',
      asker.isWithout
        ? `${asker.name} matches packets without ${mark}, and ${words}.`
        : `${asker.name} requires ${mark}, which the packet does not have: ${words}.`,
      {
        // routing comes behind the last step of a packet that was taken there
        steps: [Math.min(asker.step + 1, context.journey.steps.length)],
        rules: [...refs, ...(asker.ref ? [asker.ref] : [])],
        fix: isMeant ? fix : [],
      },
    ),
  ]
}

/** By a program of this host. */
const isSent = ({ journey }: Context): boolean => journey.packet.in === undefined

const setsIt = (rule: Rule, { mask, field }: Mark): boolean => ((markGiven(rule, field)?.mask ?? 0) & mask) !== 0

function describe(context: Context, asker: Asker, why: WhyUnmarked): Described {
  switch (why.kind) {
    case 'lost':
      return lost(context, asker, why)
    case 'masked':
      return setUnderMask(context, asker, why)
    case 'skipped': {
      const ref = refAt(context, why.step)!
      const instead = propose('use jump instead of goto, so that the packet returns', changesOf(ref).jumpInstead(ref))
      const told = without(context, why.step, 'skipped the rule that sets this mark')
      return instead.length > 0 ? { ...told, fix: instead } : told
    }
    case 'other':
      return setOther(context, asker, why)
    case 'missed': {
      const refs = why.missed.map(({ passed }) => refOfSkipped(context, passed))
      const [{ passed, miss }, ref] = [why.missed[0]!, refs[0]!]
      const used = passed.rule.counters && passed.rule.counters.packets > 0
      const leads = verdictOf(passed.rule).chain !== undefined
      const copied =
        asker.field === 'ct mark' ? 'packet for a later rule to save' : 'connection for a later rule to restore'
      const does = leads ? 'jumps to the rule that sets this mark' : `sets this mark of the ${copied}`
      const sets = `${nameRef(ref)}, which ${setsIt(passed.rule, asker) ? 'sets this mark' : does}`
      const lacks = turnedLookup(context, passed, miss, ref) ?? missingElement(context, miss, passed.moment)
      if (lacks) return { words: `${sets}, does not match: ${lacks.words}`, refs, fix: lacks.fix }
      return {
        words: `${sets}, only matches ${asks(miss)}`,
        refs,
        // what comes by the link that it names goes on to have the mark
        fix: used
          ? []
          : isForAnotherLink(context, miss)
            ? markAlike(context, why)
            : propose(
                `make rule ${ref.ruleNumber} of ${ref.chain} match such packets`,
                changesOf(ref).correct(ref, miss, passed.moment.packet),
              ),
      }
    }
    case 'unreached': {
      const { chain, then } = why.chain
      const { rule } = then.matched.find((visit) => visit.chain === chain)!
      const ref = refOf(context, why.pass.table.name, chain, rule)
      const misled = why.chain.led
        ? undefined
        : misledJump(context, why.pass, chain, ({ packet }) => carries(packet, asker))
      const words = `no rule jumps to ${nameRef(ref)}, which sets this mark`
      const fix = jumpTo(context, ref, why.chain, false)
      if (!misled) return { words, refs: [ref], fix }
      const instead = `. ${misledWords(misled, ref).trim().replace(/\.$/, '')}`
      return { words: `${words}${instead}`, refs: [ref, misled.ref], fix: leadBack(misled, chain.name, fix) }
    }
    case 'unsaved':
      return unsaved(context, asker, why.step)
    case 'nobody':
      return nobody(context, asker, why.empty)
  }
}

/** One of both rules has the wrong number: likelier the one whose number no other rule asks for. */
function setOther(
  context: Context,
  { askFor, value, mask, isWithout }: Asker,
  { step, instead }: WhyUnmarked & { kind: 'other' },
): Described {
  const ref = refAt(context, step)!
  const taken = instead && takenByWideElement(context, step, instead)
  if (taken) return taken
  const there = markBehind(context, step)
  if (there === undefined) return { words: `${nameRef(ref)} set another mark`, refs: [ref], fix: [] }
  const ask = askFor({ value: there & mask, mask })
  const give = propose(
    `make rule ${ref.ruleNumber} of ${ref.chain} set the required mark`,
    changesOf(ref).setMark(ref, { value, mask }),
    'first check which other rules match the mark that this rule sets now',
  )
  const isOthers = asked(context, { value: (there & mask) >>> 0, mask }) > asked(context, { value, mask }) - 1
  // who stops what has any other mark means to stop others that the rule marks
  const own = isWithout && marksAll(context, step) ? markBehindIt(context, step, { value, mask }) : []
  const fix =
    (there & mask) === 0 ? [...own, ...give] : isOthers ? [...ask, ...own, ...give] : [...own, ...give, ...ask]
  return { words: `${nameRef(ref)} gave it ${hex(there)}`, refs: [ref], fix }
}

/** It chooses no host and no service: what others have by it is not to change with this packet. */
const marksAll = ({ evidence }: Context, step: number): boolean =>
  evidence.arrivals[step]!.rule?.conditions.some(isParticular) === false

function markBehindIt(context: Context, step: number, mark: Mark): Proposal[] {
  const { chain, rule, packet, hook } = context.evidence.arrivals[step]!
  const ref = refAt(context, step)
  if (!chain || !rule || !ref) return []
  return propose(
    `mark such packets behind rule ${rule.ruleNumber} of ${ref.chain}`,
    changesOf(ref).add(
      ref,
      spotAt(chain, rule.ruleNumber),
      { kind: 'such', packet, hints: hook === undefined ? {} : { hook } },
      { kind: 'mark', mark },
    ),
    'affects only this source, destination and service',
  )
}

/** Whoever asks is to compare the bits that are set for it, and no others. */
function setUnderMask(
  context: Context,
  { askFor, value, mask: compared, step: asker }: Asker,
  { step, mask, others }: WhyUnmarked & { kind: 'masked' },
): Described {
  const [ref, other] = [refAt(context, step)!, others === undefined ? undefined : refAt(context, others)]
  const now = ((markBehind(context, asker - 1) ?? 0) & compared) >>> 0
  const set = `${nameRef(ref)} set it with mask ${hex(mask)}`
  const words = other
    ? `${set}, and ${nameRef(other)} set other bits: the mark is ${hex(now)}`
    : `${set}, and the mark is ${hex(now)}`
  return { words, refs: [ref, ...(other ? [other] : [])], fix: askFor({ value, mask }) }
}

/** The packet's own mark has to be saved behind the rule that set it: at the end of its base chain, or in front of the rule that ended this. */
function unsaved(context: Context, { value, mask }: Asker, step: number): Described {
  const ref = refAt(context, step)!
  const words = `${nameRef(ref)} gave that mark to the packet alone, and no rule had saved it to its connection by then`
  // a trace may begin in a chain that another one leads to
  const pass = passes(context).find(({ steps }) => steps.includes(step))
  const last = pass?.steps.at(-1)
  // a rule that sets it and ends the chain has nothing behind it
  if (last === step) return { words, refs: [ref], fix: [] }
  const ended = last !== undefined && context.journey.steps[last]!.kind === 'rule' ? refAt(context, last) : undefined
  const end = pass?.base.name ?? ref.chain
  const at = ended ? { chain: ended.chain, before: ended } : { chain: end }
  const chosen: Chosen = { kind: 'marked', mark: { value, mask } }
  const save = changesOf(ref).add({ ...ref, chain: at.chain }, at, chosen, { kind: 'save-mark', mask })
  const where = ended ? `before ${numberedRef(ended)}` : `at the end of ${end}`
  return { words, refs: [ref], fix: propose(`save this mark to the connection ${where}`, save) }
}

/** Chains without rules that are named for marks are where such a rule would stand. */
const forMarks = (empty: readonly RuleRef[]): RuleRef[] => empty.filter(({ chain }) => /mark/i.test(chain))

function nobody(context: Context, { value, mask, field }: Asker, empty: readonly RuleRef[]): Described {
  const refs = forMarks(empty)
  const [first, ...more] = refs
  const bySocket = isSent(context) && field === undefined ? '; a program can set it on its socket (SO_MARK)' : ''
  if (!first) return { words: `no rule sets this mark${bySocket}`, refs, fix: [] }
  const words = `no rule sets this mark, and ${nameChain(first)}, which the packet traversed, is empty`
  const change = changesOf(first).add(
    first,
    { chain: first.chain },
    { kind: 'all' },
    { kind: 'mark', mark: { value, mask } },
  )
  return { words, refs, fix: propose(`set the mark in ${first.chain}`, more.length > 0 ? undefined : change) }
}

/** Where others need the rule that missed the packet as it is. */
export function markAlike(context: Context, why: WhyUnmarked): Proposal[] {
  if (why.kind !== 'missed') return []
  const { passed, miss } = why.missed[0]!
  const ref = refOfSkipped(context, passed)
  return propose(
    `add the same rule for such packets before rule ${ref.ruleNumber} of ${ref.chain}`,
    changesOf(ref).alike(ref, { chain: ref.chain, before: ref }, miss, passed.moment.packet),
  )
}
