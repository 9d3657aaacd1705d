/** Interfaces that a filter names and that are not there: they may still come, and likelier the name is another one. */
import { readFilter } from '../analysis/select.ts'
import { interfacesOf } from '../filter/interfaces.ts'
import type { Diagnostic } from '../model/diagnostic.ts'
import type { Host } from '../model/host.ts'
import { closest } from '../rules/closest.ts'

/** Named one by one. */
const MOST = 8

export function missingInterfaces(filter: string, { links = [] }: Host, input: string): Diagnostic[] {
  const names = links.map(({ name }) => name)
  if (names.length === 0) return []
  const missing = interfacesOf(readFilter(filter)).filter((name) => !names.includes(name))
  return missing.map((name) => {
    const meant = closest(name, names)
    const others =
      meant === undefined ? `interfaces here: ${names.slice(0, MOST).join(', ')}` : `did you mean ${meant}?`
    return { input, code: 'no-interface', message: `interface ${name} does not exist at the moment; ${others}` }
  })
}
