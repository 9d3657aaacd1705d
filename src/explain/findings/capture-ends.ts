import { withLogs } from '../../read/captures/log-readers.ts'
import { type Detector, finding } from '../context.ts'
import { nameRef, refAt } from '../refs.ts'

const onlyLogs = withLogs(() => import('./only-logged.ts'))

/** The capture stops before the journey does. */
export const captureEnds: Detector = {
  code: 'capture-ends',
  detect(context) {
    const { ended } = context
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
