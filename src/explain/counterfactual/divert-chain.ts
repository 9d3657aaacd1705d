/** The chain that marks and accepts what has a socket of this host, in front of TPROXY; and nothing leads to it. */
import type { Chain, Rule, Table } from '../../model/ruleset.ts'
import type { World } from '../../model/world.ts'
import { graphOf } from './chain-graph.ts'

/** `proxy`: TPROXY's rule, whose mark the chain gives as well. */
export function unusedDivert(table: Table | undefined, proxy: Rule | undefined, { sets }: World): Chain | undefined {
  const mark = proxy && markOf(proxy)
  if (!table || mark === undefined) return undefined
  const { led } = graphOf(table, sets)
  return [...table.chains.values()].find(
    ({ hook, name, rules }) =>
      hook === undefined &&
      !led.has(name) &&
      rules.some((one) => markOf(one) === mark) &&
      rules.at(-1)?.statements.at(-1)?.kind === 'accept' &&
      rules.every(({ conditions }) => conditions.length === 0),
  )
}

function markOf({ statements }: Rule): number | undefined {
  const given = statements.find((one) => one.kind === 'set' && one.field === 'meta mark')
  return given?.kind === 'set' && typeof given.value === 'number' && !given.map ? given.value : undefined
}
