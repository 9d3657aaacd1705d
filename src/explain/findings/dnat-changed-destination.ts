import { type Detector, describeEnd, finding } from '../context.ts'
import { nameRef, refAt } from '../refs.ts'

/** The destination was rewritten: rules behind that see the new one. */
export const dnatChangedDestination: Detector = {
  code: 'dnat-changed-destination',
  detect(context) {
    for (const [i, step] of context.journey.steps.entries()) {
      const dst = step.changes.find((change) => change.field === 'dst')
      const port = step.changes.find((change) => change.field === 'dport')
      const ref = dst || port ? refAt(context, i) : undefined
      if (!ref) continue
      const from = describeEnd(dst?.from ?? step.dst, port?.from ?? step.dport)
      const to = describeEnd(dst?.to ?? step.dst, port?.to ?? step.dport)
      return [
        finding(
          'dnat-changed-destination',
          'note',
          `${nameRef(ref)} rewrote the destination ${from} to ${to}: every later rule sees the new destination.`,
          {
            steps: [i + 1],
            rules: [ref],
          },
        ),
      ]
    }
    return []
  },
}
