/** Journeys come in: counted, folded, and given their place in the list. */
import type { Journey } from '../../model/journey.ts'
import { decidingRule } from '../../reports/deciding-rule.ts'
import type { Group } from '../../reports/form.ts'
import { markOf } from '../../reports/journey-words.ts'
import { noticesOf } from '../../reports/summary-words.ts'
import { layoutOf } from './layout.ts'
import { firstShown, shownItems } from './rows.ts'
import type { Arrival, Counts, Item, LiveState } from './state.ts'

/** Items that are kept; the oldest go. */
export const MOST_ITEMS = 3000
/** Packets that a filter can find again. */
export const MOST_PACKETS = 10_000
/** Rules that are counted by themselves. */
const MOST_RULES = 2000

export interface Came extends Arrival {
  /** The journey's own; it may grow later on, so it is copied. */
  group: Group
}

/** All that came since the last time: one after the other would copy the list for each. */
export function add(state: LiveState, came: readonly Came[]): LiveState {
  if (came.length === 0) return state
  const groups = new Map<Journey, Group>()
  for (const { journey, group } of came) groups.set(journey, group)
  const told = new Set(state.told)
  const packets = [...state.kept.packets, ...came.map(({ journey, packet }): Arrival => ({ journey, packet }))]
  const { kept, ...rest } = keep(state, placed(state, groups, told), packets.slice(-MOST_PACKETS))
  return { ...state, told, kept, counts: { ...counted(state.counts, came), ...rest } }
}

/** What is known of a group has changed, and no packet came; it stays where it is. */
export function amend(state: LiveState, group: Group): LiveState {
  const items = state.kept.items.map((item) => (item.key === group.journey ? { ...item, group: copyOf(group) } : item))
  return { ...state, kept: { ...state.kept, items } }
}

/** A line in the list that is no packet. */
export function notice(state: LiveState, text: string): LiveState {
  const items = [...state.kept.items, { kind: 'notice', key: {}, text, more: [] } as const]
  const { kept, ...rest } = keep(state, items, state.kept.packets)
  return { ...state, kept, counts: { ...state.counts, ...rest } }
}

function keep({ counts }: LiveState, items: readonly Item[], packets: readonly Arrival[]) {
  const gone = items.slice(0, -MOST_ITEMS)
  return { kept: { items: items.slice(-MOST_ITEMS), packets }, gone: counts.gone + gone.length }
}

/** What is on the screen keeps its place; what is not comes to the end when it is met again. */
function placed(state: LiveState, groups: ReadonlyMap<Journey, Group>, told: Set<string>): Item[] {
  const floor = firstInSight(state)
  const stay: Item[] = []
  const last: Item[] = []
  const left = new Map(groups)
  state.kept.items.forEach((item, i) => {
    const group = item.kind === 'group' ? left.get(item.key) : undefined
    if (item.kind === 'notice' || !group) {
      stay.push(item)
      return
    }
    left.delete(item.key)
    const grown: Item = { ...item, group: copyOf(group) }
    if (i < floor) last.push(grown)
    else stay.push(grown)
  })
  for (const [key, group] of left) {
    for (const { messages, fixes } of noticesOf([group], told))
      last.push({ kind: 'notice', key: {}, text: messages.join(' '), more: fixes })
    last.push({ kind: 'group', key, group: copyOf(group) })
  }
  return [...stay, ...last]
}

const copyOf = (group: Group): Group => ({
  ...group,
  same: { ...group.same },
  ...(group.exchanges ? { exchanges: { ...group.exchanges, counts: { ...group.exchanges.counts } } } : {}),
})

/** While a person looks around, or has stopped the list, nothing moves. */
function firstInSight(state: LiveState): number {
  if (state.paused || state.selected !== undefined) return 0
  const first = shownItems(state)[firstShown(state, layoutOf(state).list.rows)]
  return first ? state.kept.items.findIndex(({ key }) => key === first.key) : 0
}

function counted(counts: Counts, came: readonly Came[]): Counts {
  const outcomes = new Map(counts.outcomes)
  const rules = new Map(counts.rules)
  let { otherRules } = counts
  const numbers = new Map<Journey, number>()
  for (const { journey } of came) numbers.set(journey, (numbers.get(journey) ?? 0) + 1)
  for (const [journey, number] of numbers) {
    const { outcome } = journey
    const mark = markOf(journey)
    const before = outcomes.get(outcome) ?? { count: 0, look: 0 }
    outcomes.set(outcome, { count: before.count + number, look: before.look + (mark === 'look' ? number : 0) })
    const deciding = decidingRule(journey)
    const key = `${outcome} ${mark} ${deciding.key}`
    const known = rules.get(key)
    if (known) rules.set(key, { ...known, count: known.count + number })
    else if (rules.size < MOST_RULES) rules.set(key, { deciding, mark, outcome, count: number })
    else otherRules += number
  }
  return { ...counts, packets: counts.packets + came.length, outcomes, rules, otherRules }
}
