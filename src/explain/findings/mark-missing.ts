import type { Fix, RuleRef } from '../../model/journey.ts'
import type { Rule } from '../../model/ruleset.ts'
import { iptablesHead, ruleWords, shellWord } from '../commands.ts'
import { type Context, type Detected, type Detector, finding } from '../context.ts'
import { type Goal, goals } from '../goals.ts'
import { type Mark, markAsked, type WhyUnmarked, whyUnmarked } from '../marks.ts'
import { mendRule } from '../mend.ts'
import { nearMisses } from '../near-misses.ts'
import { nameRef, refAt, refOf } from '../refs.ts'
import { hadItNotMatched } from '../what-if.ts'
import { jumpTo } from './never-reached.ts'
import { withoutRule } from './verdicts.ts'

/** What became of it hung on a mark that it has not, and why it has not. */
export const markMissing: Detector = {
  code: 'mark-missing',
  detect: (context) =>
    goals(context)
      .filter(({ sure }) => sure)
      .flatMap((goal) => askers(context, goal).flatMap((asker) => tell(context, asker)))
      .slice(0, 1),
}

interface Asker extends Mark {
  ref: RuleRef
  rule: Rule | undefined
  /** Index of the step that shows the packet there. */
  step: number
}

/** Rules that would have taken it there, had it the mark; and those that kept it from there, as it has not. */
function askers(context: Context, goal: Goal): Asker[] {
  const { pass, wanted } = goal
  const found: Asker[] = []
  for (const { miss, ref, rule, step } of nearMisses(context, goal)) {
    const mark = markAsked(miss.condition)
    if (mark && !mark.not) found.push({ ...mark, ref, rule, step })
  }
  for (const step of pass.steps) {
    const { rule, ending } = context.evidence.arrivals[step]!
    const mark = rule?.conditions.map(markAsked).find((one) => one?.not)
    const ref = mark && refAt(context, step)
    if (!mark || !ref || ending === 'continue') continue
    const onwards = hadItNotMatched(context, step)
    if (onwards && wanted(onwards)) found.push({ ...mark, ref, rule, step })
  }
  return found
}

function tell(context: Context, asker: Asker): Detected[] {
  const why = whyUnmarked(context, asker, asker.step)
  if (!why) return []
  const { words, refs, fix } = describe(context, asker, why)
  const mark = `0x${asker.value.toString(16)}`
  return [
    finding('mark-missing', 'warning', `${nameRef(asker.ref)} goes by mark ${mark}, which it has not: ${words}.`, {
      steps: [asker.step + 1],
      rules: [...refs, asker.ref],
      fix,
    }),
  ]
}

interface Described {
  words: string
  refs: RuleRef[]
  fix: Fix[]
}

function describe(context: Context, asker: Asker, why: WhyUnmarked): Described {
  switch (why.kind) {
    case 'lost': {
      const ref = refAt(context, why.step)!
      return { words: `${nameRef(ref)} took it away`, refs: [ref], fix: withoutRule(context, why.step, ref) }
    }
    case 'skipped': {
      const ref = refAt(context, why.step)!
      const words = `${nameRef(ref)} led it past the rule that sets it`
      return { words, refs: [ref], fix: withoutRule(context, why.step, ref) }
    }
    case 'other': {
      const ref = refAt(context, why.step)!
      const change = context.journey.steps[why.step]!.changes.find(({ field }) => field === 'mark')
      const words = `${nameRef(ref)} gave it 0x${Number(change?.to ?? 0).toString(16)}`
      // who has never matched asks for the wrong one, likelier than who sets it
      const never = asker.rule?.counters?.packets === 0
      return {
        words,
        refs: [ref],
        fix: never ? [...askFor(asker, change?.to), ...withMark(ref, asker)] : withMark(ref, asker),
      }
    }
    case 'missed': {
      const refs = why.missed.map(({ passed }) => refOf(context, passed.pass.table.name, passed.chain, passed.rule))
      const [{ passed, miss }, ref] = [why.missed[0]!, refs[0]!]
      const used = passed.rule.counters && passed.rule.counters.packets > 0
      const command = used ? undefined : mendRule(ref, passed.rule, miss, passed.moment.packet)
      const description = `let rule ${ref.ruleNumber} of ${ref.chain} match such packets`
      return {
        words: `${nameRef(ref)}, which leads to it, is only for ${miss.text}`,
        refs,
        fix: command ? [{ description, ...command, unverified: 'not tried' }] : [],
      }
    }
    case 'unreached': {
      const { chain } = why.chain
      const rule = why.chain.then.matched.find((visit) => visit.chain === chain)!.rule
      const ref = refOf(context, why.pass.table.name, chain, rule)
      return {
        words: `nothing leads to ${nameRef(ref)}, which sets it`,
        refs: [ref],
        fix: [jumpTo(context, ref, why.chain)],
      }
    }
    case 'nobody':
      return nobody(context, asker, why.empty)
  }
}

