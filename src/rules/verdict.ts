/** What a rule does with a packet that matches it, told from its statements. */
import type { Rule } from '../model/ruleset.ts'
import type { Statement } from '../model/statement.ts'
import { after, maybeAfter } from './assign.ts'
import { evaluate, evaluateAll } from './evaluate.ts'
import type { Moment } from './moment.ts'
import { mappedVerdict } from './nft/map.ts'
import { isUnknown, type Truth, type Unknown, unknown } from './truth.ts'

/** How the packet goes on after the rule. */
export type Ending =
  | 'continue'
  | 'jump'
  | 'goto'
  | 'return'
  /** Ends this base chain; the packet goes on to the next one. */
  | 'accept'
  | 'drop'
  | 'reject'
  | 'queue'
  | 'stolen'
  /** The target is not understood. */
  | 'unknown'

export interface Verdict {
  ending: Ending
  /** As contract.md words it: `accept`, `jump KUBE-SERVICES`, `dnat` … */
  text: string
  /** Of a jump or goto. */
  chain?: string
}

const CONTINUE: Verdict = { ending: 'continue', text: 'continue' }

/**
 * The first statement that ends the rule decides; a rule without one goes on. What hangs on the packet or on the host
 * (SYNPROXY takes only some, TPROXY drops without a proxy) is told as the rule means it; see carryOut.
 */
export function verdictOf(rule: Rule): Verdict {
  for (const statement of rule.statements) {
    const verdict = statementVerdict(statement)
    if (verdict) return verdict
  }
  return CONTINUE
}

/**
 * A rule without any match whose target is a verdict: TRACE prints it as a policy, or in a user chain as its return
 * (ip_tables.c, ip6_tables.c).
 */
export function isBareVerdict({ iptables: spec, conditions }: Rule, ending: Verdict['ending']): boolean {
  if (!['accept', 'drop', 'return', 'queue'].includes(ending) || !spec?.target) return false
  if (!['ACCEPT', 'DROP', 'RETURN', 'QUEUE'].includes(spec.target.name)) return false
  return conditions.length === 0 && spec.matches.length === 0 && !spec.in && !spec.out
}

/** Undefined: the packet goes on to the rule's next statement. */
export function statementVerdict(statement: Statement): Verdict | undefined {
  switch (statement.kind) {
    case 'accept':
    case 'drop':
    case 'return':
    case 'reject':
    case 'queue':
    case 'stolen':
      return { ending: statement.kind, text: statement.kind }
    case 'jump':
    case 'goto':
      return { ending: statement.kind, text: `${statement.kind} ${statement.chain}`, chain: statement.chain }
    case 'dnat':
    case 'snat':
    case 'masquerade':
    case 'redirect':
    case 'netmap':
      // NAT targets end the nat table for this packet
      return { ending: 'accept', text: statement.kind }
    case 'vmap':
      // which one, only the packet tells; see carryOut
      return { ending: 'unknown', text: 'vmap' }
    case 'unknown':
      return statement.fields ? undefined : { ending: 'unknown', text: 'unknown' }
    default:
      return undefined
  }
}

export interface CarriedOut {
  verdict: Verdict
  /** Why the verdict is `unknown`. */
  because?: Unknown
  /** With what the statements in front of the verdict changed. */
  moment: Moment
}

export interface Met {
  /** Whether all of its conditions hold. */
  truth: Truth
  /** With what the statements among the conditions changed. */
  moment: Moment
  /** How many statements that were. */
  done: number
}

/**
 * Asks a rule's conditions. nft carries statements out as it comes to them, so those that stand in front of a condition
 * count even where it fails.
 */
export function meet({ conditions, statements, order }: Rule, moment: Moment): Met {
  if (!order) return { truth: evaluateAll(conditions, moment), moment, done: 0 }
  let [truth, now, asked, done]: [Truth, Moment, number, number] = [true, moment, 0, 0]
  for (const [i, statement] of statements.entries()) {
    if (order[i]! >= conditions.length) break
    for (; asked < order[i]! && truth !== false; asked++) truth = both(truth, evaluate(conditions[asked]!, now))
    if (truth === false) return { truth, moment: now, done }
    now = truth === true ? after(statement, now) : maybeAfter(statement, now)
    done = i + 1
  }
  for (; asked < conditions.length && truth !== false; asked++) truth = both(truth, evaluate(conditions[asked]!, now))
  return { truth, moment: now, done }
}

const both = (a: Truth, b: Truth): Truth => (b === false ? false : a === true ? b : a)

/**
 * Carries a rule's statements out on a packet that matches it, up to the one that gives the verdict; `done`: so many of
 * them have been.
 */
export function carryOut(rule: Rule, moment: Moment, done = 0): CarriedOut {
  let now = moment
  for (const written of done === 0 ? rule.statements : rule.statements.slice(done)) {
    const statement = written.kind === 'vmap' ? mappedVerdict(written.map, now) : written
    if (isUnknown(statement)) return { verdict: { ending: 'unknown', text: 'vmap' }, because: statement, moment: now }
    if (!statement) return { verdict: CONTINUE, moment: now }
    const because = hangsOn(statement, now)
    if (because === false) continue
    if (because) return { verdict: { ending: 'unknown', text: 'unknown' }, because, moment: now }
    const verdict = statementVerdict(statement)
    if (verdict)
      return { verdict, ...(verdict.ending === 'unknown' ? { because: reasonOf(statement) } : {}), moment: now }
    now = after(statement, now)
  }
  return { verdict: CONTINUE, moment: now }
}

/** As carryOut, where it is not known whether the packet matches: what the rule would change is not known then. */
export const mayHaveCarriedOut = (rule: Rule, moment: Moment): Moment =>
  rule.statements.reduce((now, statement) => maybeAfter(statement, now), moment)

/** Undefined: it is carried out; false: not on this packet; else why that cannot be told. */
function hangsOn(statement: Statement, moment: Moment): Unknown | false | undefined {
  if (statement.kind === 'stolen' && statement.when) {
    const truth = evaluate(statement.when, moment)
    return truth === true ? undefined : truth
  }
  if (statement.kind !== 'tproxy') return undefined
  return unknown("whether a transparent proxy's socket waits for the packet is not known")
}

const reasonOf = (statement: Statement): Unknown =>
  unknown(statement.kind === 'unknown' ? statement.reason : 'the target is not understood')
