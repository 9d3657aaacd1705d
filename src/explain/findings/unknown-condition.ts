import { type Detector, finding } from '../context.ts'

/** A simulation came to a question that neither the packet nor the host's state answers. */
export const unknownCondition: Detector = {
  code: 'unknown-condition',
  detect({ ended }) {
    if (ended.because !== 'unknown-condition' || !ended.open) return []
    const { condition, reason, endless } = ended.open
    return [
      finding(
        'unknown-condition',
        'warning',
        endless
          ? `The simulation stopped at "${condition}". What happens after that is unknown: ${reason}.`
          : `The outcome depends on "${condition}", which is unknown here: ${reason}.`,
        { steps: [ended.step + 1] },
      ),
    ]
  },
}
