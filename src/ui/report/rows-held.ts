/** Which rows a report holds, and how they are narrowed. */
import type { FacetKind, Row } from '../protocol.ts'

/** Who needs more opens the files themselves. */
export const MOST_REPORTED = 100

/** What a row can be narrowed by. */
export const FACET_OF: Readonly<Record<FacetKind, (row: Row) => string | undefined>> = {
  words: ({ word }) => word,
  decided: ({ decided }) => decided,
  machines: ({ machine }) => machine,
}
