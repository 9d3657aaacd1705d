import { nftArguments, nftName } from '../../../edits/nft/print.ts'
import type { Cause } from '../problem.ts'
import { lineOf, nameOf, rulesOf } from '../rules.ts'

export const traceUnreached: Cause = {
  id: 'trace-unreached',
  about: {
    cause: 'the rule that traces stands in a chain that no packet comes to',
    check: 'which base chains jump to its chain; whether its table is dormant',
    mend: 'a base chain of its own, or a jump to it',
  },
  tested: 'in a namespace',
  check(facts) {
    return rulesOf(facts)
      .traces.filter(({ bases }) => bases.length === 0)
      .map((trace) => {
        const { table, chain } = trace
        const dormant = table.flags?.includes('dormant')
        return {
          code: 'trace-unreached',
          severity: 'error',
          message: dormant
            ? `Table ${table.family} ${table.name} is dormant: rule ${nameOf(trace)} in it traces nothing.`
            : `Chain ${chain.name} hangs on no hook, and nothing that does jumps to it: rule ${nameOf(trace)} traces nothing.`,
          evidence: lineOf(trace),
          fix: dormant
            ? {
                description: 'wake the table up',
                commands: [nftArguments('add', 'table', table.family, nftName(table.name))],
                undo: [nftArguments('add', 'table', table.family, nftName(table.name), '{ flags dormant; }')],
                safe: false,
                unsafe: 'all its chains take effect again',
              }
            : {
                description: 'jump to it from a base chain of prerouting or output, or put the rule there',
                safe: false,
                unsafe: 'where it is meant to stand is not known',
              },
        }
      })
  },
}
