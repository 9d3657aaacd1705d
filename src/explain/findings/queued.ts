import { nextAtHook, nextBehindHook } from '../../journey/base-chains.ts'
import { priorityOf } from '../../journey/resolve.ts'
import { type Context, type Detected, type Detector, finding } from '../context.ts'
import { nameRef, refAt } from '../refs.ts'

/**
 * Handed to a program that may not be there. What it accepts goes on in the next base chain; without a program the
 * kernel drops it, with `--queue-bypass` it goes on at once (net/netfilter/nf_queue.c).
 */
export const queueWithoutListener: Detector = {
  code: 'queue-without-listener',
  detect(context) {
    const handed = handedOver(context)
    if (!handed || handed.bypass) return []
    const { message, lost, more } = handed
    const shown = lost ? 'it did not come out of it here' : 'what became of it is not shown'
    const why = 'if no program reads that queue, the kernel drops it; else the program decides'
    return [finding('queue-without-listener', lost ? 'warning' : 'note', `${message}, and ${shown}: ${why}.`, more)]
  },
}

/** The same with `--queue-bypass`. */
export const queued: Detector = {
  code: 'queued',
  detect(context) {
    const handed = handedOver(context)
    if (!handed?.bypass) return []
    const { message, lost, more } = handed
    const shown = lost
      ? 'it did not come out of it here: a program reads that queue, and has dropped it or still holds it'
      : 'what became of it is not shown: if no program reads that queue, it goes on as accepted; else the program decides'
    return [finding('queued', 'note', `${message}, and ${shown}.`, more)]
  },
}

interface Handed {
  bypass: boolean
  /** It had to come out again, and did not. */
  lost: boolean
  message: string
  more: Partial<Detected>
}

function handedOver(context: Context): Handed | undefined {
  const { evidence, ended } = context
  const queue = evidence.arrivals[ended.step]?.rule?.statements.find((one) => one.kind === 'queue')
  const ref = refAt(context, ended.step)
  if (ended.outcome !== 'queued' || !queue || !ref) return undefined
  const { from, to = from, bypass = false } = queue
  const which = to === from ? `queue ${from}` : `one of the queues ${from} to ${to}`
  const look = {
    description: 'see whether a program reads it: each line is a queue that is read, its number comes first',
    command: 'cat /proc/net/netfilter/nfnetlink_queue',
    unverified: 'it only looks',
  }
  return {
    bypass,
    lost: hadToComeOut(context),
    message: `${nameRef(ref)} handed it to ${which}`,
    more: { steps: [ended.step + 1], rules: [ref], fix: [look] },
  }
}

/** Is there a base chain behind it, and did the capture go on? */
function hadToComeOut({ evidence, ended, journey, world }: Context): boolean {
  const { hook } = evidence.arrivals[ended.step]!
  if (!evidence.followed || hook === undefined) return false
  const { family } = journey
  const nat = evidence.nat === 'passed'
  const priority = priorityOf(journey.steps[ended.step]!.table, hook)
  const behind = (local: boolean) => nextBehindHook(world, family, hook, nat, local) !== undefined
  return nextAtHook(world, family, hook, priority, nat) !== undefined || (behind(true) && behind(false))
}
