import type { Conclusion } from '../../journey/outcome.ts'
import { command, printCommand } from '../../model/command.ts'
import { isPassed } from '../../model/outcome-kinds.ts'
import { UNLISTED } from '../../rules/end-policy.ts'
import { type Context, type Detector, finding } from '../context.ts'
import { nameRef, refAt } from '../refs.ts'

/** A simulation came to a question that neither the packet nor the host's state answers. */
export const unknownCondition: Detector = {
  code: 'unknown-condition',
  detect(context) {
    const { ended } = context
    if (ended.because !== 'unknown-condition' || !ended.open) return []
    return [finding('unknown-condition', 'warning', words(context, ended.open), { steps: [ended.step + 1] })]
  },
}

function words(context: Context, open: NonNullable<Conclusion['open']>): string {
  const { condition, reason, endless, otherwise } = open
  if (endless) return `The simulation stopped at "${condition}". What happens after that is unknown: ${reason}.`
  if (otherwise === undefined)
    return `The outcome depends on "${condition}", which is unknown here: ${reason}. ${settledBy(condition)}`
  const end = isPassed(otherwise) ? `it is ${otherwise}` : `it is ${otherwise}${byWhat(context)}`
  return condition === UNLISTED
    ? `The outcome is unknown: ${reason}. If they do nothing to this packet, ${end}. ${settledBy(condition)}`
    : `The outcome depends on "${condition}", which is unknown here: ${reason}. If it does, ${end}. ${settledBy(condition)}`
}

/** As `simulate` takes it; a condition in which nobody can quote anything is left alone. */
const settledBy = (condition: string): string =>
  `To decide it yourself: ${printCommand(command('--assume', `${condition}=${condition === UNLISTED ? 'true' : 'true|false'}`))}`

function byWhat(context: Context): string {
  const { otherwise } = context.ended.open!
  const last = otherwise === 'vanished' ? undefined : refAt(context, context.ended.step)
  return last ? ` by ${nameRef(last)}` : ''
}
