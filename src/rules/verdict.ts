/** What a rule does with a packet that matches it, told from its statements. */
import type { Rule } from '../model/ruleset.ts'
import type { Nat, Statement } from '../model/statement.ts'
import { after, maybeAfter } from './assign.ts'
import { type EvalContext, ipVersion } from './eval-context.ts'
import { evaluate } from './evaluate.ts'
import { mappedVerdict } from './nft/map.ts'
import { isUnknown, type Unknown, unknown } from './truth.ts'

/** How the packet goes on after the rule. */
export type VerdictKind =
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
  ending: VerdictKind
  /** As contract.md words it: `accept`, `jump KUBE-SERVICES`, `dnat` … */
  text: string
  /** Of a jump or goto. */
  chain?: string
}

const CONTINUE: Verdict = { ending: 'continue', text: 'continue' }

/**
 * The first statement that ends the rule decides; a rule without one goes on. What hangs on the packet or on the host
 * (SYNPROXY takes only some, TPROXY drops without a proxy) is told as the rule means it; see execute.
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
      // which one, only the packet tells; see execute
      return { ending: 'unknown', text: 'vmap' }
    case 'unknown':
      return statement.fields ? undefined : { ending: 'unknown', text: 'unknown' }
    default:
      return undefined
  }
}

export interface Executed {
  verdict: Verdict
  /** Why the verdict is `unknown`. */
  because?: Unknown
  /** With what the statements in front of the verdict changed. */
  moment: EvalContext
}

/** Executes a rule's statements from one index to another, up to the one that gives the verdict. */
export function execute({ statements }: Rule, moment: EvalContext, from = 0, to = statements.length): Executed {
  let now = moment
  for (let i = from; i < to; i++) {
    const written = statements[i]!
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

/** As execute, where it is not known whether the packet matches: what the rule would change is not known then. */
export function mayHaveExecuted(
  { statements }: Rule,
  moment: EvalContext,
  from = 0,
  to = statements.length,
): EvalContext {
  let now = moment
  for (let i = from; i < to; i++) now = maybeAfter(statements[i]!, now)
  return now
}

/** A table of both has NAT for one. */
export const isOfOtherFamily = ({ family }: Nat, moment: EvalContext): boolean =>
  family !== undefined && family !== ipVersion(moment)

/** Undefined: it is executed; false: not on this packet; else why that cannot be told. */
function hangsOn(statement: Statement, moment: EvalContext): Unknown | false | undefined {
  if (statement.kind === 'stolen' && statement.when) {
    const truth = evaluate(statement.when, moment)
    return truth === true ? undefined : truth
  }
  if ('family' in statement && isOfOtherFamily(statement, moment)) return false
  if (statement.kind !== 'tproxy') return undefined
  return unknown('it is unknown whether a transparent proxy has a socket for the packet')
}

const reasonOf = (statement: Statement): Unknown =>
  unknown(statement.kind === 'unknown' ? statement.reason : 'nfwhy does not know this target')
