import type { Condition } from '../../../model/condition.ts'
import type { Negatable } from '../../../model/ruleset.ts'
import { atLeastOne, compare, defineMatch, type Option, word } from '../extension.ts'
import { readAddress } from '../values/addresses.ts'

type Ends = [from: string, to: string]

/** The wrong way round is allowed: no address is in it then. */
const range = (): Option<Ends> =>
  word<Ends>(
    (text, { family }) => {
      const dash = text.indexOf('-')
      const from = readAddress(dash < 0 ? text : text.slice(0, dash), family)
      return [from, dash < 0 ? from : readAddress(text.slice(dash + 1), family)]
    },
    (ends) => ends.join('-'),
    { invert: true },
  )

/** `-m iprange --src-range ADDR[-ADDR]` (libxt_iprange.c revision 1). */
export const iprange = defineMatch({
  name: 'iprange',
  options: { 'src-range': range(), 'dst-range': range() },
  check: (values) => atLeastOne(values, 'src-range', 'dst-range'),
  conditions({ 'src-range': source, 'dst-range': destination }, { family }) {
    const conditions: Condition[] = []
    if (source) conditions.push(inRange(`${family} saddr`, '--src-range', source))
    if (destination) conditions.push(inRange(`${family} daddr`, '--dst-range', destination))
    return conditions
  },
})

const inRange = (field: string, option: string, { value, not }: Negatable<Ends>): Condition =>
  compare(field, { range: value }, { words: `${option} ${value.join('-')}`, not })
