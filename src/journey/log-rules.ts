/** What a rule that logs prints, and what it does then. */
import type { Rule, Table } from '../model/ruleset.ts'
import { verdictOf } from '../rules/verdict.ts'

/** What xt_LOG keeps of a prefix, as ebt_log does, and what nft does; in bytes. */
const LONGEST = { iptables: 29, ebtables: 29, arptables: 29, nft: 127 } as const
/** The same of xt_NFLOG and ebt_nflog. */
const LONGEST_NFLOG = { iptables: 63, ebtables: 63, arptables: 63, nft: 127 } as const

/**
 * The rule's prefix as the kernel prints it; undefined where it logs nothing there. What a rule logs to a group (`nflog`)
 * never comes to the kernel log, nor the other way round.
 */
export function printedPrefix(rule: Rule, kind: Table['kind'], nflog: boolean): string | undefined {
  const statement = rule.statements[logIndex(rule, nflog)]
  if (statement?.kind !== 'log') return undefined
  const bytes = new TextEncoder().encode(statement.prefix ?? '')
  return new TextDecoder().decode(bytes.subarray(0, (nflog ? LONGEST_NFLOG : LONGEST)[kind]))
}

/** Which of its statements logs, to a group or to the kernel log; -1: none. */
export const logIndex = ({ statements }: Rule, nflog: boolean): number =>
  statements.findIndex((one) => one.kind === 'log' && (one.group !== undefined) === nflog)

/** How many conditions nft evaluates in front of that statement. */
export const conditionsBefore = ({ conditions, order }: Rule, statement: number): number =>
  order?.[statement] ?? conditions.length

/**
 * What a rule that has logged a packet does with it: `continue`, or its verdict; undefined where a condition behind the
 * log statement may keep it from that.
 */
export function verdictBehindLog(rule: Rule, nflog: boolean): string | undefined {
  const { ending, text } = verdictOf(rule)
  if (ending === 'continue') return text
  return conditionsBefore(rule, logIndex(rule, nflog)) === rule.conditions.length ? text : undefined
}
