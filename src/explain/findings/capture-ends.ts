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
          'LOG lines show where a packet was seen, not its verdict. Only a trace shows every step.',
          {
            steps: [ended.step + 1],
          },
        ),
      ]
    if (ended.because !== 'capture-ends') return []
    const next = ended.missing ? ` ${ended.missing.table.name} ${ended.missing.chain.name} comes next.` : ''
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
