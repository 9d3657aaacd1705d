/**
 * Files that hold the same tables or sets with other contents, and do not tell when they were saved: each is a ruleset of
 * its own, and a trace may tell which of them was in force.
 */
import type { Part } from './world.ts'

/** Beyond it nothing is tried: each costs a reading of every capture. */
export const MOST_ALTERNATIVES = 8

/** A table or set in a file; `key` is the same for the same one, `contents` for one that says the same. */
export interface Held<T> {
  key: string
  contents: string
  one: T
  part: Part
}

/** Which of several versions of each table and set are together in force. */
export interface Choice<T> {
  /** The files that it is from. */
  files: string[]
  /** Those that do not count then. */
  left: ReadonlySet<T>
}

export interface Choices<T> {
  /** The first is what counts where nothing tells: the latest file's. Empty: nothing is held twice with other contents. */
  list: Choice<T>[]
  /** How many there are besides. */
  untried: number
}

/** Key → contents. */
type Contents = ReadonlyMap<string, string>

/** Of a damaged file only what no better one holds counts. `held`: in the order of files. */
export function findChoices<T>(held: readonly Held<T>[]): Choices<T> {
  const rivals = rivalsIn(held)
  const groups = connected(rivals)
  if (groups.length === 0) return { list: [], untried: 0 }
  const perGroup = groups.map(contentsToChoose)
  const total = perGroup.reduce((product, { length }) => product * length, 1)
  let chosen: Contents[] = [new Map()]
  // the first stays the first of all: the latest of each
  for (const some of perGroup)
    chosen = some.flatMap((one) => chosen.map((other) => new Map([...other, ...one]))).slice(0, MOST_ALTERNATIVES)
  const keys = new Set(rivals.map(({ key }) => key))
  const contested = held.filter(({ key }) => keys.has(key))
  const list = chosen.map((contents) => {
    const counting = new Set<T>()
    // of files that say the same, one
    for (const [key, text] of contents)
      counting.add(rivals.findLast((one) => one.key === key && one.contents === text)!.one)
    return {
      files: groups.map((group) => fileOf(group, contents)),
      left: new Set(contested.flatMap(({ one }) => (counting.has(one) ? [] : [one]))),
    }
  })
  return { list, untried: total - list.length }
}

/** All versions of what the least damaged files hold with several contents; of one file the last one. */
function rivalsIn<T>(held: readonly Held<T>[]): Held<T>[] {
  const byKey = new Map<string, Map<Part, Held<T>>>()
  for (const one of held) {
    const known = byKey.get(one.key) ?? new Map<Part, Held<T>>()
    byKey.set(one.key, known.set(one.part, one))
  }
  return [...byKey.values()].flatMap((byPart) => {
    const least = [...byPart.keys()].reduce((min, { damage }) => Math.min(min, damage), Number.POSITIVE_INFINITY)
    const best = [...byPart.values()].filter(({ part }) => part.damage === least)
    return new Set(best.map(({ contents }) => contents)).size > 1 ? best : []
  })
}

/** Files that share something belong together: what one of them says of one table goes with what it says of others. */
function connected<T>(rivals: readonly Held<T>[]): Map<Part, Held<T>[]>[] {
  const groups: { keys: Set<string>; parts: Map<Part, Held<T>[]> }[] = []
  for (const one of rivals) {
    const joined = groups.filter(({ keys, parts }) => keys.has(one.key) || parts.has(one.part))
    const [group = { keys: new Set<string>(), parts: new Map<Part, Held<T>[]>() }, ...others] = joined
    if (joined.length === 0) groups.push(group)
    for (const other of others) {
      for (const key of other.keys) group.keys.add(key)
      for (const [part, some] of other.parts) group.parts.set(part, some)
      groups.splice(groups.indexOf(other), 1)
    }
    group.keys.add(one.key)
    group.parts.set(one.part, [...(group.parts.get(one.part) ?? []), one])
  }
  return groups.map(({ parts }) => parts)
}

/** What files say each, with the latest of what a file does not hold; the latest of all first. */
function contentsToChoose<T>(group: ReadonlyMap<Part, readonly Held<T>[]>): Contents[] {
  const all = [...group.values()]
  const latest = new Map(all.flat().map(({ key, contents }) => [key, contents]))
  const found = new Map<string, Contents>([[textOf(latest), latest]])
  // a file that says the same as another, of fewer tables, is no ruleset of its own
  const whole = all.filter(
    (some) => !all.some((more) => more.length > some.length && some.every((one) => says(more, one))),
  )
  for (const some of whole.reverse()) {
    const contents = new Map([...latest, ...some.map((one) => [one.key, one.contents] as const)])
    found.set(textOf(contents), contents)
  }
  return [...found.values()]
}

const textOf = (contents: Contents): string => JSON.stringify([...contents])

const says = <T>(some: readonly Held<T>[], { key, contents }: Held<T>): boolean =>
  some.some((one) => one.key === key && one.contents === contents)

/** The latest that says nothing else. */
function fileOf<T>(group: ReadonlyMap<Part, readonly Held<T>[]>, contents: Contents): string {
  const parts = [...group].filter(([, some]) => some.every((one) => contents.get(one.key) === one.contents))
  const most = parts.reduce((max, [, { length }]) => Math.max(max, length), 0)
  return parts.findLast(([, { length }]) => length === most)![0].input
}
