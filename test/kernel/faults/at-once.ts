/** Several faults in one setup: each stops the traffic alone, and they are in different chains. */
import type { Fault } from './fault.ts'
import type { Setup } from './setup.ts'
import type { Change, Variant } from './stage.ts'
import type { Table } from './table.ts'

/** Undefined where they get into each other's way, or need more than other rules, sets, settings and servers. */
export function together(one: Fault, other: Fault, { tables }: Setup): Fault | undefined {
  const faults = [one, other]
  if (faults.some(({ before, probe, sport, elsewhere }) => before || probe || sport !== undefined || elsewhere))
    return undefined
  const variant = combined(one.variant, other.variant, tables)
  if (!variant) return undefined
  return {
    kind: `${one.kind} + ${other.kind}`,
    about: `${one.about}; ${other.about}`,
    variant,
    culprits: [...one.culprits, ...other.culprits],
    parts: [...(one.parts ?? [one]), other],
  }
}

function combined(a: Variant, b: Variant, original: readonly Table[]): Variant | undefined {
  const { changes: first = [], tables: _, ...one } = a
  const { changes: second = [], tables: __, ...other } = b
  if (Object.keys(one).some((key) => key in other)) return undefined
  const touched = new Set(first.map(touchedBy))
  if (second.some((change) => touched.has(touchedBy(change)))) return undefined
  const tables = mergedTables(a.tables ?? [...original], b.tables ?? [...original], original)
  return tables && { ...one, ...other, tables, changes: [...first, ...second] }
}

/** The destination of a route, or a setting's name: it can be changed once. */
const touchedBy = ({ do: words }: Change): string | undefined =>
  words[0] === 'ip'
    ? words.find((word) => /^[\da-f]*[.:]/.test(word))?.replace(/\/(32|128)$/, '')
    : words.at(-1)?.split('=')[0]

/** Each chain as whoever changed it has it. */
function mergedTables(a: readonly Table[], b: readonly Table[], original: readonly Table[]): Table[] | undefined {
  if (a.length !== original.length || b.length !== original.length) return undefined
  const merged: Table[] = []
  for (const [i, table] of original.entries()) {
    const [one, other] = [a[i]!, b[i]!]
    const pick = <T>(was: T, first: T, second: T): T | undefined => {
      const [as, ...differ] = [first, second].filter((now) => JSON.stringify(now) !== JSON.stringify(was))
      return differ.length > 0 ? undefined : (as ?? was)
    }
    const sets = pick(table.sets ?? [], one.sets ?? [], other.sets ?? [])
    const isLong = [one, other].every(({ chains }) => chains.length === table.chains.length)
    const chains = isLong ? table.chains.map((was, j) => pick(was, one.chains[j]!, other.chains[j]!)) : [undefined]
    if (!sets || chains.some((chain) => chain === undefined)) return undefined
    merged.push({ ...table, chains: chains.map((chain) => chain!), ...(table.sets ? { sets } : {}) })
  }
  return merged
}
