/** A packet on its way, as rules ask about it. */
import type { EvalContext } from '../rules/eval-context.ts'
import type { Simulator } from './simulator.ts'
import type { Skb } from './skb.ts'

/** One object for each packet, that says what is so now. */
export function momentOf({ world }: Simulator, { moment, hook, connection, template, route }: Skb): EvalContext {
  moment.hook = hook
  moment.world = world
  moment.connection = connection ?? template
  moment.route = route
  return moment
}
