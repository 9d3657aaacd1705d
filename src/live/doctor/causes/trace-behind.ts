import { type Ender, enderBefore } from '../behind.ts'
import { moveToFront } from '../mends.ts'
import type { Cause, Problem } from '../problem.ts'
import { lineOf, nameOf, rulesOf } from '../rules.ts'
import type { Wish } from '../wish.ts'

export const traceBehind: Cause = {
  id: 'trace-behind',
  about: {
    cause: 'the TRACE rule stands after a rule that ends the chain',
    check:
      'earlier rules that end the chain for packets that the TRACE rule matches (with a filter: for those of them that it selects): for all, for some, or perhaps',
    mend: 'insert it at position 1; for nft: at a priority below -300',
  },
  tested: 'in a namespace',
  check(facts, wish) {
    const { traces, world } = rulesOf(facts)
    return traces.flatMap((trace): Problem[] => {
      const ender = enderBefore(trace, wish, world)
      if (!ender) return []
      const before = { ...trace, chain: ender.chain, rule: ender.rule }
      const [name, earlier] = [nameOf(trace), nameOf(before)]
      const evidence = `${lineOf(before)}; then ${lineOf(trace)}`
      const fix = moveToFront(facts, trace)
      if (ender.ends === 'all')
        return [
          {
            code: 'trace-behind',
            severity: 'error',
            message: allWords(name, earlier, wish),
            evidence,
            fix,
          },
        ]
      return [
        {
          code: 'trace-behind-some',
          // only who names packets waits for each of them
          severity: ender.ends === 'some' && wish.filter !== undefined ? 'warning' : 'note',
          message: someWords(name, earlier, ender, wish),
          evidence,
          fix,
        },
      ]
    })
  },
}

const allWords = (name: string, earlier: string, { filter }: Wish): string =>
  filter === undefined
    ? `Rule ${name} traces nothing: the earlier rule ${earlier} ends the chain for all packets that it matches.`
    : `Rule ${name} traces no packet that matches "${filter}": the earlier rule ${earlier} ends the chain for them.`

function someWords(name: string, earlier: string, { ends }: Ender, { filter }: Wish): string {
  if (filter === undefined)
    return ends === 'some'
      ? `The earlier rule ${earlier} ends the chain for some packets that rule ${name} matches: they are not traced.`
      : `The earlier rule ${earlier} may end the chain for packets that rule ${name} matches: those are not traced.`
  return ends === 'some'
    ? `The earlier rule ${earlier} ends the chain for some packets that match "${filter}": rule ${name} does not trace them.`
    : `The earlier rule ${earlier} may end the chain for packets that match "${filter}": rule ${name} does not trace those.`
}
