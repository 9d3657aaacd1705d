/**
 * Conditions that hold for so much and no more (net/netfilter/xt_limit.c, xt_hashlimit.c, xt_quota.c, nft_limit.c,
 * nft_quota.c, nft_connlimit.c). Nobody knows how much of it was used up before, so a machine begins with all of it.
 */
import type { Allowance, Condition, Each } from '../model/condition.ts'
import type { ConntrackEntry } from '../model/host.ts'
import { memo, memo2 } from '../model/memo.ts'
import type { Family, Packet } from '../model/packet.ts'
import type { NamedSet, RuleFamily } from '../model/ruleset.ts'
import type { World } from '../model/world.ts'
import { NO_ZONE, numberOf, tupleOf, zoneOf } from '../rules/conntrack/connection.ts'
import { ABSENT, type EvalContext } from '../rules/eval-context.ts'
import { conditionText, evaluate } from '../rules/evaluate.ts'
import { held } from '../rules/facts.ts'
import { counting } from '../rules/nft/lookup.ts'
import { namedAllowance, type OfObject } from '../rules/nft/lower/own-allowance.ts'
import { allowanceCondition } from '../rules/nft/lower/stateful.ts'
import { allowanceIn, haveCounting, MOST, partsAt } from '../rules/nft/update.ts'
import { isUnknown, not, type OwnAllowance, type Truth, type Unknown, unknown } from '../rules/truth.ts'
import { knownProtocol } from '../rules/values.ts'
import { sameTuple } from './conntrack-table.ts'
import type { Simulator } from './simulator.ts'

type Lasting = Condition & { kind: 'unknown'; lasts: Allowance }

/** What is left of each, in its own unit; by the condition, or by the table and what is counted in it. */
export class Allowances {
  private readonly left = new Map<Condition | string, number>()
  private readonly open = new Map<Condition | string, Set<ConntrackEntry>>()
  /** Which packet came last to it, and which have come there more than once. */
  private readonly last = new Map<Condition | string, Packet>()
  private readonly again = new Map<Condition | string, number>()
  /** Of the connections: assured before they came to it. Linux 6.18.44 does not count these, older kernels do. */
  private readonly assured = new Map<Condition | string, Set<ConntrackEntry>>()
  /** Of these nobody knows what is left: conditions, tables, and whole families. */
  private readonly doubted = new Set<Condition | string>()

  get(key: Condition | string): number | undefined {
    return this.left.get(key)
  }

  set(key: Condition | string, left: number): void {
    this.left.set(key, left)
  }

  /** The connections that came to it. */
  connections(key: Condition | string): Set<ConntrackEntry> {
    return setOf(this.open, key)
  }

  /** Of these kernels differ on whether they count (nf_conncount_add_skb, net/netfilter/nf_conncount.c). */
  disputed(key: Condition | string): Set<ConntrackEntry> {
    return setOf(this.assured, key)
  }

  /**
   * How many connections may be counted twice: those of packets that came to it more than once. Within one jiffy the
   * kernel does not look for what is there (nf_conncount_add).
   */
  countedTwice(key: Condition | string, packet: Packet): number {
    const before = this.again.get(key) ?? 0
    const again = this.last.get(key) === packet ? before + 1 : before
    this.last.set(key, packet)
    this.again.set(key, again)
    return again
  }

  /** A packet may have used some of it up. */
  doubt(condition: Condition, family: Family): void {
    if (condition.kind === 'not') this.doubt(condition.of, family)
    else if (condition.kind === 'unknown' && condition.lasts && 'element' in condition.lasts) this.doubted.add(family)
    else this.doubted.add(counterOf(condition, family))
  }

  doubtKey(key: string): void {
    this.doubted.add(key)
  }

  /** A rule deleted the element: one that comes in its place has all that it allows. */
  free(key: string): void {
    this.doubted.delete(key)
    for (const map of [this.left, this.open, this.assured, this.last, this.again])
      for (const one of map.keys()) if (typeof one === 'string' && one.startsWith(`${key} `)) map.delete(one)
  }

  doubtAll(family: Family): void {
    this.doubted.add(family)
  }

  /** `table`: the family of the rule's table, which packets of several may have come to. */
  isDoubted(key: Condition | string, table: RuleFamily): boolean {
    if (this.doubted.size === 0) return false
    return this.doubted.has(key) || FAMILIES.some((family) => sees(table, family) && this.doubted.has(family))
  }
}

function setOf<Key, T>(sets: Map<Key, Set<T>>, key: Key): Set<T> {
  let found = sets.get(key)
  if (!found) {
    found = new Set()
    sets.set(key, found)
  }
  return found
}

const FAMILIES: readonly Family[] = ['ip', 'ip6', 'netdev']
/** Do packets of that family come to such a table? */
const sees = (table: RuleFamily, family: Family): boolean => table === family || (table !== 'ip' && table !== 'ip6')

