/** The ipsets that rules name, which have to be there while they do. */
import type { IptablesSpec } from '../../model/ruleset.ts'
import type { World } from '../../model/world.ts'
import { closest } from '../../rules/closest.ts'
import { didYouMean, EditProblem } from '../problem.ts'

/**
 * Throws EditProblem at a set that is not there, or that holds addresses of the other family. Where no ipset is known at
 * all, none is asked for.
 */
export function refuseUnknownSets(spec: IptablesSpec, family: 'ip' | 'ip6', { sets }: World): void {
  const ipsets = sets.filter(({ table }) => table === undefined)
  if (ipsets.length === 0) return
  for (const name of setsOf(spec)) {
    const set = ipsets.find((one) => one.name === name)
    if (!set) {
      const names = ipsets.map((one) => one.name)
      throw new EditProblem(`there is no ipset ${name}${didYouMean(closest(name, names))}`)
    }
    const holds = set.type.startsWith('bitmap:ip') ? 'ip' : (set.addresses ?? family)
    if (holds !== family)
      throw new EditProblem(
        `ipset ${name} holds addresses of ${holds === 'ip' ? 'IPv4' : 'IPv6'}: the rule can never match`,
      )
  }
}

/** The sets that a rule asks for or changes, by name. */
export function setsOf({ matches, target }: IptablesSpec): string[] {
  const clauses = [...matches, ...(target ? [target] : [])].filter(({ name }) => name === 'set' || name === 'SET')
  return clauses.flatMap(({ values = {} }) =>
    Object.values(values as Record<string, { value?: { name?: string; directions?: unknown } }>).flatMap(({ value }) =>
      value?.directions && value.name !== undefined ? [value.name] : [],
    ),
  )
}
