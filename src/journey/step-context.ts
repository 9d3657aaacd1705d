import type { Hook } from '../model/hook.ts'
import type { Packet } from '../model/packet.ts'
import type { Chain, Rule, Table } from '../model/ruleset.ts'
import type { VerdictKind } from '../rules/verdict.ts'
import { basesOf } from './base-chains.ts'

/** What is known at one step besides what the step says. */
export interface StepContext {
  packet: Packet
  hook: Hook | undefined
  rule: Rule | undefined
  chain: Chain | undefined
  table: Table | undefined
  ending: VerdictKind
  /** Index of the step whose jump or goto led into this chain. */
  caller: number | undefined
  /** Why the ruleset cannot be the one in force. */
  mismatch: string | undefined
  /** How many rules of the chain read alike, where nothing tells which of them it was. */
  alike?: number
}

/** Step `i`, and the jumps and gotos that led there, the last one first. */
export function* wayTo(arrivals: readonly StepContext[], i: number | undefined): Generator<number> {
  for (let at = i; at !== undefined; at = arrivals[at]?.caller) yield at
}

/** A hook's chains of nat are asked until one has rewritten the packet (nf_nat_inet_fn). */
export const isRewrittenAt = (arrivals: readonly StepContext[], step: number): boolean =>
  arrivals.some(
    ({ hook, rule, ending }, i) =>
      i <= step &&
      hook === arrivals[step]!.hook &&
      ending === 'accept' &&
      rule?.statements.some(({ kind }) => NAT_KINDS.has(kind)) === true,
  )

const NAT_KINDS: ReadonlySet<string> = new Set(['dnat', 'snat', 'masquerade', 'redirect', 'netmap'])

/** The base chain from which jumps led to this step. */
export function baseOf(arrivals: readonly StepContext[], step: number): Chain | undefined {
  const { table, hook } = arrivals[step]!
  for (let i = step; i >= 0 && arrivals[i]!.table === table && arrivals[i]!.hook === hook; i--)
    if (arrivals[i]!.chain?.hook !== undefined) return arrivals[i]!.chain
  // it was first seen inside
  const bases = table ? basesOf(table).filter((chain) => chain.hook === hook) : []
  return bases.length === 1 ? bases[0] : undefined
}
