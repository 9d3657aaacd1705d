/** What is asked of a packet's way where routing is listed, and fetched with that. */
import { anyRules } from '../../edits/later.ts'
import { listings } from '../../read/host/listings.ts'
import type { Context } from '../context.ts'

export const seenLately = anyRules.with(() => import('./seen-lately.ts'))
const kept = listings.with(() => import('./kept-by-mark.ts'))

/** Does its mark keep it on this host, though it was to go on? */
export const isKeptByMark = (context: Context): boolean =>
  context.world.host.routingRules !== undefined && kept.loaded.keptByMark(context) !== undefined
