/** No reply was captured, and connection tracking had seen none when its entries were listed. */
import { finding } from '../../explain/context.ts'
import type { ConntrackEntry } from '../../model/host.ts'
import type { Finding } from '../../model/journey.ts'
import { silentFor } from '../../rules/conntrack/silence.ts'
import type { Part } from './joined.ts'

/** Whoever answers has done so by then; seconds. The listing rounds down, so that at least one second has passed. */
const PATIENCE = 2

/** `entry`: the request's own. Undefined where it had not waited long, or where the reply may not come by here. */
export function unrepliedBy(entry: ConntrackEntry, { told: { journey, world } }: Part): Finding | undefined {
  const out = journey.steps.at(-1)?.out
  const { original, reply } = entry
  // what goes out where it came in may be answered past this host: not where that rewrote it, or sent it back
  const isTurned = out !== undefined && out === journey.packet.in && original.dst === reply.src
  if (isTurned && !journey.findings.some(({ code }) => code === 'wrong-way-out')) return undefined
  const waited = silentFor(entry, world)
  if (waited === undefined || waited < PATIENCE) return undefined
  const message = `Connection tracking had seen no reply when its entries were listed, ${waited} seconds after the sender's last packet.`
  return finding('conntrack-unreplied', 'note', message)
}
