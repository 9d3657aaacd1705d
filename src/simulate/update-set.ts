/** `-j SET`: what passes is added to an ipset or taken out of it (net/netfilter/xt_set.c). */
import type { NamedSet } from '../model/ruleset.ts'
import type { Statement } from '../model/statement.ts'
import { held } from '../rules/facts.ts'
import { setFields } from '../rules/ipset.ts'
import { ABSENT } from '../rules/moment.ts'
import { isUnknown } from '../rules/truth.ts'
import type { Machine } from './machine.ts'
import type { Skb } from './skb.ts'
import { Undetermined } from './undetermined.ts'
import { momentOf } from './walk-table.ts'

export function updateSet(machine: Machine, skb: Skb, statement: Statement & { kind: 'update-set' }): void {
  const set = machine.world.sets.find(({ name, family }) => name === statement.set && family === undefined)
  // nobody knows what is in it, so nobody can ask for it either
  if (!set) return
  const parts = elementOf(machine, skb, set, statement.fields)
  if (!parts) return
  const others = set.elements.filter((element) => element.parts.join() !== parts.join())
  const elements = statement.op === 'delete' ? others : [...others, { parts, ...timeoutOf(statement) }]
  machine.world = {
    ...machine.world,
    sets: machine.world.sets.map((one) => (one === set ? { ...set, elements } : one)),
  }
}

const timeoutOf = ({ timeout }: Statement & { kind: 'update-set' }) => (timeout === undefined ? {} : { timeout })

/** As the set's type asks; undefined where the packet has no such thing. */
function elementOf(machine: Machine, skb: Skb, { name, type }: NamedSet, directions: readonly string[]) {
  const fields = setFields(type, directions, skb.family)
  if (!fields) return undefined
  const moment = momentOf(machine, skb)
  const parts: string[] = []
  for (const [i, field] of fields.entries()) {
    const value = held(field, moment)
    if (value === ABSENT) return undefined
    if (isUnknown(value)) throw new Undetermined(`-j SET --${name}`, value.unknown)
    const kind = type.slice(type.indexOf(':') + 1).split(',')[i]
    parts.push(kind === 'port' && type !== 'bitmap:port' ? `${skb.packet.protocol}:${value}` : String(value))
  }
  return parts
}
