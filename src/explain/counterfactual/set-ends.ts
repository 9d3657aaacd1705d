/** A set that has the packet's other end, or its addresses with another port: what speaks for the rule that looks it up as it does. */
import type { RuleRef } from '../../model/journey.ts'
import type { NamedSet } from '../../model/ruleset.ts'
import type { EvalContext } from '../../rules/eval-context.ts'
import { inSet } from '../../rules/in-set.ts'
import { setParts } from '../../rules/ipset.ts'
import type { Context } from '../context.ts'
import { refOf } from '../refs.ts'
import type { Lookup } from './map-keys.ts'

/**
 * A network is a set's for who sends from it, though it has the destination as well: looked up there, it would let in whoever
 * sends. `held`: what the packet has at its other end.
 */
export const isNetworkOfSources = (
  { elements }: NamedSet,
  { fields, nft }: Lookup,
  held: string | undefined,
): boolean =>
  fields.some((field) => /^src$| saddr$/.test(field)) &&
  !elements.some(({ parts }) => parts.join(nft ? ' . ' : ',') === held)

/** The rule that puts into the set what another one looks up there: so whoever is in it was at that end of a packet. */
export function fillerOf(context: Context, set: NamedSet, { fields }: Lookup): RuleRef | undefined {
  const table = context.world.tables.find(({ name, family }) => name === set.table && family === set.family)
  for (const chain of table?.chains.values() ?? [])
    for (const rule of chain.rules)
      for (const one of rule.statements)
        if (
          one.kind === 'update-set' &&
          one.op !== 'delete' &&
          one.set === set.name &&
          one.fields.join() === fields.join()
        )
          return refOf(context, set.table!, chain, rule)
  return undefined
}

/** Of longer lists some element is always near. */
const MOST_COMPARED = 200

/** The only element of an ipset by which the packet would be in it, had it another port. */
export function ofOtherPort({ elements, name, type }: NamedSet, { fields, nft }: Lookup, moment: EvalContext) {
  const parts = setParts(type)
  const at = parts.indexOf('port')
  if (nft || at < 0 || parts.length < 2 || elements.length > MOST_COMPARED) return undefined
  const { packet } = moment
  const ports = new Set(elements.map((one) => one.parts[at]!))
  const near = [...ports].filter((port) => {
    const [protocol, number] = port.split(':')
    const other = { ...moment, packet: { ...packet, [fields[at] === 'src' ? 'sport' : 'dport']: Number(number) } }
    return protocol === packet.protocol && /^\d+$/.test(number ?? '') && inSet(name, fields, other) === true
  })
  return near.length === 1 ? near[0] : undefined
}
