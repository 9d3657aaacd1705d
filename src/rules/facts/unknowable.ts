/** Fields that neither a packet nor the host's state tells, and why not. */
import { wordTable } from '../../model/word-table.ts'
import { CHANCE } from '../by-turns.ts'
import type { Readers } from '../eval-context.ts'
import { unknown } from '../truth.ts'

const WHEN = 'depends on when the packet came'

export const UNTOLD: Readonly<Record<string, string>> = wordTable({
  'meta time': WHEN,
  'meta day': WHEN,
  'meta hour': WHEN,
  'meta random': CHANCE,
})

export const UNKNOWNS: Readers = Object.fromEntries(
  Object.entries(UNTOLD).map(([field, reason]) => {
    const truth = unknown(reason)
    return [field, () => truth]
  }),
)
