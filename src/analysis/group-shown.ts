/** A group of packets whose lines end too early. */
import { isThoughtVanished } from '../model/outcome-kinds.ts'
import type { Group } from './groups.ts'

/** The rest of its lines is missing, and its reply, or what came behind it, shows that it got through. */
export const isShownThrough = ({
  journey,
  exchanges,
  shownBy,
}: Pick<Group<unknown>, 'journey' | 'exchanges' | 'shownBy'>): boolean =>
  shownBy !== undefined ||
  (isThoughtVanished(journey) &&
    exchanges?.worst.status === 'answered' &&
    exchanges.worst.journeys.replies.length > 0 &&
    // no reply is to what was sent again
    exchanges.worst.journeys.retransmissions.length === 0)
