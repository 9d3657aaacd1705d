import type { Condition, Value } from '../../../model/condition.ts'
import { compare, defineMatch, needsProtocol, word } from '../extension.ts'
import { readName } from '../values/names.ts'
import { readNumber } from '../values/numbers.ts'
import { decimalPortRange, portConditions } from '../values/ports.ts'

/** In the order of their numbers; INVALID stands for all from 10 on. */
const TYPES = [
  'REQUEST',
  'RESPONSE',
  'DATA',
  'ACK',
  'DATAACK',
  'CLOSEREQ',
  'CLOSE',
  'RESET',
  'SYNC',
  'SYNCACK',
  'INVALID',
]

/** `-p dccp -m dccp` with ports, packet types and options (libxt_dccp.c). */
export const dccp = defineMatch({
  name: 'dccp',
  options: {
    sport: decimalPortRange({ invert: true, aliases: ['source-port'] }),
    dport: decimalPortRange({ invert: true, aliases: ['destination-port'] }),
    'dccp-types': word(readTypes, (types) => types.join(','), { invert: true }),
    'dccp-option': word((text) => readNumber(text, 0xff, 1), String, { invert: true }),
  },
  check: (_, context) => needsProtocol(context, 'dccp'),
  conditions(values) {
    const { 'dccp-types': types, 'dccp-option': option } = values
    const conditions: Condition[] = portConditions('dccp', values)
    if (types)
      conditions.push(
        compare('dccp type', typesValue(types.value), {
          words: `--dccp-types ${types.value.join(',')}`,
          not: types.not,
        }),
      )
    if (option)
      conditions.push({
        kind: 'unknown',
        text: `${option.not ? '! ' : ''}--dccp-option ${option.value}`,
        reason: "the packet's DCCP options are not known",
      })
    return conditions
  },
})

function readTypes(text: string): string[] {
  const given = text.split(',').map((name) => readName(name, TYPES))
  return TYPES.filter((name) => given.includes(name))
}

function typesValue(types: readonly string[]): Value {
  const values = types.map((name): Value => (name === 'INVALID' ? { range: [10, 15] } : TYPES.indexOf(name)))
  return values.length === 1 ? values[0]! : { set: values }
}
