/** A request whose next hop could not be found for a rule, and whose reply a rule would stop as well: one change is not enough. */
import { finding } from '../../explain/context.ts'
import { joinedFix } from '../../explain/repair/joined-fix.ts'
import { STILL_WRONG } from '../../explain/verify-fixes/useless.ts'
import type { Finding, Fix } from '../../model/journey.ts'

/** `unfound`: what stopped neighbour discovery. `reply`: what would stop the reply, as the model plays it. */
export function stoppedBothWays(unfound: Finding, reply: Finding): Finding[] {
  const ofReply = new Set(reply.fix.map(edited))
  // what opens all, for both
  const both = unfound.fix.filter((one) => ofReply.has(edited(one)))
  const [first] = unfound.fix.filter((one) => one.edits && !ofReply.has(edited(one)))
  const then = reply.fix.find((one) => one.edits && one.but === STILL_WRONG['neighbour-failed'])
  return [
    finding('several-causes', 'error', `${unfound.message} Another cause: ${uncapitalised(reply.message)}`, {
      rules: [...unfound.rules, ...reply.rules],
      // each was tried by itself: the neighbour's reply gets through with the one, and the request's with the other
      fix: [...(first && then ? [joinedFix([first, then], then)] : []), ...both],
    }),
    { ...unfound, fix: [] },
  ]
}

const edited = ({ edits }: Fix): string => JSON.stringify(edits)

const uncapitalised = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1)
