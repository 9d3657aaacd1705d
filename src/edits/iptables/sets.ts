/** The ipsets that rules name, which have to be there while they do. */
import type { IptablesSpec } from '../../model/ruleset.ts'
import type { World } from '../../model/world.ts'
import { closest } from '../../rules/closest.ts'
import { didYouMean, EditProblem } from '../problem.ts'

/** Throws EditProblem at a set that is not there. Where no ipset is known at all, none is asked for. */
export function refuseUnknownSets(spec: IptablesSpec, { sets }: World): void {
  const ipsets = sets.filter(({ table }) => table === undefined).map(({ name }) => name)
  if (ipsets.length === 0) return
  for (const name of setsOf(spec))
    if (!ipsets.includes(name)) throw new EditProblem(`there is no ipset ${name}${didYouMean(closest(name, ipsets))}`)
}

function setsOf({ matches, target }: IptablesSpec): string[] {
  const clauses = [...matches, ...(target ? [target] : [])].filter(({ name }) => name === 'set' || name === 'SET')
  return clauses.flatMap(({ values = {} }) =>
    Object.values(values as Record<string, { value?: { name?: string; directions?: unknown } }>).flatMap(({ value }) =>
      value?.directions && value.name !== undefined ? [value.name] : [],
    ),
  )
}
