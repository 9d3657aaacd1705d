/** What a report file holds: rows and explanations as the worker tells them, made beforehand, and files to play packets on. */
import type { Analysis } from '../../analysis/analysis.ts'
import type { Listing } from '../../analysis/listing.ts'
import { allPrintable } from '../../model/printable.ts'
import type { Explanation, Listed, MapOf, Opened, RulesetOf } from '../protocol.ts'
import { tellExplanation } from '../worker/explanation.ts'
import { tellMap } from '../worker/map.ts'
import { Rows } from '../worker/rows.ts'
import { tellRulesets } from '../worker/rulesets.ts'
import { listedOf, openedOf } from '../worker/tell.ts'
import { MOST_REPORTED } from './most.ts'

export interface ReportData {
  opened: Opened
  listed: Listed
  /** The worst first; each explanation has its row. */
  explanations: Explanation[]
  /** How many there were. */
  all: number
  maps: MapOf[]
  rulesets: RulesetOf[]
  /** Of the inputs, those that packets can be played on; base64. Absent: nothing may be handed on but what is shown. */
  files?: { name: string; folders: readonly string[]; as?: string; bytes: string }[]
}

export function reportData(analysis: Analysis, listing: Listing, files: ReportData['files']): ReportData {
  const rows = new Rows(listing.groups, listing)
  return {
    opened: openedOf(analysis),
    listed: listedOf(rows, listing),
    explanations: rows.between(0, MOST_REPORTED).map((row) => {
      const key = { group: row.group }
      return tellExplanation(rows.groupOf(key)!, row, listing.ending, rows.replyOf(key))
    }),
    all: rows.size,
    maps: analysis.map().map(tellMap),
    rulesets: tellRulesets(analysis.machines, listing.groups),
    ...(files ? { files: allPrintable(files) } : {}),
  }
}
