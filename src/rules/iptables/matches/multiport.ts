import type { Condition } from '../../../model/condition.ts'
import {
  atLeastOne,
  atMostOne,
  compare,
  defineMatch,
  needsProtocol,
  type Option,
  type RuleContext,
  word,
} from '../extension.ts'
import type { Range } from '../values/numbers.ts'
import { portListValue, printPortList, readPortList } from '../values/ports.ts'

/** The tool asks for the protocol while it reads the list, so `-p` has to stand before it. */
const ports = (more: Partial<Option<Range[]>> = {}): Option<Range[]> =>
  word(
    (text, context) => {
      needsProtocol(context, 'tcp', 'udp', 'udplite', 'sctp', 'dccp')
      return readPortList(text)
    },
    printPortList,
    { invert: true, ...more },
  )

const options = {
  sports: ports({ aliases: ['source-ports'] }),
  dports: ports({ aliases: ['destination-ports'] }),
  ports: ports(),
}

/** `-m multiport`: one of up to 15 ports or ranges; `--ports`: either side's (libxt_multiport.c). */
export const multiport = defineMatch({
  name: 'multiport',
  options,
  check(values) {
    atLeastOne(values, ...Object.keys(options))
    atMostOne(values, ...Object.keys(options))
  },
  conditions({ sports, dports, ports }, context) {
    if (sports) return [side('sport', '--sports', sports, context)]
    if (dports) return [side('dport', '--dports', dports, context)]
    const both = (['sport', 'dport'] as const).map((one) => side(one, '--ports', ports!, context))
    return [{ kind: ports!.not ? 'all' : 'any', of: both, text: textOf(both[0]!) }]
  },
})

function side(
  name: 'sport' | 'dport',
  option: string,
  { value, not }: { value: Range[]; not: boolean },
  { spec }: RuleContext,
): Condition {
  const field = `${spec.protocol!.value} ${name}`
  return compare(field, portListValue(value), { words: `${option} ${printPortList(value)}`, not })
}

const textOf = (condition: Condition): string => condition.text ?? ''
