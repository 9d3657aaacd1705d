import { atLeastOne, atMostOne, defineTarget, type Values } from '../extension.ts'
import { dscpClass, dscpNumber, printDscp } from '../values/dscp.ts'

const options = { 'set-dscp': dscpNumber(), 'set-dscp-class': dscpClass() }

const codePoint = (values: Values<typeof options>): number => (values['set-dscp'] ?? values['set-dscp-class'])!.value

/** `-j DSCP --set-dscp VALUE`: the differentiated services code point; the packet goes on (libxt_DSCP.c). */
export const DSCP = defineTarget({
  name: 'DSCP',
  tables: ['mangle'],
  options,
  check(values) {
    atLeastOne(values, 'set-dscp', 'set-dscp-class')
    atMostOne(values, 'set-dscp', 'set-dscp-class')
  },
  print: (values) => ['--set-dscp', printDscp(codePoint(values))],
  statements: (values, { family }) => [{ kind: 'set', field: `${family} dscp`, value: codePoint(values), mask: 0x3f }],
})
