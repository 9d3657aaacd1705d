/** A packet on its way, as rules ask about it. */
import type { Moment } from '../rules/moment.ts'
import type { Machine } from './machine.ts'
import type { Skb } from './skb.ts'

/** One object for each packet, that says what is so now. */
export function momentOf({ world }: Machine, { moment, hook, connection, template }: Skb): Moment {
  moment.hook = hook
  moment.world = world
  moment.connection = connection ?? template
  return moment
}
