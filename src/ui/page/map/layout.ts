/**
 * Where the map draws what: hooks have their places in netfilter's packet flow, chains stand in them by priority, and a
 * journey is a line through those that it met. Lengths are pixels.
 */
import type { EntryOf, MapOf, StepOf, WayOf } from '../../protocol.ts'
import { type Box, type Chain, LANE, LINE, type Note, SIDE_LANE } from './boxes.ts'
import { type Route, routesOf } from './route.ts'
import { type Met, meet } from './visits.ts'
import { wrap } from './wrap.ts'

const HEAD = 22
/** Of a letter. */
const LETTER = 6.7
/** Letters in a row that a rule can be read in; elsewhere its title has it, and the explanation. */
const ROOM_FOR_RULES = 36
/** Of text, from the edges. */
const MARGIN = 8
export const PLACES = ['prerouting', 'forward', 'input', 'output', 'postrouting'] as const
const COLUMNS: Readonly<Record<string, number>> = {
  ...{ ingress: 0, prerouting: 0, input: 1, forward: 1, output: 2, postrouting: 3, egress: 3 },
}

export interface Layout {
  width: number
  height: number
  /** Where text begins in a box: right of the lines. */
  gutter: number
  isWide: boolean
  boxes: Box[]
  routes: Route[]
}

interface Wanted {
  map: MapOf | undefined
  ways: readonly WayOf[]
  isIp6: boolean
  /** Chains that are unfolded, by key. */
  unfolded: ReadonlySet<string>
  /** Hooks beside each other, where there is room for it. */
  mayBeWide: boolean
  /** Of the page. */
  width: number
}

export function layOut({ map, ways, isIp6, unfolded, mayBeWide, width }: Wanted): Layout {
  const met = ways.map(meet)
  const lanes = Math.max(
    1,
    met.reduce((sum, one) => sum + one.laps, 0),
  )
  const gutter = MARGIN + LANE * lanes + 6
  const left = MARGIN + SIDE_LANE * lanes
  const foot = 6 + 5 * lanes
  const gap = 20 + SIDE_LANE * lanes
  const column = (width - left - gap * 3 - 1) / 4
  const isWide = mayBeWide && column - gutter > 90
  const boxes: Box[] = []

  const entriesOf = (way: string, hook: string): EntryOf[] =>
    (map?.ways.find((one) => one.way === way)?.hooks.find((one) => one.hook === hook)?.entries ?? []).filter((one) =>
      one.kind === 'core' ? one.families.includes(isIp6 ? 'ip6' : 'ip') : one.family !== (isIp6 ? 'ip' : 'ip6'),
    )
  const isThere = (way: string, hook: string): boolean =>
    entriesOf(way, hook).length > 0 ||
    met.some(({ visits }) => visits.some((one) => one.way === way && one.hook === hook))

  /** As the packet met them, and by priority. */
  function namesOf(way: string, hook: string): Named[] {
    const names = entriesOf(way, hook).map(
      (entry): Named => ({ name: nameOf(entry), title: titleOf(entry), key: keyOfEntry(way, hook, entry) }),
    )
    // where no ruleset was given, or it is not the one that was traced
    for (const { visits } of met) {
      const here = visits.filter((one) => one.way === way && one.hook === hook)
      for (const [i, { key, name, isOwn }] of here.entries()) {
        if (names.some((one) => one.key === key)) continue
        const later = new Set(here.slice(i + 1).map((one) => one.key))
        const next = names.findIndex((one) => one.key !== undefined && later.has(one.key))
        names.splice(next < 0 ? names.length : next, 0, {
          name,
          title: isOwn ? 'a chain of nfwhy saw it here' : 'met by the packet',
          key,
        })
      }
    }
    return names
  }

  function build(way: string, hook: string, top: number): Box {
    const at = COLUMNS[hook]!
    const box: Box = {
      ...{ hook, way, y: top, below: 0, chains: [] },
      x: isWide ? left + at * (column + gap) : left,
      width: !isWide ? width - left - 1 : hook === 'forward' ? column * 2 + gap : column,
      height: 0,
    }
    const letters = Math.floor((box.width - gutter - MARGIN) / LETTER)
    let y = top + HEAD
    const add = (name: string, title: string, key: string | undefined) => {
      const isMet = key !== undefined && met.some(({ visits }) => visits.some((one) => one.key === key))
      // two letters for the sign that folds
      const rows = wrap(isMet ? `▸ ${name}` : name, letters)
      const chain: Chain = { name, title, rows, y, notes: [], isMet, ...(key === undefined ? {} : { key }) }
      box.chains.push(chain)
      y += rows.length * LINE
      if (!isMet) return
      for (const note of notesOf(key, met, unfolded.has(key), letters)) {
        chain.notes.push({ ...note, y })
        y += note.rows.length * LINE
      }
    }
    for (const { name, title, key } of namesOf(way, hook)) add(name, title, key)
    box.height = y - top + foot
    boxes.push(box)
    return box
  }

  /** Gives where the next row may begin. */
  function row(way: string, hooks: readonly string[], top: number): number {
    if (hooks.length === 0) return top
    const built: Box[] = []
    let y = top
    if (isWide) {
      for (const hook of hooks) if (hook !== 'forward') built.push(build(way, hook, top))
      const upper = built.filter(({ hook }) => hook === 'input' || hook === 'output')
      const between = Math.max(top, ...upper.map((one) => one.y + one.height + 12))
      if (hooks.includes('forward')) built.push(build(way, 'forward', between))
      y = Math.max(...built.map((one) => one.y + one.height))
    } else
      for (const hook of hooks) {
        const box = build(way, hook, y)
        built.push(box)
        y = box.y + box.height + 12
      }
    for (const box of built) box.below = isWide ? y : box.y + box.height
    return isWide ? y + 16 + SIDE_LANE * lanes : y
  }

  const ends = ['ingress', 'egress']
  // room for the words above the arrows
  let top = isWide ? 12 : 2
  for (const way of ['netdev', 'ip'])
    top = row(
      way,
      ends.filter((hook) => isThere(way, hook)),
      top,
    )
  for (const way of ['bridge', 'arp']) {
    const there = PLACES.filter((hook) => isThere(way, hook))
    // ARP knows no other hooks
    top = row(way, isWide && way === 'bridge' && there.length > 0 ? PLACES : there, top)
  }
  if (boxes.length === 0 || PLACES.some((hook) => isThere('ip', hook))) row('ip', PLACES, top)
  const routes = routesOf({ met, boxes, isWide, lanes })
  const lowest = Math.max(
    ...boxes.map((box) => box.y + box.height),
    ...routes.flatMap(({ points }) => points.map(([, y]) => y)),
  )
  return { width, height: Math.ceil(lowest + 6), gutter, isWide, boxes, routes }
}