/** What is shared is known by its table. */
function counterOf(condition: Condition, family: Family): Condition | string {
  const allowance = condition.kind === 'unknown' ? condition.lasts : undefined
  if (allowance && 'object' in allowance) return objectKey(allowance, allowance.name ?? '')
  if (!allowance || 'element' in allowance || !allowance.each) return condition
  return ownerOf(allowance.each, family)
}

/** Of hashlimit and its like each family has its own; nft's belong to a table. */
function ownerOf({ table, nft }: Each, family: Family): string {
  return nft?.table ? `${nft.table.family} ${nft.table.name} ${table}` : `${family} ${table}`
}

const objectKey = ({ object, table }: OfObject, name: string): string =>
  `${table.family} ${table.name} ${object} ${name}`

/** Asked of a packet that fits all conditions in front of this one: that is when it is used up. */
export function spend(machine: Simulator, moment: EvalContext, condition: Condition, table: RuleFamily): Truth {
  if (condition.kind === 'not') return not(spend(machine, moment, condition.of, table))
  const { lasts } = condition as Lasting
  if ('element' in lasts) {
    const own = allowanceIn(lasts.element, moment)
    return own?.element ? spendElement(machine, moment, own.element, table) : (own ?? true)
  }
  if (machine.allowances.isDoubted(counterOf(condition, moment.family), table)) {
    // what is too long for all of it
    const truth = evaluate(condition, moment)
    return isUnknown(truth) ? DOUBTED : truth
  }
  machine.note(`${conditionText(condition)}: assumed unused before the first packet`)
  if ('object' in lasts) return spendObject(machine, moment, condition as Lasting, lasts)
  return spendOf(machine, moment, condition, lasts)
}

/** Rules that give elements of a set limits, quotas or counts: `family table set`. */
const countingSets = memo((tables: World['tables']): ReadonlySet<string> => {
  const names = new Set<string>()
  for (const { family, name, chains } of tables)
    for (const { rules } of chains.values())
      for (const { statements } of rules)
        for (const one of statements)
          if (one.kind === 'update-set' && counting(one.carries).length > 0) names.add(`${family} ${name} ${one.set}`)
  return names
})

/** May what a set's element allows decide? */
export const mayCount = ({ world }: Simulator): boolean =>
  countingSets(world.tables).size > 0 || haveCounting(world.sets)

/** A set with room for so many more is not full soon. */
const MUCH_ROOM = 1000

/** Is it no more known what is in the set, so that it may be full, or its element allow no more? */
export function isForgotten(
  { world, given }: Simulator,
  { set, nft: { table }, deletes }: Condition & { kind: 'room' },
): boolean {
  const isIt = (one: NamedSet) => one.name === set && one.table === table?.name && one.family === table?.family
  const before = deletes || world.sets === given.sets ? undefined : given.sets.find(isIt)
  if (!before || !table || world.sets.some(isIt)) return false
  if (countingSets(world.tables).has(`${table.family} ${table.name} ${set}`)) return true
  return (before.most ?? MOST) - before.elements.length < MUCH_ROOM
}

const DOUBTED = unknown('an earlier packet with unknown fields may have used it up')

/** One after the other, as far as they allow it (nft_set_elem_update_expr). */
export function spendElement(
  machine: Simulator,
  moment: EvalContext,
  { key, carries }: OwnAllowance,
  table: RuleFamily,
): Truth {
  if (machine.allowances.isDoubted(key, table)) return DOUBTED
  for (const [i, statement] of carries.entries()) {
    const own = allowanceCondition(statement, '')
    const plain = own?.kind === 'not' ? own.of : own
    if (plain?.kind !== 'unknown') continue
    if (!plain.lasts || 'object' in plain.lasts || 'element' in plain.lasts) return unknown(plain.reason)
    const truth = spendOf(machine, moment, `${key} ${i}`, plain.lasts)
    if (isUnknown(truth)) return truth
    if (truth === (own!.kind === 'not')) return false
  }
  return true
}

function spendOf(
  machine: Simulator,
  moment: EvalContext,
  counter: Condition | string,
  allowance: Exclude<Allowance, OfObject | { element: object }>,
): Truth {
  const { each } = allowance
  const key = each ? keyOf(each, moment) : counter
  if (isUnknown(key)) return key
  if ('packets' in allowance) return spendPacket(machine, moment, key, allowance)
  return 'bytes' in allowance
    ? spendBytes(machine, moment, key, allowance)
    : spendConnection(machine, moment, key, allowance)
}

