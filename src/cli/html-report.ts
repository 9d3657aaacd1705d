/** `-o report.html`: one file for a ticket, with the page, what it shows, and what it simulates with. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { Analysis } from '../analysis/analysis.ts'
import { isFailing } from '../analysis/groups.ts'
import type { Inputs } from '../analysis/inputs/open.ts'
import { isProblem } from '../analysis/is-problem.ts'
import type { SelectOptions } from '../analysis/select.ts'
import { UserError } from '../model/user-error.ts'
import { type ReportData, reportData } from '../ui/report/report-data.ts'
import { type Named, STDIN } from './expand.ts'

/** Beside the command's scripts in dist/; scripts/page.mjs makes it. */
const SHELL = fileURLToPath(new URL('./page/report.html', import.meta.url))
/** Bytes of captures that are handed on; of more the rulesets and the host's state are, which packets can be played on. */
const MOST_CAPTURED = 1_000_000

export const isHtml = (output: string | undefined): boolean => output?.endsWith('.html') === true

export interface HtmlReport {
  html: string
  /** Was one of the exchanges a problem? */
  problem: boolean
}

/** `named`: the inputs' own files, or undefined where nothing may be handed on but what is shown. Throws UserError. */
export async function htmlReport(
  inputs: Inputs,
  wanted: SelectOptions & { idle: number },
  named: readonly Named[] | undefined,
): Promise<HtmlReport> {
  const { idle, ...select } = wanted
  const analysis = new Analysis(inputs, { idle, unmatched: true })
  const listing = await analysis.listing(select)
  const data = reportData(analysis, listing, named && filesOf(inputs, named))
  return {
    html: filled(data),
    problem: listing.groups.some((group) => isProblem(group.journey) || isFailing(group)),
  }
}

function filesOf({ captures }: Inputs, named: readonly Named[]): NonNullable<ReportData['files']> {
  const captured = new Set(captures.map(({ name }) => name))
  const bytes = named.filter(({ name }) => captured.has(name)).reduce((sum, { stats }) => sum + stats.size, 0)
  return named
    .filter(
      ({ name, path, stats }) => path !== STDIN && stats.isFile() && (bytes <= MOST_CAPTURED || !captured.has(name)),
    )
    .map(({ name, path, folders, as }) => ({
      ...{ name, folders },
      ...(as ? { as: as.format.id } : {}),
      bytes: readFileSync(path).toString('base64'),
    }))
}

/** Nothing of an input is markup there: all of it is gzipped, in base64. */
function filled(data: ReportData): string {
  let shell: string
  try {
    shell = readFileSync(SHELL, 'utf8')
  } catch {
    throw new UserError('The page is not built: run `npm run build` in the folder of nfwhy.')
  }
  const packed = gzipSync(JSON.stringify(data), { level: 9 }).toString('base64')
  return shell.replace('<!--report-->', () => `<script type="text/plain" id="nfwhy-report">${packed}</script>`)
}
