/** Two journeys side by side, in the words of `nfwhy compare`. */
import type { Analysis } from '../../analysis/analysis.ts'
import type { SideName } from '../../analysis/compare.ts'
import { single } from '../../analysis/groups.ts'
import { printedJourney } from '../../edits/fix.ts'
import { allPrintable } from '../../model/printable.ts'
import { comparisonWords } from '../../reports/comparison-words.ts'
import { UNICODE as MARKS } from '../../reports/marks.ts'
import { comparisonText } from '../../reports/text/comparison.ts'
import type { Compared, ComparedSide } from '../protocol.ts'
import { stepOf, wayEnd } from './explanation.ts'
import { tellRow } from './row.ts'

/** Throws UserError. */
export async function tellCompared(analysis: Analysis, a: string, b: string): Promise<Compared> {
  const comparison = await analysis.compare(a, b)
  const shown = allPrintable(comparison)
  const { sides, ...said } = comparisonWords(shown, MARKS)
  const sideOf = (side: SideName): ComparedSide => {
    const of = comparison.journeys[side]
    const journey = shown.journeys[side]
    return {
      row: tellRow(single(of)),
      way: {
        kind: side,
        word: journey.outcome,
        ...wayEnd(printedJourney(journey)),
        steps: journey.steps.map((step) => ({ ...stepOf(step, journey), side })),
      },
      packet: of.packet,
      ...(journey.host === undefined ? {} : { machine: journey.host }),
      lines: sides[side],
    }
  }
  return { ...said, a: sideOf('a'), b: sideOf('b'), text: comparisonText(comparison) }
}
