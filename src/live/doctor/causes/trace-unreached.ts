import { nftArguments, nftName } from '../../../edits/nft/print.ts'
import type { Cause } from '../problem.ts'
import { lineOf, nameOf, rulesOf } from '../rules.ts'

export const traceUnreached: Cause = {
  id: 'trace-unreached',
  about: {
    cause: 'the rule that traces is in a chain that no packet traverses',
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
            : `Chain ${chain.name} is attached to no hook, and no attached chain jumps to it: rule ${nameOf(trace)} traces nothing.`,
          evidence: lineOf(trace),
          fix: dormant
            ? {
                description: 'enable the table (remove the flag dormant)',
                commands: [nftArguments('add', 'table', table.family, nftName(table.name))],
                undo: [nftArguments('add', 'table', table.family, nftName(table.name), '{ flags dormant; }')],
                safe: false,
                unsafe: 'all its chains take effect again',
              }
            : {
                description: 'jump to it from a base chain of prerouting or output, or move the rule there',
                safe: false,
                unsafe: 'the intended place is unknown',
              },
        }
      })
  },
}
