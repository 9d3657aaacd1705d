/** `-o report.html`: one file for a ticket, with the page, what it shows, and what it simulates with. */
import { gzipSync } from 'node:zlib'
import { Analysis } from '../analysis/analysis.ts'
import { isFailing } from '../analysis/exchange-counts.ts'
import type { Inputs, UsedFile } from '../analysis/inputs/open.ts'
import { isProblem } from '../analysis/is-problem.ts'
import type { SelectOptions } from '../analysis/select.ts'
import { UserError } from '../model/user-error.ts'
import { fillReport } from '../ui/report/fill.ts'
import { heldFiles } from '../ui/report/held-files.ts'
import { type ReportData, reportData } from '../ui/report/report-data.ts'
import { ownFile } from './own-files.ts'

/** scripts/page.mjs makes it. */
const SHELL = 'dist/page/report.html'

export const HTML = '.html'
export const isHtml = (output: string | undefined): boolean => output?.endsWith(HTML) === true

export interface HtmlReport {
  html: string
  /** Was one of the exchanges a problem? */
  problem: boolean
}

/** `used`: of the inputs what was read, redacted where they are. Throws UserError. */
export async function htmlReport(
  inputs: Inputs,
  wanted: SelectOptions & { idle?: number },
  used: readonly UsedFile[],
): Promise<HtmlReport> {
  const { idle, ...select } = wanted
  const analysis = new Analysis(inputs, { ...(idle === undefined ? {} : { idle }), unmatched: true })
  const listing = await analysis.listing(select)
  // a report that was narrowed holds no packets but those it shows; and by another idle time, journeys have other ids
  const isWhole = Object.keys(wanted).length === 0
  const data = reportData(analysis, listing, await heldFiles(used, { captures: isWhole }))
  return {
    html: filled(data),
    problem: listing.groups.some((group) => isProblem(group.journey) || isFailing(group)),
  }
}

function filled(data: ReportData): string {
  const shell = ownFile(SHELL)
  if (!shell) throw new UserError('The page is not built: run `npm run build` in the folder of nfwhy.')
  const packed = gzipSync(JSON.stringify(data), { level: 9 }).toString('base64')
  return fillReport(new TextDecoder().decode(shell), packed)
}
