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
          ? `It was followed as far as "${condition}", and what happens behind that is unknown: ${reason}.`
          : `What happens to it hangs on "${condition}", which cannot be told here: ${reason}.`,
        { steps: [ended.step + 1] },
      ),
    ]
  },
}
