/** What the page is told of the files as a whole, and of a list. */
import type { Analysis } from '../../analysis/analysis.ts'
import type { Listing } from '../../analysis/listing.ts'
import type { Diagnostic } from '../../model/diagnostic.ts'
import { allPrintable, printable } from '../../model/printable.ts'
import type { Listed, Opened, Warning } from '../protocol.ts'
import type { Rows } from './rows.ts'
import { summaryLines } from './summary.ts'

export const openedOf = ({ machines, files, warnings, hasCapture }: Analysis): Opened =>
  allPrintable({
    machines: machines.flatMap(({ name }) => (name === undefined ? [] : [name])),
    files: files.map(({ name, format, bytes }) => ({ name, what: format, bytes })),
    warnings: warnings.map(warningOf),
    hasCapture,
  })

export const listedOf = (rows: Rows, listing: Listing): Listed => ({
  rows: rows.size,
  summary: summaryLines(listing).map(printable),
  facets: rows.facets,
  ...rows.times(),
  warnings: allPrintable(listing.ending.warnings.map(warningOf)),
})

export const warningOf = ({ input, line, message }: Diagnostic): Warning => ({
  place: line === undefined ? input : `${input}:${line}`,
  message,
})
