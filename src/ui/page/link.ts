/** A link to what is shown: the address's part behind #, as in #journey=3&filter=tcp&outcome=DROPPED&tab=try. */
import type { FacetKind } from '../protocol.ts'

export type Tab = 'way' | 'rules' | 'try'
export type Facets = Readonly<Record<FacetKind, readonly string[]>>

export interface Link {
  journey?: string
  filter: string
  facets: Facets
  tab?: Tab
}

const NAMES: Readonly<Record<FacetKind, string>> = { words: 'outcome', decided: 'decided', machines: 'machine' }

export function readLink(hash: string): Link {
  const parts = new URLSearchParams(hash.replace(/^#/, ''))
  const journey = parts.get('journey')
  const tab = parts.get('tab')
  const named = (kind: FacetKind) => parts.getAll(NAMES[kind])
  return {
    // of a trace that goes on, with its capture
    ...(journey !== null && /^\d+(?:@.+)?$/.test(journey) ? { journey } : {}),
    filter: parts.get('filter') ?? '',
    facets: { words: named('words'), decided: named('decided'), machines: named('machines') },
    ...(tab === 'way' || tab === 'rules' || tab === 'try' ? { tab } : {}),
  }
}

/** `tab`: absent where it is the one that is shown first. */
function hashOf({ journey, filter, facets, tab }: Link): string {
  const parts = new URLSearchParams()
  if (journey !== undefined) parts.set('journey', journey)
  if (filter !== '') parts.set('filter', filter)
  for (const [kind, name] of Object.entries(NAMES)) for (const one of facets[kind as FacetKind]) parts.append(name, one)
  if (tab !== undefined) parts.set('tab', tab)
  return `#${parts}`
}

const withoutJourney = (hash: string): string => hash.replace(/^#journey=[^&]*&?/, '#')

/** `of`: which opening of files it belongs to. Going through the list is no way back; filters, facets and tabs are. */
export function writeLink(link: Link, of: number): void {
  const [before, now] = [location.hash || '#', hashOf(link)]
  const isOurs = isWrittenFor(of)
  if (isOurs && before === now) return
  const isPlace = isOurs && withoutJourney(before) !== withoutJourney(now)
  history[isPlace ? 'pushState' : 'replaceState']({ of }, '', now)
}

/** A link that a person typed has no state. */
const isWrittenFor = (of: number): boolean => (history.state as { of?: number } | null)?.of === of

/** It belongs to files that were open before. */
export const isOfOthers = (of: number): boolean => history.state !== null && !isWrittenFor(of)

/** What is shown instead of what the link says takes its place in the history. */
export const correctLink = (): void => history.replaceState(null, '')
