import { atLeastOne, atMostOne, compare, defineMatch, type Values } from '../extension.ts'
import { dscpClass, dscpNumber, printDscp } from '../values/dscp.ts'

const options = {
  dscp: dscpNumber({ invert: true }),
  'dscp-class': dscpClass({ invert: true }),
}

/** `-m dscp`: the differentiated services code point of the IP header (libxt_dscp.c); a class prints as its number. */
export const dscp = defineMatch({
  name: 'dscp',
  options,
  check(values) {
    atLeastOne(values, 'dscp', 'dscp-class')
    atMostOne(values, 'dscp', 'dscp-class')
  },
  print: (values) => {
    const { value, not } = given(values)
    return [...(not ? ['!'] : []), '--dscp', printDscp(value)]
  },
  conditions(values, { family }) {
    const { value, not } = given(values)
    return [compare(`${family} dscp`, value, { words: `--dscp ${printDscp(value)}`, not })]
  },
})

const given = (values: Values<typeof options>) => (values.dscp ?? values['dscp-class'])!
