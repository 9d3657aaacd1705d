/** What the page is told of the files as a whole, and of a list. */
import type { Analysis } from '../../analysis/analysis.ts'
import type { Listing } from '../../analysis/listing.ts'
import { allPrintable, printable } from '../../model/printable.ts'
import { warningWords } from '../../reports/warning-words.ts'
import type { Listed, Opened } from '../protocol.ts'
import { warningsOnPage } from './page-words.ts'
import type { Rows } from './rows.ts'
import { summaryLines } from './summary.ts'

export const openedOf = ({ machines, files, warnings, hasCapture }: Analysis): Opened =>
  allPrintable({
    machines: machines.flatMap(({ name }) => (name === undefined ? [] : [name])),
    files: files.map(({ name, format, bytes }) => ({ name, what: format, bytes })),
    warnings: warningsOnPage(warningWords(warnings)),
    hasCapture,
  })

export const listedOf = (rows: Rows, listing: Listing): Listed => ({
  rows: rows.size,
  summary: summaryLines(listing).map(printable),
  facets: rows.facets,
  ...rows.times(),
  warnings: allPrintable(warningsOnPage(warningWords(listing.ending.warnings))),
})
