/** What a trace of the packet would show: each line as it is printed, on arrival at the rule, before its target acts. */
import { type Arrival, SHOWN } from '../journey/evidence.ts'
import type { Change, Step } from '../model/journey.ts'
import type { Chain, Rule, Table } from '../model/ruleset.ts'
import type { Ending } from '../rules/verdict.ts'
import type { Skb } from './skb.ts'

export interface Place {
  table: Table
  chain: Chain
  depth: number
  /** Index of the step that jumped or went here. */
  caller: number | undefined
}

/** A rule that matched, or the end of a chain. */
export interface Line {
  kind: 'rule' | 'return' | 'policy'
  reported?: 'return' | 'policy'
  ruleNumber: number
  rule?: Rule
  verdict: string
  ending: Ending
}

export class Journal {
  private readonly all: Step[] = []
  private readonly arrived: Arrival[] = []
  /** A chain of NAT was walked. */
  natPassed = false
  /** How many lines came before a rule switched tracing on. */
  private before: number | undefined

  /** Index of the new step, for `caller` and `change`. */
  add(skb: Skb, place: Place, line: Line): number {
    const { table, chain, depth, caller } = place
    const step = {
      n: 0,
      hook: skb.hook,
      family: skb.family,
      table: table.name,
      chain: chain.name,
      kind: line.kind,
      ...(line.reported === undefined ? {} : { reported: line.reported }),
      ruleNumber: line.ruleNumber,
      ...(line.rule?.handle === undefined ? {} : { handle: line.rule.handle }),
      ...(line.rule ? { rule: line.rule.text } : {}),
      verdict: line.verdict,
      depth,
    } as Step
    for (const key of SHOWN) if (skb.packet[key] !== undefined) step[key] = skb.packet[key] as never
    step.known = 'simulated'
    step.changes = []
    this.all.push(step)
    this.arrived.push({
      packet: skb.packet,
      hook: skb.hook,
      rule: line.rule,
      chain,
      table,
      ending: line.ending,
      caller,
      mismatch: undefined,
    })
    return this.all.length - 1
  }

  /** What the step did to the packet. */
  change(index: number, change: Change): void {
    this.all[index]!.changes.push(change)
  }

  /** A rule switched tracing on: a capture begins behind it. */
  beginTrace(): void {
    this.before ??= this.all.length
  }

  get steps(): Step[] {
    return this.all.slice(this.before ?? 0).map((step, i) => ({ ...step, n: i + 1 }))
  }

  get arrivals(): Arrival[] {
    const before = this.before ?? 0
    return this.arrived.slice(before).map((one) => ({
      ...one,
      caller: one.caller === undefined || one.caller < before ? undefined : one.caller - before,
    }))
  }
}
