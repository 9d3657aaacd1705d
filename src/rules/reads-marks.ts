/** Whether what becomes of packets may hang on their marks. */
import { memo } from '../model/memo.ts'
import type { Table } from '../model/ruleset.ts'
import type { World } from '../model/world.ts'
import { conditionText } from './evaluate.ts'
import { simpleConditions } from './simple-conditions.ts'

/** Does a rule or the routing ask for the mark, which a rule of such a table may write? */
export const readsMarks = ({ tables, host }: World): boolean =>
  (host.routingRules?.some(({ mark }) => mark !== undefined) ?? false) || tables.some(asksForMarks)

const asksForMarks = memo(({ chains }: Table): boolean =>
  [...chains.values()].some(({ rules }) =>
    rules.some(({ conditions }) =>
      conditions.some((one) => simpleConditions(one).some((simple) => /\bmark\b/.test(conditionText(simple)))),
    ),
  ),
)
