/** The interfaces that a filter names in full. */
import type { Condition } from '../model/condition.ts'

export function interfacesOf(condition: Condition): string[] {
  if (condition.kind === 'all' || condition.kind === 'any') return condition.of.flatMap(interfacesOf)
  if (condition.kind !== 'compare' || !/^meta [io]ifname$/.test(condition.field)) return []
  return typeof condition.value === 'string' ? [condition.value] : []
}
