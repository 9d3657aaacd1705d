/** What the page shows at the moment, and what changes it. Components read signals and call these functions. */
import { batch, signal } from '@preact/signals'
import type { Explanation, Listed, MapOf, Opened, PageFile, Row, RowKey, RulesetOf } from '../protocol.ts'
import { type Engine, Refused } from './engine.ts'

export type Tab = 'way' | 'rules' | 'try'

/** The worker; set once at the start. */
let engine: Engine
export const useEngine = (one: Engine): void => {
  engine = one
}
export const ask: Engine['ask'] = (call, argument) => engine.ask(call, argument)

export const opened = signal<Opened | undefined>(undefined)
/** What is being done that takes a while. */
export const busy = signal<string | undefined>(undefined)
export const problem = signal<Refused | undefined>(undefined)
export const filter = signal('')
/** What is wrong with the filter as it stands. */
export const filterProblem = signal<Refused | undefined>(undefined)
export const words = signal<readonly string[]>([])
export const listed = signal<Listed | undefined>(undefined)
/** How many rows there are now, with those that were expanded. */
export const rowCount = signal(0)
/** Counts up where rows are no longer what they were. */
export const rowsEdition = signal(0)
/** Place in the list. */
export const selected = signal<number | undefined>(undefined)
export const explanation = signal<Explanation | undefined>(undefined)
export const maps = signal<readonly MapOf[]>([])
export const rulesets = signal<readonly RulesetOf[]>([])
export const tab = signal<Tab>('way')
export const helpShown = signal(false)

/** Runs what may be refused, and says so on the page. */
export async function doing(what: string, work: () => Promise<void>): Promise<void> {
  busy.value = what
  problem.value = undefined
  try {
    await work()
  } catch (error) {
    problem.value = error instanceof Refused ? error : new Refused(String(error))
  } finally {
    busy.value = undefined
  }
}

/** Files in place of those that were open before. */
export const openFiles = (files: readonly PageFile[]): Promise<void> =>
  doing(files.length === 1 ? `Reading ${files[0]!.name}` : `Reading ${files.length} files`, async () => {
    const now = await ask('open', files)
    batch(() => {
      opened.value = now
      filter.value = ''
      words.value = []
      selected.value = undefined
      explanation.value = undefined
      tab.value = now.hasCapture ? 'way' : 'try'
    })
    maps.value = await ask('map', undefined)
    if (now.hasCapture) await list()
    rulesets.value = await ask('rulesets', undefined)
  })

/** Lists what matches, and explains the first of it. Rejects with Refused. */
async function list(): Promise<void> {
  const now = await ask('select', { filter: filter.value, words: words.value })
  batch(() => {
    listed.value = now
    rowCount.value = now.rows
    rowsEdition.value++
    selected.value = undefined
    explanation.value = undefined
  })
  if (now.rows > 0) await select(0)
}

/** Lists anew. A filter that cannot be read is told beside it, and the list stays. */
export async function narrow(wanted: { filter?: string; words?: readonly string[] }): Promise<void> {
  const before = { filter: filter.value, words: words.value }
  filter.value = wanted.filter ?? before.filter
  words.value = wanted.words ?? before.words
  filterProblem.value = undefined
  await doing('Looking for what matches', async () => {
    try {
      await list()
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      filterProblem.value = error
    }
  })
}

export async function select(place: number): Promise<void> {
  selected.value = place
  const [row] = await ask('rows', { from: place, to: place + 1 })
  if (!row || selected.value !== place) return
  const now = await ask('explain', keyOf(row))
  if (selected.value === place) explanation.value = now
}

export const keyOf = ({ group, exchange }: Row): RowKey => (exchange === undefined ? { group } : { group, exchange })

/** Shows a group's exchanges one by one, or no longer. */
export async function expand(group: number): Promise<void> {
  const count = await ask('expand', group)
  batch(() => {
    rowCount.value = count
    rowsEdition.value++
  })
}
