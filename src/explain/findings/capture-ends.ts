import { type BaseChain, baseChainsAt } from '../../journey/base-chains.ts'
import { withLogs } from '../../read/captures/log-readers.ts'
import { type Context, type Detected, type Detector, finding } from '../context.ts'
import { endOf, nameChain, nameRef, refAt } from '../refs.ts'

const onlyLogs = withLogs(() => import('./only-logged.ts'))

/** The capture stops before the journey does. */
export const captureEnds: Detector = {
  code: 'capture-ends',
  detect(context) {
    const { ended } = context
    const { rest } = context.evidence
    if (rest !== undefined) return [restPlayed(context, rest)]
    const told = onlyLogs()?.toldByLogs(context)
    if (told) return told
    if (ended.because !== 'capture-ends') return []
    const chains = [ended.natFirst, ended.missing, ended.orMissing].flatMap((one) => (one ? besides(one, context) : []))
    const next = chains.length > 0 ? ` ${[...new Set(chains)].join(' or ')} comes next.` : ''
    const last = refAt(context, ended.step)
    return [
      finding(
        'capture-ends',
        'warning',
        `The capture ends before the packet's journey does${last ? `. Its last line is ${nameRef(last)}` : ''}.${next}`,
        {
          steps: [ended.step + 1],
        },
      ),
    ]
  },
}

/** With those at its very place: which of them comes first, no ruleset tells. */
const besides = ({ hook, priority }: BaseChain, { journey, world }: Context): string[] =>
  baseChainsAt(world, journey.family, hook, true).flatMap(({ table, chain, ...at }) =>
    at.priority === priority ? [nameChain(endOf(table, chain))] : [],
  )

/** The rest is the model's: an answer of this host's shows that there was more, and of what kind. */
function restPlayed(context: Context, rest: number): Detected {
  const [last, rule] = [refAt(context, rest - 1), refAt(context, context.ended.step)]
  return finding(
    'capture-ends',
    'note',
    `The capture has no line of the packet after ${last ? nameRef(last) : `step ${rest}`}, but it shows the ${context.evidence.answered === 'reset' ? 'reset' : 'ICMP error'} that this host sent about it. On the model, the packet goes on and ${rule ? nameRef(rule) : 'a rule'} rejects it.`,
    { steps: [rest] },
  )
}
