/**
 * Rules that the kernel did not print, for they did not match, and that may have changed the packet all the same: nft
 * executes the statements in front of the condition that fails (rules/match.ts).
 */
import type { Hook } from '../model/hook.ts'
import { memo } from '../model/memo.ts'
import type { Packet } from '../model/packet.ts'
import type { Chain, Rule, Table } from '../model/ruleset.ts'
import { emptyWorld } from '../model/world.ts'
import { evaluateRange } from '../rules/evaluate.ts'
import { chainsOf } from '../rules/nft/map.ts'
import type { VerdictKind } from '../rules/verdict.ts'

/** A line of a trace, as far as it tells by which rules the packet came. */
export interface TracedLine {
  packet: Packet
  hook: Hook | undefined
  table: Table | undefined
  chain: Chain | undefined
  /** Absent at the end of a chain. */
  rule: Rule | undefined
  ending: VerdictKind
  /** Index of the line whose rule led into this chain. */
  caller: number | undefined
}

/** The mark, as rules call it. */
export const MARK: ReadonlySet<string> = new Set(['meta mark'])

export interface UnprintedRule {
  table: Table
  chain: Chain
  rule: Rule
}

/** Those that the packet came by between line `i` and the line before, and that write one of these fields; in order. */
export function unprintedWriters(
  lines: readonly TracedLine[],
  i: number,
  fields: ReadonlySet<string>,
): UnprintedRule[] {
  const { packet, hook } = lines[i]!
  const found: UnprintedRule[] = []
  for (const { table, chain, from, to } of passedBefore(lines, i)) {
    if (!writesEarly(chain, fields)) continue
    for (const rule of chain.rules.slice(from, to))
      if (mayHaveWritten(rule, fields, packet, hook)) found.push({ table, chain, rule })
  }
  return found
}

interface Stretch {
  table: Table
  chain: Chain
  /** Indexes of rules, without the last. */
  from: number
  to: number
}

/** The stretches of chains between two lines. */
function passedBefore(lines: readonly TracedLine[], i: number): Stretch[] {
  const { table, chain, rule, caller, hook } = lines[i]!
  if (!table || !chain) return []
  const to = rule ? rule.ruleNumber - 1 : chain.rules.length
  if (i > 0 && caller === i - 1) return [{ table, chain, from: 0, to }]
  const found = i > 0 ? wholeChains(lines[i - 1]!) : []
  for (let at = i > 0 ? i - 1 : undefined; at !== undefined; at = lines[at]!.caller) {
    const line = lines[at]!
    // else a verdict led out of this chain
    const goesOn = line.ending === 'continue' || line.ending === 'jump'
    const from = line.rule && goesOn ? line.rule.ruleNumber : (line.chain?.rules.length ?? 0)
    if (line.chain === chain && line.caller === caller && line.hook === hook)
      return [...found, { table, chain, from, to }]
    // it fell off this chain's end
    if (line.table && line.chain)
      found.push({ table: line.table, chain: line.chain, from, to: line.chain.rules.length })
  }
  // another base chain
  return caller === undefined ? [...found, { table, chain, from: 0, to }] : found
}

/** The chains that the packet may have been led into, none of whose rules matched. */
function wholeChains({ table, rule, ending }: TracedLine): Stretch[] {
  if (!table || !rule || (ending !== 'jump' && ending !== 'goto')) return []
  return chainsOf(rule.statements).flatMap((name) => {
    const chain = table.chains.get(name)
    return chain ? [{ table, chain, from: 0, to: chain.rules.length }] : []
  })
}

/** The fields that rules write in front of a condition. */
const writtenEarly = memo((rules: readonly Rule[]): ReadonlySet<string> => {
  const names = rules.flatMap(({ conditions, statements, order = [] }) =>
    statements.flatMap((one, i) => (one.kind === 'set' && (order[i] ?? Infinity) < conditions.length ? one.field : [])),
  )
  return new Set(names)
})

/** Does a rule of the chain write one of these fields in front of a condition? */
function writesEarly({ rules }: Chain, fields: ReadonlySet<string>): boolean {
  for (const field of writtenEarly(rules)) if (fields.has(field)) return true
  return false
}

function mayHaveWritten(
  { conditions, statements, order }: Rule,
  fields: ReadonlySet<string>,
  { mark, ttl, tos, ...packet }: Packet,
  hook: Hook | undefined,
): boolean {
  if (!order) return false
  const family = (packet.src ?? packet.dst ?? '').includes(':') ? ('ip6' as const) : ('ip' as const)
  // what rules write is not known as it was when the packet came by
  const moment = { packet, family, world: emptyWorld(), ...(hook === undefined ? {} : { hook }) }
  return statements.some(
    (one, i) =>
      one.kind === 'set' &&
      fields.has(one.field) &&
      order[i]! < conditions.length &&
      evaluateRange(conditions, 0, order[i]!, moment) !== false,
  )
}
