import { evaluate } from '../../rules/evaluate.ts'
import { verdictOf } from '../../rules/verdict.ts'
import { iptablesHead, shellWord } from '../commands.ts'
import { type Context, type Detected, type Detector, describeEnd, finding } from '../context.ts'
import { type Goal, goals } from '../goals.ts'
import { wordsLike } from '../mend.ts'
import { isLookup, isParticular, type Miss, missedBy } from '../miss.ts'
import { type Passed, passedRules } from '../passed.ts'
import { nameRef, refOf } from '../refs.ts'
import { hadItMatched } from '../what-if.ts'

/** Other services have a rule in the chain, and this one has none. */
export const missingRule: Detector = {
  code: 'missing-rule',
  detect: (context) =>
    goals(context)
      .filter(({ sure }) => sure)
      .flatMap((goal) => tell(context, goal)),
}

interface Sibling extends Passed {
  misses: Miss[]
}

function tell(context: Context, goal: Goal): Detected[] {
  const [best, ...others] = siblings(context, goal)
  if (!best) return []
  const { pass, chain, rule, misses, moment, step } = best
  const { dst, dport, protocol } = moment.packet
  const ref = refOf(context, pass.table.name, chain, rule)
  const asks = misses.map(({ text }) => text).join(' ')
  const more = others.filter((one) => one.chain === chain).length
  const service = `${protocol ?? ''} ${describeEnd(dst, dport)}`.trim()
  const like = more === 0 ? nameRef(ref) : `${nameRef(ref)} and ${more} more like it`
  return [
    finding('missing-rule', 'note', `No rule is there for ${service}: ${like} would have ${goal.what}, for ${asks}.`, {
      steps: [step + 1],
      rules: [ref],
      fix: another(goal, best),
      doubt: 0.5,
    }),
  ]
}

/** Rules for other addresses and ports, and for nothing else; the likest first. */
function siblings(context: Context, goal: Goal): Sibling[] {
  const found: Sibling[] = []
  for (const passed of passedRules(context, goal.pass)) {
    const { rule, moment } = passed
    if (verdictOf(rule).ending === 'continue' || !rule.conditions.some((one) => evaluate(one, moment) === true))
      continue
    const misses = missedBy(rule, moment)
    if (!misses || misses.length === 0 || misses.some((one) => !isParticular(one.condition) || isLookup(one))) continue
    if (goal.wanted(hadItMatched(passed))) found.push({ ...passed, misses })
  }
  return found.sort((a, b) => a.misses.length - b.misses.length)
}

/** Such a rule beside it; where nat would send the packet is not known. */
function another({ kind, pass }: Goal, { chain, rule, misses, moment }: Sibling) {
  const words = kind === 'destination' ? undefined : wordsLike(rule, misses, moment.packet)
  if (!words) return []
  const { table } = pass
  const head = iptablesHead({ family: moment.family, table: table.name })
  const place = shellWord(chain.name)
  const text = words.map(shellWord).join(' ')
  return [
    {
      description: `add a rule for it to ${chain.name}`,
      command: `${head} -I ${place} ${rule.ruleNumber + 1} ${text}`,
      undo: `${head} -D ${place} ${text}`,
      unverified: 'not tried',
      note: 'it is as its sibling is, for this address and port',
    },
  ]
}
