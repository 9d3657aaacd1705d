/** What a rule does with a packet that matches it, told from its statements. */
import type { Rule } from '../model/ruleset.ts'
import type { Statement } from '../model/statement.ts'

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

/** The first statement that ends the rule decides; a rule without one goes on. */
export function verdictOf(rule: Rule): Verdict {
  for (const statement of rule.statements) {
    const verdict = statementVerdict(statement)
    if (verdict) return verdict
  }
  return { ending: 'continue', text: 'continue' }
}

function statementVerdict(statement: Statement): Verdict | undefined {
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
    case 'unknown':
      return statement.fields ? undefined : { ending: 'unknown', text: 'unknown' }
    default:
      return undefined
  }
}

/** Does the rule match every packet? Comments and the like are no conditions. */
export const isUnconditional = (rule: Rule): boolean => rule.conditions.length === 0
