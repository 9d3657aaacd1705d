/** Rules of iptables tables as the model has them, however they came. */
import type { IptablesSpec, Rule } from '../../model/ruleset.ts'
import type { IpFamily } from './extension.ts'
import { lowerSpec } from './lower.ts'
import { printSpec } from './print.ts'

/** As iptables-save prints it, without counters: `-A INPUT -p tcp -j DROP`. */
export const ruleText = (chain: string, spec: IptablesSpec, family: IpFamily, table?: string): string =>
  `-A ${quoteChain(chain)} ${printSpec(spec, family, table)}`.trimEnd()

/** Names with blanks come only from `-A "my chain"` and `-E`, which the tools take. */
const quoteChain = (name: string): string => (/\s/.test(name) ? `"${name}"` : name)

export function ruleOf(spec: IptablesSpec, text: string, ruleNumber: number, family: IpFamily, table: string): Rule {
  const { conditions, statements } = lowerSpec(spec, family, table)
  const comment = commentOf(spec)
  return { text, ruleNumber, conditions, statements, iptables: spec, ...(comment === undefined ? {} : { comment }) }
}

function commentOf(spec: IptablesSpec): string | undefined {
  const clause = spec.matches.find(({ name }) => name === 'comment')
  return (clause?.values as { comment?: { value: string } } | undefined)?.comment?.value
}