/** The rule that asks, for the mark that is there. */
function askFor({ ref, mask }: Asker, there: string | number | undefined): Fix[] {
  const words = ruleWords(ref)
  const at = words.indexOf('--mark')
  if (at < 0 || there === undefined || ref.ruleNumber === undefined) return []
  const head = `${iptablesHead(ref)} -R ${shellWord(ref.chain)} ${ref.ruleNumber}`
  const mark = `0x${((Number(there) & mask) >>> 0).toString(16)}/0x${mask.toString(16)}`
  return [
    {
      description: `let rule ${ref.ruleNumber} of ${ref.chain} ask for the mark that it has`,
      command: [head, ...words.with(at + 1, mark).map(shellWord)].join(' '),
      undo: [head, ...words.map(shellWord)].join(' '),
      unverified: 'not tried',
      note: 'it has never matched a packet',
    },
  ]
}

/** The rule that sets a mark, with the one that is asked for. */
function withMark(ref: RuleRef, { value, mask }: Asker): Fix[] {
  const words = ruleWords(ref)
  const at = words.indexOf('--set-xmark')
  if (at < 0 || ref.ruleNumber === undefined) return []
  const head = `${iptablesHead(ref)} -R ${shellWord(ref.chain)} ${ref.ruleNumber}`
  const mark = `0x${value.toString(16)}/0x${mask.toString(16)}`
  return [
    {
      description: `let rule ${ref.ruleNumber} of ${ref.chain} set the mark that is asked for`,
      command: [head, ...words.with(at + 1, mark).map(shellWord)].join(' '),
      undo: [head, ...words.map(shellWord)].join(' '),
      unverified: 'not tried',
      note: 'see who else asks for the mark that it sets now',
    },
  ]
}

function nobody(context: Context, { value, mask }: Asker, empty: readonly number[]): Described {
  const refs = empty.flatMap((step) => refAt(context, step) ?? [])
  const mark = `0x${value.toString(16)}/0x${mask.toString(16)}`
  const rule = `-j MARK --set-xmark ${mark}`
  const named = refs.filter(({ chain }) => /mark/i.test(chain))
  const likely = named.length > 0 ? named : refs
  const words =
    likely.length > 0
      ? `no rule sets it, and ${likely.map(({ chain }) => chain).join(', ')}, which it passed, is empty`
      : 'no rule sets it'
  const [first] = likely
  if (!first || likely.length > 1) return { words, refs: likely, fix: [] }
  const place = shellWord(first.chain)
  return {
    words,
    refs: likely,
    fix: [
      {
        description: `let ${first.chain} set it`,
        command: `${iptablesHead(first)} -A ${place} ${rule}`,
        undo: `${iptablesHead(first)} -D ${place} ${rule}`,
        unverified: 'not tried',
      },
    ],
  }
}