/** What the table's own limit or quota of that name allows, whoever asks for it. */
function spendObject(machine: Simulator, moment: EvalContext, condition: Lasting, of: OfObject): Truth {
  const found = namedAllowance(of, condition.text, moment)
  if (isUnknown(found)) return found
  const { name, condition: own } = found
  const plain = own.kind === 'not' ? own.of : own
  if (plain.kind !== 'unknown' || !plain.lasts || 'object' in plain.lasts || 'element' in plain.lasts)
    return unknown(condition.reason)
  const truth = spendOf(machine, moment, objectKey(of, name), plain.lasts)
  return own.kind === 'not' ? not(truth) : truth
}

function spendPacket(
  { allowances }: Simulator,
  moment: EvalContext,
  key: Condition | string,
  { packets, each }: Extract<Allowance, { packets: number }>,
): Truth {
  if (each && !each.nft && disputed(moment.world.tables, moment.family).has(each.table))
    return unknown(`rules that share ${each.table} have different limits; it is unknown which rule came first`)
  const left = allowances.get(key) ?? packets
  if (left === 0) return unknown(`its ${packets} packets are used up; more are allowed only after some time`)
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
  if (!allowance || !('packets' in allowance) || !allowance.each) return undefined
  return { table: allowance.each.table, text: `${allowance.packets} ${allowance.each.fields}` }
}

/** A packet without such a field counts as one with 0. */
function keyOf(each: Each, moment: EvalContext): string | Unknown {
  const { fields, nft } = each
  const values = [ownerOf(each, moment.family)]
  if (nft) {
    const parts = partsAt({ fields, nft }, moment)
    // a packet without such a field does not come here
    return parts === ABSENT ? values[0]! : isUnknown(parts) ? parts : [...values, ...parts].join(' ')
  }
  for (const field of fields) {
    const value = held(field, moment)
    if (isUnknown(value)) return value
    values.push(value === ABSENT ? '0' : String(value))
  }
  return values.join(' ')
}

function spendBytes(
  { allowances }: Simulator,
  moment: EvalContext,
  key: Condition | string,
  { bytes, behind, refills }: Extract<Allowance, { bytes: number }>,
): Truth {
  const length = held('meta length', moment)
  if (typeof length !== 'number') return unknown('the length of the packet is not known')
  const left = allowances.get(key) ?? bytes
  if (length <= left) allowances.set(key, left - length)
  // what is too long for a quota's rest takes that as well
  else if (!refills) allowances.set(key, 0)
  else if (length <= bytes)
    return unknown(`too few of its ${bytes} bytes are left; more are allowed only after some time`)
  return length <= left ? !behind : behind
}

/** Those that have ended count until the kernel comes round to them. */
function spendConnection(
  { allowances, conntrack }: Simulator,
  { connection, packet, family }: EvalContext,
  key: Condition | string,
  { connections, over }: Extract<Allowance, { connections: number }>,
): Truth {
  const counted = allowances.connections(key)
  // without a connection the packet's own addresses count, which nothing confirms (nft_connlimit_do_eval)
  const isOpen = connection && packet.ctState !== 'untracked' && packet.ctState !== 'invalid'
  const own: ConntrackEntry = isOpen
    ? connection
    : ([...counted].find((one) => conntrack.has(one) && isOf(one, packet)) ?? unconfirmed(packet, family))
  const flow = isOpen ? connection : conntrack.find(tupleOf(packet), numberOf(packet), NO_ZONE)?.connection
  const disputed = allowances.disputed(key)
  if (!counted.has(own) && flow && conntrack.isAssured(flow)) disputed.add(own)
  counted.add(own)
  let lost = 0
  // that it has ended, or its first packet was dropped, the kernel sees when it comes round to that: not at once
  for (const one of counted) if (disputed.has(one) || (one !== own && !conntrack.isOpen(one))) lost++
  const [least, most] = [counted.size - lost, counted.size + allowances.countedTwice(key, packet)]
  if (least <= connections !== most <= connections)
    return unknown(
      disputed.size > 0
        ? 'kernels differ on whether they count a connection that was assured before'
        : most > counted.size
          ? 'it is unknown whether a packet that traverses the rule twice counts twice'
          : 'a connection has ended, or its packet was dropped; it is unknown whether the kernel still counts this connection',
    )
  return over ? most > connections : most <= connections
}

/** Counted already; another zone's is not looked for (__nf_conncount_add). */
const isOf = (one: ConntrackEntry, packet: Packet): boolean =>
  zoneOf(one).original === 0 &&
  knownProtocol(one.protocol) === numberOf(packet) &&
  sameTuple(one.original, tupleOf(packet))

function unconfirmed(packet: Packet, family: Family): ConntrackEntry {
  const { protocol = '' } = packet
  const original = tupleOf(packet)
  return { family: family === 'ip6' ? 'ip6' : 'ip', protocol, original, reply: original, status: [] }
}
