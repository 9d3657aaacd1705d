/** What a watch has counted, minute by minute → batches for a store. */
import type { DropKind, DropTally, DropTuple } from '../analysis/drops/tally.ts'
import { nameRef } from '../explain/refs.ts'
import type { World } from '../model/world.ts'
import { Batch } from './batch.ts'
import { contentKey } from './keys.ts'
import type { Row } from './row.ts'
import { type StoredRuleset, StoredRulesets } from './ruleset-rows.ts'

const MINUTE = 60_000
/** Tuples of a minute that have a row of their own; all others of a kind share one. */
const MOST_TUPLES = 2000

export interface Watched {
  tally: DropTally
  /** Milliseconds since 1970. */
  began: number
  now: number
  /** Absent: its rules are not known. */
  world: World | undefined
}

export class DropHistory {
  private readonly write: (batch: Batch) => void
  private readonly rulesets = new StoredRulesets()
  /** Minutes since 1970; the last that was recorded as a whole. */
  private last: number | undefined

  constructor(write: (batch: Batch) => void) {
    this.write = write
  }

  /** Records the minutes that are over; `ends`: and the one that goes on. */
  look(watched: Watched, ends = false): void {
    const minute = Math.floor(watched.now / MINUTE)
    const first = this.last === undefined ? Math.floor(watched.began / MINUTE) : this.last + 1
    for (let one = Math.max(first, minute - 5); one < minute + Number(ends); one++) this.record(one, watched)
    this.last = minute - 1
  }

  private record(minute: number, { tally, began, world }: Watched): void {
    const batch = new Batch()
    const ruleset = world && this.rulesets.of(world)
    const host = world?.host
    const machine = { host: host?.name, boot: host?.boot, time: minute * MINUTE * 1000 }
    const add = (kind: DropKind, packets: number, tuple?: DropTuple) => {
      const row: Row = { ...machine, ...kindRow(kind, ruleset), ...tupleRow(tuple) }
      const { ruleset: _, ...identity } = row
      batch.addDrops(contentKey(`drops\n${began}\n${JSON.stringify(identity)}`), { ...row, packets })
    }
    const counts = [...tally.tuples].map((tuple) => ({ tuple, count: tuple.minutes.at(minute) }))
    const told = counts.filter(({ count }) => count > 0).sort((a, b) => b.count - a.count)
    const toldOf = new Map<DropKind, number>()
    for (const { tuple, count } of told.slice(0, MOST_TUPLES)) {
      add(tuple.kind, count, tuple)
      toldOf.set(tuple.kind, (toldOf.get(tuple.kind) ?? 0) + count)
    }
    for (const kind of tally.kinds) {
      const rest = kind.minutes.at(minute) - (toldOf.get(kind) ?? 0)
      if (rest > 0) add(kind, rest)
    }
    if (batch.isEmpty) return
    if (ruleset) batch.addRows('rulesets', this.rulesets.takeRows(ruleset))
    this.write(batch)
  }
}

function kindRow(kind: DropKind, ruleset: StoredRuleset | undefined): Row {
  const { reason, place, family, protocol, in: input, out, rule } = kind
  const row: Row = { reason, function: place, family, protocol, iifname: input, oifname: out }
  if (!rule?.known) return { ...row, ruleset: ruleset?.key }
  const { ref, hook } = rule
  const known = ruleset?.keyOf(ref)
  return {
    ...{ ...row, hook, ruleset: ruleset?.key, culprit: known?.rule },
    ...{ culprit_ref: nameRef(ref), culprit_text: ref.rule, owner: ref.owner },
  }
}

function tupleRow(tuple: DropTuple | undefined): Row {
  if (!tuple) return {}
  const { src, sport, dst, dport, icmpType, icmpCode } = tuple.packet
  return { src, sport, dst, dport, icmp_type: icmpType, icmp_code: icmpCode }
}
