import { type Detector, finding } from '../context.ts'
import { nameRef, refAt } from '../refs.ts'

/** The capture stops before the journey does. */
export const captureEnds: Detector = {
  code: 'capture-ends',
  detect(context) {
    const { ended } = context
    if (ended.because === 'only-log')
      return [
        finding(
          'capture-ends',
          'note',
          'What rules log shows where the packet was, not where it went: only a trace shows every step.',
          {
            steps: [ended.step + 1],
          },
        ),
      ]
    if (ended.because !== 'capture-ends') return []
    const next = ended.missing ? ` ${ended.missing.table.name} ${ended.missing.chain.name} had to come next.` : ''
    const last = refAt(context, ended.step)
    return [
      finding(
        'capture-ends',
        'warning',
        `The capture ends before the packet's journey does${last ? `: its last line here is ${nameRef(last)}` : ''}.${next}`,
        {
          steps: [ended.step + 1],
        },
      ),
    ]
  },
}
