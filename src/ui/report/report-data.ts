/** What a report file holds: rows and explanations as the worker tells them, made beforehand, and files to play packets on. */
import type { Analysis } from '../../analysis/analysis.ts'
import type { Listing } from '../../analysis/listing.ts'
import { FACET_OF } from '../facets.ts'
import type { Explanation, FacetKind, Listed, MapOf, Opened, Row, RulesetOf } from '../protocol.ts'
import { tellExplanation } from '../worker/explanation.ts'
import { tellMap } from '../worker/map.ts'
import { Rows } from '../worker/rows.ts'
import { tellRulesets } from '../worker/rulesets.ts'
import { listedOf, openedOf } from '../worker/tell.ts'
import type { HeldFile } from './held-files.ts'
import { MOST_REPORTED } from './most-reported.ts'

export interface ReportData {
  opened: Opened
  listed: Listed
  /** The worst first; each explanation has its row. */
  explanations: Explanation[]
  /** How many there were. */
  all: number
  maps: MapOf[]
  rulesets: RulesetOf[]
  /** What packets can be played on; absent where it is too large, or nothing is known. */
  files?: HeldFile[]
}

/** `facets`: what the rows are narrowed by. */
export function reportData(
  analysis: Analysis,
  listing: Listing,
  files: readonly HeldFile[],
  facets: Partial<Record<FacetKind, readonly string[]>> = {},
): ReportData {
  const rows = new Rows(listing, facets)
  const held = rows.between(0, MOST_REPORTED)
  return {
    opened: openedOf(analysis),
    listed: listedBy(held, listedOf(rows, listing)),
    explanations: held.map((row) => {
      const { group, reply } = rows.find(row)!
      return tellExplanation(group, row, listing.ending, reply)
    }),
    all: rows.size,
    maps: analysis.map().map(tellMap),
    rulesets: tellRulesets(analysis.machines, listing.groups),
    ...(files.length > 0 ? { files: [...files] } : {}),
  }
}

/** Narrowed by what is left out, the list would be empty. */
function listedBy(rows: readonly Row[], listed: Listed): Listed {
  const of = (kind: FacetKind) =>
    listed.facets[kind].filter(({ name }) => rows.some((row) => FACET_OF[kind](row) === name))
  return { ...listed, facets: { words: of('words'), decided: of('decided'), machines: of('machines') } }
}
