import type { Statement } from '../../../model/statement.ts'
import { atLeastOne, atMostOne, defineTarget, flag, needsProtocol, printOptions, word } from '../extension.ts'
import { readNumber } from '../values/numbers.ts'

const bits = (max: number) => word((text) => readNumber(text, max), String)

const options = {
  'ecn-tcp-remove': flag(),
  'ecn-tcp-ece': bits(1),
  'ecn-tcp-cwr': bits(1),
  'ecn-ip-ect': bits(3),
}
const ECE = 0x40
const CWR = 0x80

/** `-j ECN`: the congestion bits of IPv4 and TCP; the packet goes on (libipt_ECN.c). */
export const ECN = defineTarget({
  name: 'ECN',
  family: 'ip',
  tables: ['mangle'],
  options,
  check(values, context) {
    atLeastOne(values, ...Object.keys(options))
    atMostOne(values, 'ecn-tcp-remove', 'ecn-tcp-ece')
    atMostOne(values, 'ecn-tcp-remove', 'ecn-tcp-cwr')
    if (Object.keys(values).some((name) => name !== 'ecn-ip-ect')) needsProtocol(context, 'tcp')
  },
  print(values, context) {
    const { 'ecn-tcp-ece': ece, 'ecn-tcp-cwr': cwr, 'ecn-ip-ect': ect } = values
    return ece?.value === 0 && cwr?.value === 0 && !ect ? ['--ecn-tcp-remove'] : printOptions(options, values, context)
  },
  statements(values) {
    const { 'ecn-tcp-remove': remove, 'ecn-tcp-ece': ece, 'ecn-tcp-cwr': cwr, 'ecn-ip-ect': ect } = values
    const statements: Statement[] = []
    const mask = (ece || remove ? ECE : 0) | (cwr || remove ? CWR : 0)
    const value = (ece?.value ? ECE : 0) | (cwr?.value ? CWR : 0)
    if (mask !== 0) statements.push({ kind: 'set', field: 'tcp flags', value, mask })
    if (ect) statements.push({ kind: 'set', field: 'ip ecn', value: ect.value, mask: 3 })
    return statements
  },
})
