import { countWords } from '../../model/count-words.ts'
import { type Detector, finding } from '../context.ts'

/** Asked behind the others: not all of them had their answer. */
export const tooManyWays: Detector = {
  code: 'too-many-ways',
  detect({ budget }) {
    if (!budget.isUsedUp) return []
    const steps = countWords(budget.steps)
    return [
      finding(
        'too-many-ways',
        'note',
        `Some causes and fixes may be missing: the search stopped after ${steps} steps through the chains.`,
      ),
    ]
  },
}
