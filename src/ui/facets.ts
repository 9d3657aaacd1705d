/** By what rows are told apart, for narrowing the list. */
import type { FacetKind, Row } from './protocol.ts'

/** Undefined where a row has nothing of it. */
export const FACET_OF: Readonly<
  Record<FacetKind, (row: Pick<Row, 'word' | 'decided' | 'machine'>) => string | undefined>
> = {
  words: ({ word }) => word,
  decided: ({ decided }) => decided,
  machines: ({ machine }) => machine,
}

export const FACET_KINDS = Object.keys(FACET_OF) as FacetKind[]
