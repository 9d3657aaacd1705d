import { gaps } from '../../journey/gaps.ts'
import { type Detector, finding } from '../context.ts'
import { nameRef, refAt } from '../refs.ts'

/** Lines are missing in the middle: the kernel, or who reads from it, dropped some. */
export const lostEvents: Detector = {
  code: 'lost-events',
  detect(context) {
    const { ended } = context
    const missing = gaps(context.evidence)
    const traced = context.evidence.lossless !== undefined
    if (ended.because !== 'lost-events' && missing.length === 0) return []
    const steps = missing.map((i) => i + 1)
    if (ended.because === 'lost-events') steps.push(ended.step + 1)
    const first = refAt(context, steps[0]! - 1)
    const more = steps.length > 1 ? `, and at ${steps.length - 1} more ${steps.length > 2 ? 'places' : 'place'}` : ''
    return [
      finding(
        'lost-events',
        'warning',
        `Lines ${missing.length > 0 || context.evidence.lossy !== true ? 'are' : 'may be'} missing after ${first ? nameRef(first) : `step ${steps[0]}`}${more}: ${traced ? 'the monitor was too slow for the kernel' : 'printk, journald, rsyslog and NFLOG drop lines under load'}, or somebody left lines out.`,
        {
          steps,
          fix: [
            {
              description: traced
                ? 'trace fewer packets: add a narrower condition, or a limit, before meta nftrace set 1'
                : 'trace fewer packets: add -m limit to the TRACE rule',
              unverified: 'this is about the capture, not the rules',
            },
          ],
        },
      ),
    ]
  },
}
