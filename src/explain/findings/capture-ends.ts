import { withLogs } from '../../read/captures/log-readers.ts'
import { type Context, type Detected, type Detector, finding } from '../context.ts'
import { nameRef, refAt } from '../refs.ts'

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
    const chains = [ended.missing, ended.orMissing].flatMap((one) =>
      one ? [`${one.table.name} ${one.chain.name}`] : [],
    )
    const next = chains.length > 0 ? ` ${chains.join(' or ')} comes next.` : ''
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