/** Before the words of what is not the request itself. */
export const PREFIX: Readonly<Record<WayOf['kind'], string>> = {
  request: '',
  before: 'before: ',
  captured: 'reply: ',
  played: 'reply: ',
  a: 'A: ',
  b: 'B: ',
}
export const SIGNS = { bad: '✗', good: '✓', look: '!', unsure: '?' } as const

function notesOf(key: string, met: readonly Met[], isUnfolded: boolean, letters: number): Omit<Note, 'y'>[] {
  return met.flatMap(({ way, visits }) =>
    visits.flatMap((visit, i) => {
      if (visit.key !== key) return []
      const prefix = PREFIX[way.kind]
      const notes = visit.steps.flatMap((step): Omit<Note, 'y'>[] => {
        const verdict = step.verdict === undefined ? '' : ` → ${step.verdict}`
        const says = `${prefix}${step.n} ${withoutTable(step)}${verdict}`
        return [
          ...(isUnfolded ? [{ kind: 'step' as const, rows: wrap(says, letters), step, way }] : []),
          ...(isUnfolded && letters >= ROOM_FOR_RULES && step.rule !== undefined
            ? [{ kind: 'rule' as const, rows: wrap(step.rule, letters, 2), step, way }]
            : []),
          ...step.changes.map((one) => ({
            kind: 'change' as const,
            rows: wrap(`⇒ ${prefix}${one}`, letters),
            step,
            way,
          })),
        ]
      })
      const last = visit.steps.at(-1)!
      return i === visits.length - 1
        ? [...notes, { kind: 'end' as const, rows: wrap(`${prefix}${way.end}`, letters), step: last, way }]
        : notes
    }),
  )
}

const withoutTable = ({ name, table }: StepOf): string =>
  table !== undefined && name.startsWith(`${table} `) ? name.slice(table.length + 1) : name

/** A chain, or what the kernel itself does: without a key. */
interface Named {
  name: string
  title: string
  key: string | undefined
}

const nameOf = (entry: EntryOf): string =>
  entry.kind === 'core' ? entry.does : `${entry.table} ${entry.chain}${entry.isTied ? ' ?' : ''}`

const keyOfEntry = (way: string, hook: string, entry: EntryOf): string | undefined =>
  entry.kind === 'core' ? undefined : `${way} ${hook} ${entry.table} ${entry.chain}`

function titleOf(entry: EntryOf): string {
  if (entry.kind === 'core') return `priority ${entry.priority}: the kernel's own`
  const { family, backend, priority, policy, rules, isTied } = entry
  const order = isTied ? '; which chain of this priority comes first is not known' : ''
  const count = rules === 1 ? '1 rule' : `${rules} rules`
  return `${family} (${backend}), priority ${priority}, policy ${policy ?? 'unknown'}, ${count}${order}`
}
