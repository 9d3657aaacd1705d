/**
 * Conditions that hold for so much and no more (net/netfilter/xt_limit.c, xt_hashlimit.c, xt_quota.c). Nobody knows how
 * much of it was used up before, so a machine begins with all of it.
 */
import type { Allowance, Condition } from '../model/condition.ts'
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
  if (each && !isAgreed(moment, each.table))
    return unknown(`rules that share ${each.table} give it different limits, and the one that came first is not known`)
  const key = each ? keyOf(each, moment) : condition
  if (isUnknown(key)) return key
  const left = allowances.get(key) ?? packets
  if (left === 0) return unknown(`its ${packets} packets are used up, and more are allowed only as time goes by`)
  allowances.set(key, left - 1)
  return true
}

// the tables of a world never change
const agreed = new WeakMap<World['tables'], Map<string, boolean>>()

/** Do all rules that share this table say the same? Else the one that made it decides for all. */
function isAgreed({ world: { tables }, family }: EvalContext, name: string): boolean {
  const known = agreed.get(tables) ?? new Map<string, boolean>()
  agreed.set(tables, known)
  const key = `${family} ${name}`
  let same = known.get(key)
  if (same === undefined) {
    const said = new Set<string>()
    for (const table of tables)
      if (table.family === family)
        for (const { rules } of table.chains.values())
          for (const { conditions } of rules) for (const one of conditions) said.add(limitIn(one, name))
    said.delete('')
    same = said.size < 2
    known.set(key, same)
  }
  return same
}

function limitIn(condition: Condition, name: string): string {
  if (condition.kind === 'not') return limitIn(condition.of, name)
  const allowance = condition.kind === 'unknown' ? condition.lasts : undefined
  if (!allowance || !('each' in allowance) || allowance.each?.table !== name) return ''
  return `${allowance.packets} ${allowance.each.fields}`
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
