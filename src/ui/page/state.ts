/** What the page shows at the moment, and what changes it. Components read signals and call these functions. */
import { batch, effect, signal, untracked } from '@preact/signals'
import type { Explanation, FacetKind, Listed, MapOf, Opened, PageFile, Row, RowKey, RulesetOf } from '../protocol.ts'
import type { ReportData } from '../report/report-data.ts'
import { type Asks, Refused } from './engine.ts'
import { correctLink, type Facets, isOfOthers, type Link, readLink, type Tab, writeLink } from './link.ts'

/** The worker; set once at the start. */
let engine: Asks
export const useEngine = (one: Asks): void => {
  engine = one
}
export const ask: Asks['ask'] = (call, argument) => engine.ask(call, argument)

export const opened = signal<Opened | undefined>(undefined)
/** Counts up with other files; those of a trace that goes on stay the same ones. */
export const openings = signal(0)
/** What is being done that takes a while. */
export const busy = signal<string | undefined>(undefined)
export const problem = signal<Refused | undefined>(undefined)
export const filter = signal('')
/** What is wrong with the filter as it stands. */
export const filterProblem = signal<Refused | undefined>(undefined)
/** What the list is narrowed to; nothing of a kind: all. */
const NO_FACETS: Facets = { words: [], decided: [], machines: [] }
export const facets = signal(NO_FACETS)
export const listed = signal<Listed | undefined>(undefined)
/** How many rows there are now, with those that were expanded. */
export const rowCount = signal(0)
/** Counts up where rows are no longer what they were. */
export const rowsEdition = signal(0)
/** Place in the list. */
export const selected = signal<number | undefined>(undefined)
/** The row that stands there: it keeps its name where others come before it. */
const lookedAt = signal<RowKey | undefined>(undefined)
export const explanation = signal<Explanation | undefined>(undefined)
export const maps = signal<readonly MapOf[]>([])
export const rulesets = signal<readonly RulesetOf[]>([])
/** The explanation of the packet once all changes are made; absent where nothing was played. */
export const after = signal<Explanation | undefined>(undefined)
export const tab = signal<Tab>('way')
/** The exchange that a link names, and the list has not. */
export const missing = signal<string | undefined>(undefined)
export const helpShown = signal(false)

/** Runs what may be refused, and says so on the page. */
export async function doing(what: string, work: () => Promise<void>): Promise<void> {
  busy.value = what
  problem.value = undefined
  await saying(work)
  busy.value = undefined
}

/** The same of what takes no time. */
async function saying(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    problem.value = error instanceof Refused ? error : new Refused(String(error))
  }
}

/** How many rows there were where a report has only the first of them; undefined on any other page. */
export const reported = signal<number | undefined>(undefined)

/** May packets be played? Not where a report holds no files. */
export const canTry = signal(true)

/** May two exchanges be compared? Captures are read again for it, and a report may hold none. */
export const canCompare = signal(true)

/** Shows what a report file holds. */
export async function openReport({ opened: now, all, maps: drawn, rulesets: told, files }: ReportData): Promise<void> {
  // its rows were made beforehand: they can be narrowed, and not filtered
  const link = { ...readLink(location.hash), filter: '' }
  batch(() => {
    openings.value++
    opened.value = now
    reported.value = all
    canTry.value = files !== undefined
    canCompare.value = files?.some(({ isCapture }) => isCapture) === true
    maps.value = drawn
    rulesets.value = told
    facets.value = link.facets
    tab.value = tabOf(link)
  })
  await doing('Opening the report', () => list(link.journey))
}

/** Files in place of those that were open before. */
export const openFiles = (files: readonly PageFile[]): Promise<void> =>
  doing(files.length === 1 ? `Reading ${files[0]!.name}` : `Reading ${files.length} files`, async () => {
    const now = await ask('open', files)
    // a link is to what is opened first; other files have other journeys of that number
    const link = readLink(openings.value === 0 ? location.hash : '')
    batch(() => {
      openings.value++
      opened.value = now
      filter.value = link.filter
      filterProblem.value = undefined
      facets.value = link.facets
      missing.value = undefined
      selected.value = undefined
      lookedAt.value = undefined
      explanation.value = undefined
      after.value = undefined
      tab.value = tabOf(link)
    })
    maps.value = await ask('map', undefined)
    if (now.hasCapture) await listLinked(link)
    await countHits()
  })

/** Which is shown first hangs on the files. */
const firstTab = (): Tab => (opened.value?.hasCapture === false ? 'try' : 'way')
const tabOf = ({ tab }: Link): Tab => (tab === undefined || (tab === 'try' && !canTry.value) ? firstTab() : tab)

/** Lists by a link's filter; by none where it cannot be read. Rejects with Refused. */
async function listLinked(link: Link): Promise<void> {
  try {
    await list(link.journey)
  } catch (error) {
    if (!(error instanceof Refused) || filter.value === '') throw error
    batch(() => {
      filterProblem.value = error
      filter.value = ''
    })
    correctLink()
    await list(link.journey)
  }
}

/** The address is a link to what is shown, for as long as the same files are open. */
function showLink(): void {
  if (!opened.value) return
  const { id } = lookedAt.value ?? {}
  const link = { filter: filter.value, facets: facets.value, ...(id === undefined ? {} : { journey: id }) }
  writeLink(tab.value === firstTab() ? link : { ...link, tab: tab.value }, openings.value)
}

