/** A random case: tables as they are printed, and as they are made smaller. */
import type { Row } from '../nft-rare/row.ts'

/** A condition, a statement or a verdict, with the words of the support page in it. */
export interface Part {
  words: readonly string[]
  text: string
}

export interface RandomRule {
  parts: readonly Part[]
  /** Whether it counts what it matched: a rule whose last statement may end it does not. */
  counts: boolean
  verdict?: Part
  name: string
}

export interface RandomChain {
  name: string
  /** Absent: a chain that others jump to. */
  base?: { type: string; hook: string; devices?: readonly string[]; priority: number; policy?: string }
  rules: readonly RandomRule[]
}

export interface RandomTable {
  family: string
  name: string
  isDormant: boolean
  /** Sets, maps and objects. */
  named: readonly Part[]
  chains: readonly RandomChain[]
}

export interface RandomCase {
  tables: readonly RandomTable[]
  send: Row['send']
}

export const printRow = ({ tables, send }: RandomCase): Row => ({ rules: tables.map(printTable).join('\n'), send })

function printTable({ family, name, isDormant, named, chains }: RandomTable): string {
  // a chain is there before a rule jumps to it
  const users = chains.filter(({ base }) => !base)
  const lines = [...(isDormant ? ['flags dormant;'] : []), ...named.map(({ text }) => text)]
  for (const chain of [...users, ...chains.filter(({ base }) => base)]) lines.push(printChain(chain))
  return `table ${family} ${name} {\n${lines.join('\n')}\n}`
}

function printChain({ name, base, rules }: RandomChain): string {
  const lines = [`chain ${name} {`]
  if (base) {
    const { type, hook, devices = [], priority, policy } = base
    const [device] = devices
    const at = devices.length > 1 ? ` devices = { ${devices.join(', ')} }` : device ? ` device "${device}"` : ''
    lines.push(`type ${type} hook ${hook}${at} priority ${priority};${policy ? ` policy ${policy};` : ''}`)
  }
  return [...lines, ...rules.map(printRule), '}'].join('\n')
}

const printRule = ({ parts, counts, verdict, name }: RandomRule): string =>
  [...parts, ...(counts ? [{ text: 'counter' }] : []), ...(verdict ? [verdict] : []), { text: `comment "${name}"` }]
    .map(({ text }) => text)
    .join(' ')

/** The words of each rule, by its name. */
export function wordsByRule({ tables }: RandomCase): Map<string, string[]> {
  const words = new Map<string, string[]>()
  for (const { family, isDormant, chains, named } of tables)
    for (const { base, rules } of chains)
      for (const { parts, verdict, name } of rules) {
        const list = [...parts, ...(verdict ? [verdict] : [])].flatMap((part) => [
          ...part.words,
          ...named.filter((one) => refersTo(part.text, one.text)).flatMap((one) => one.words),
        ])
        list.push(`family ${family}`)
        if (base) list.push(`${base.type} ${base.hook}`)
        if (isDormant) list.push('dormant table')
        words.set(name, [...new Set(list)])
      }
  return words
}

/** `set s1 {…`, named in a rule by @s1 or "s1". */
function refersTo(text: string, named: string): boolean {
  const name = /^(?:[a-z]+ )+?(\w+) \{/.exec(named)?.[1]
  return name !== undefined && new RegExp(`[@" ]${name}\\b`).test(text)
}

/** Rules of tables that have a base chain where another table has one of the same priority: any may come first. */
export function tiedRules({ tables }: RandomCase): Set<string> {
  const places = tables.map(({ chains }) => chains.flatMap(({ base }) => (base ? [placeOf(base)] : [])))
  const tied = tables.filter((_, t) =>
    places[t]!.some((place) => places.some((others, o) => o !== t && others.includes(place))),
  )
  return new Set(tied.flatMap(({ chains }) => chains.flatMap(({ rules }) => rules.map(({ name }) => name))))
}

// NAT's chains are asked one after the other at one place, and the first that rewrites is the last
const placeOf = ({ type, hook, priority }: NonNullable<RandomChain['base']>): string =>
  `${type === 'nat'} ${hook} ${priority}`
