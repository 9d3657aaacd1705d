/**
 * Conditions that hold for so much and no more (net/netfilter/xt_limit.c, xt_hashlimit.c, xt_quota.c). Nobody knows how
 * much of it was used up before, so a machine begins with all of it.
 */
import type { Allowance, Condition } from '../model/condition.ts'
import { memo2 } from '../model/memo.ts'
import type { Family } from '../model/packet.ts'
import type { World } from '../model/world.ts'
import { ABSENT, type EvalContext } from '../rules/eval-context.ts'
import { conditionText } from '../rules/evaluate.ts'
import { held } from '../rules/facts.ts'
import { isUnknown, not, type Truth, type Unknown, unknown } from '../rules/truth.ts'
import type { Simulator } from './simulator.ts'

type Lasting = Condition & { kind: 'unknown'; lasts: Allowance }

/** What is left of each, in its own unit; by the condition, or by the table and what is counted in it. */
export class Allowances {
  private readonly left = new Map<Condition | string, number>()
  /** Of these nobody knows what is left: conditions, tables, and whole families. */
  private readonly doubted = new Set<Condition | string>()

  get(key: Condition | string): number | undefined {
    return this.left.get(key)
  }

  set(key: Condition | string, left: number): void {
    this.left.set(key, left)
  }

  /** A packet may have used some of it up. */
  doubt(condition: Condition, family: Family): void {
    if (condition.kind === 'not') this.doubt(condition.of, family)
    else this.doubted.add(counterOf(condition, family))
  }

  doubtAll(family: Family): void {
    this.doubted.add(family)
  }

  isDoubted(condition: Condition, family: Family): boolean {
    return this.doubted.size > 0 && (this.doubted.has(family) || this.doubted.has(counterOf(condition, family)))
  }
}

/** What is shared is known by its table. */
function counterOf(condition: Condition, family: Family): Condition | string {
  const allowance = condition.kind === 'unknown' ? condition.lasts : undefined
  return allowance && 'each' in allowance && allowance.each ? `${family} ${allowance.each.table}` : condition
}

/** Asked of a packet that fits all conditions in front of this one: that is when it is used up. */
export function spend(machine: Simulator, moment: EvalContext, condition: Condition): Truth {
  if (condition.kind === 'not') return not(spend(machine, moment, condition.of))
  const { lasts: allowance } = condition as Lasting
  if (machine.allowances.isDoubted(condition, moment.family))
    return unknown('an earlier packet, of which not all is known, may have used it up')
  machine.note(`${conditionText(condition)}: taken as if nothing had come to it before`)
  return 'packets' in allowance
    ? spendPacket(machine, moment, condition, allowance)
    : spendBytes(machine, moment, condition, allowance)
}

function spendPacket(
  { allowances }: Simulator,
  moment: EvalContext,
  condition: Condition,
  { packets, each }: Extract<Allowance, { packets: number }>,
): Truth {
  if (each && disputed(moment.world.tables, moment.family).has(each.table))
    return unknown(`rules that share ${each.table} give it different limits, and the one that came first is not known`)
  const key = each ? keyOf(each, moment) : condition
  if (isUnknown(key)) return key
  const left = allowances.get(key) ?? packets
  if (left === 0) return unknown(`its ${packets} packets are used up, and more are allowed only as time goes by`)
  allowances.set(key, left - 1)
  return true
}

/** The tables whose rules do not all say the same: the rule that made it decides for all. */
const disputed = memo2((tables: World['tables'], family: Family): ReadonlySet<string> => {
  const said = new Map<string, string>()
  const found = new Set<string>()
  for (const table of tables)
    if (table.family === family)
      for (const { rules } of table.chains.values())
        for (const { conditions } of rules)
          for (const one of conditions) {
            const limit = limitIn(one)
            if (!limit) continue
            const before = said.get(limit.table) ?? limit.text
            if (before !== limit.text) found.add(limit.table)
            said.set(limit.table, before)
          }
  return found
})

function limitIn(condition: Condition): { table: string; text: string } | undefined {
  if (condition.kind === 'not') return limitIn(condition.of)
  const allowance = condition.kind === 'unknown' ? condition.lasts : undefined
  if (!allowance || !('each' in allowance) || !allowance.each) return undefined
  return { table: allowance.each.table, text: `${allowance.packets} ${allowance.each.fields}` }
}

/** A packet without such a field counts as one with 0. */
function keyOf({ table, fields }: { table: string; fields: string[] }, moment: EvalContext): string | Unknown {
  const values: string[] = [moment.family, table]
  for (const field of fields) {
    const value = held(field, moment)
    if (isUnknown(value)) return value
    values.push(value === ABSENT ? '0' : String(value))
  }
  return values.join(' ')
}

function spendBytes(
  { allowances }: Simulator,
  { packet: { length } }: EvalContext,
  condition: Condition,
  { bytes, behind }: Extract<Allowance, { bytes: number }>,
): Truth {
  if (length === undefined) return unknown('the length of the packet is not known')
  const left = allowances.get(condition) ?? bytes
  // what is too long for the rest takes the rest as well
  allowances.set(condition, length <= left ? left - length : 0)
  return length <= left ? !behind : behind
}
