import type { Fix } from '../../model/journey.ts'
import { evaluate } from '../../rules/evaluate.ts'
import { verdictOf } from '../../rules/verdict.ts'
import { iptablesHead, shellWord } from '../commands.ts'
import { type Context, type Detected, type Detector, describeEnd, finding } from '../context.ts'
import { type Goal, goals } from '../goals.ts'
import { fieldOf, type Miss, missedBy } from '../miss.ts'
import { type Passed, passedRules } from '../passed.ts'
import { nameRef, refOf } from '../refs.ts'
import { hadItMatched } from '../what-if.ts'
import { suchPackets } from './verdicts.ts'

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
      fix: another(context, goal, best),
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
    if (!misses || misses.length === 0 || !misses.every(isOfService)) continue
    if (goal.wanted(hadItMatched(passed))) found.push({ ...passed, misses })
  }
  return found.sort((a, b) => a.misses.length - b.misses.length)
}

/** Asks for another destination, port or protocol: what one service has and another has not. */
const isOfService = ({ condition }: Miss): boolean => /( daddr| dport|l4proto)$/.test(fieldOf(condition) ?? '')

/** Such a rule beside it, for this packet and its like; where nat would send it is not known. */
function another(context: Context, { kind, pass }: Goal, { chain, rule, moment }: Sibling): Fix[] {
  const match = kind === 'pass' ? suchPackets(context, moment.packet) : undefined
  const target = rule.iptables?.target
  if (match === undefined || !target || verdictOf(rule).ending === 'jump') return []
  const ref = refOf(context, pass.table.name, chain, rule)
  const place = shellWord(chain.name)
  const text = `${match} -${target.goto ? 'g' : 'j'} ${shellWord(target.name)}`
  return [
    {
      description: `add a rule for it to ${chain.name}`,
      command: `${iptablesHead(ref)} -I ${place} ${rule.ruleNumber + 1} ${text}`,
      undo: `${iptablesHead(ref)} -D ${place} ${text}`,
      unverified: 'not tried',
      note: 'it opens no more than this source, destination and service',
    },
  ]
}
