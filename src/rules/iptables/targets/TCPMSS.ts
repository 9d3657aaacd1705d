import type { Negatable } from '../../../model/ruleset.ts'
import {
  atLeastOne,
  defineTarget,
  flag,
  HOOKS_OUT,
  type RuleContext,
  type Values,
  WordError,
  word,
} from '../extension.ts'
import { readNumber } from '../values/numbers.ts'
import type { TcpFlags } from '../values/tcp.ts'

const HEADER = { ip: 20, ip6: 40 }
const SYN = 2

const options = {
  'set-mss': word((text, { family }) => readNumber(text, 0xffff - HEADER[family]), String),
  'clamp-mss-to-pmtu': flag(),
}

/** Both write one place, so the later one counts; undefined: clamp. */
const mssOf = (values: Values<typeof options>): number | undefined =>
  Object.keys(values).at(-1) === 'set-mss' ? values['set-mss']?.value : undefined

/** The kernel wants to be sure that only SYN packets come here. */
function onlySyn({ spec }: RuleContext): boolean {
  return spec.matches.some((clause) => {
    if (clause.name !== 'tcp') return false
    const { syn, 'tcp-flags': flags } = (clause.values ?? {}) as {
      syn?: Negatable<true>
      'tcp-flags'?: Negatable<TcpFlags>
    }
    return (syn && !syn.not) || (flags && !flags.not && flags.value.set & SYN)
  })
}

/** `-j TCPMSS`: lowers the segment size that a SYN packet announces, or adds one; the packet goes on (libxt_TCPMSS.c). */
export const TCPMSS = defineTarget({
  name: 'TCPMSS',
  hooks: (values) => (mssOf(values) === undefined ? HOOKS_OUT : undefined),
  options,
  check(values, context) {
    atLeastOne(values, 'set-mss', 'clamp-mss-to-pmtu')
    if (!onlySyn(context)) throw new WordError('needs -p tcp --syn, or --tcp-flags with SYN set, before it')
  },
  print(values) {
    const mss = mssOf(values)
    return mss === undefined ? ['--clamp-mss-to-pmtu'] : ['--set-mss', String(mss)]
  },
  statements(values) {
    const field = 'tcp option maxseg size'
    const mss = mssOf(values)
    return mss === undefined
      ? [{ kind: 'unknown', text: '--clamp-mss-to-pmtu', reason: "the path's MTU is not known", fields: [field] }]
      : [{ kind: 'set', field, value: mss, op: 'min' }]
  },
})