effect(() => {
  void tab.value
  untracked(showLink)
})

/** Back, Forward, or another link that was typed. */
export async function followLink(): Promise<void> {
  if (!opened.value) return
  if (isOfOthers(openings.value)) return showLink()
  const link = readLink(location.hash)
  if (reported.value !== undefined) link.filter = ''
  const isSameList = link.filter === filter.value && isDeepEqual(link.facets, facets.value)
  batch(() => {
    filter.value = link.filter
    filterProblem.value = undefined
    facets.value = link.facets
    tab.value = tabOf(link)
  })
  const { journey } = link
  if (!opened.value.hasCapture) return
  if (!isSameList) await doing('Looking for what matches', () => listLinked(link))
  else if (journey !== undefined && journey !== lookedAt.value?.id) await saying(() => lookLinked(journey))
}

/** Where the list has no such exchange, that is said, and the first one is shown. */
async function lookLinked(id: string): Promise<void> {
  const isListed = rowCount.value > 0 && (await look({ id }))
  if (!isListed && rowCount.value > 0) await selectAt(0)
  missing.value = isListed ? undefined : id
}

/** Shows a trace's files as they are by now: what was selected stays so. Rejects with Refused. */
export async function showFollowed(files: readonly PageFile[], isUnderWay: boolean): Promise<void> {
  const looked = lookedAt.value
  const wanted = { filter: filter.value, ...facets.value }
  const now = await ask('follow', { files, wanted, isUnderWay, ...(looked ? { selected: looked } : {}) })
  const { place } = now
  batch(() => {
    opened.value = now.opened
    maps.value = now.maps
    listed.value = now.listed
    rowCount.value = now.listed.rows
    rowsEdition.value++
    // another one that was chosen meanwhile is found by its own question, which waits behind this one
    if (lookedAt.value === looked) selected.value = place
  })
  if (tab.value === 'rules' || rulesets.value.length === 0) await countHits()
  if (lookedAt.value !== looked || now.listed.rows === 0) return
  if (looked === undefined || place === undefined) await selectAt(0)
  else await look(looked)
}

/** The rules, and how many packets met each so far. */
export async function countHits(): Promise<void> {
  rulesets.value = await ask('rulesets', undefined)
}

let lists = 0

/** Lists what matches, and explains the journey of this id, else the first. Rejects with Refused. */
async function list(id?: string): Promise<void> {
  const mine = ++lists
  const now = await ask('select', { filter: filter.value, ...facets.value })
  // another filter was asked for meanwhile
  if (mine !== lists) return
  batch(() => {
    listed.value = now
    missing.value = undefined
    rowCount.value = now.rows
    rowsEdition.value++
    selected.value = undefined
    lookedAt.value = undefined
    explanation.value = undefined
  })
  if (id !== undefined) await lookLinked(id)
  else if (now.rows > 0) await selectAt(0)
  if (now.rows === 0) showLink()
}

/** Lists anew by another filter. One that cannot be read is told beside it, and the list stays. */
export async function filterBy(wanted: string): Promise<void> {
  const before = filter.value
  filter.value = wanted
  filterProblem.value = undefined
  await doing('Looking for what matches', async () => {
    try {
      await list()
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      if (filter.value !== wanted) return
      filterProblem.value = error
      filter.value = before
    }
  })
}

/** Narrows the list to what has this, or no longer. */
export function toggleFacet(kind: FacetKind, name: string): Promise<void> {
  const now = facets.value[kind]
  const next = now.includes(name) ? now.filter((one) => one !== name) : [...now, name]
  facets.value = { ...facets.value, [kind]: next }
  return doing('Looking for what matches', () => list())
}

/** What stands at this place of the list. */
export const selectAt = (place: number): Promise<void> =>
  saying(async () => {
    missing.value = undefined
    selected.value = place
    const [row] = await ask('rows', { from: place, to: place + 1 })
    if (row && selected.value === place) await look(keyOf(row))
  })

/** A row that is seen on the page: it may have moved in the list meanwhile. */
export const select = (row: Row, place: number): Promise<void> =>
  saying(async () => {
    missing.value = undefined
    selected.value = place
    await look(keyOf(row))
  })

/** Explains it. Gives whether it is listed; where nothing is new, nothing on the page moves. */
async function look(key: RowKey): Promise<boolean> {
  lookedAt.value = key
  const now = await ask('look', key)
  if (lookedAt.value !== key) return now !== undefined
  if (!now) {
    batch(() => {
      selected.value = undefined
      lookedAt.value = undefined
    })
    return false
  }
  const { place, rows, explanation: told } = now
  batch(() => {
    selected.value = place
    if (rows !== rowCount.value) rowsEdition.value++
    rowCount.value = rows
    if (!isDeepEqual(told, explanation.value)) explanation.value = told
  })
  showLink()
  return true
}

const keyOf = ({ id, isOne }: Row): RowKey => (isOne ? { id, isOne } : { id })

/** All of it is data. */
const isDeepEqual = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other)

/** Shows a group's exchanges one by one, or no longer. */
export const expand = (group: Row): Promise<void> =>
  saying(async () => {
    const count = await ask('expand', keyOf(group))
    batch(() => {
      rowCount.value = count
      rowsEdition.value++
    })
  })
