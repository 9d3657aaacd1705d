/** The drop of a journey that was just closed, of those in host state. */
import type { OpenJourney } from '../../journey/open.ts'
import type { Drop, Host } from '../../model/host.ts'
import { timeText } from '../../read/captures/stamp.ts'
import type { PacketStates } from '../../read/captures/states.ts'
import type { Span } from './find.ts'
import { drops as known } from './later.ts'

export function dropOf(open: OpenJourney, states: PacketStates, { drops }: Host): Drop | undefined {
  if (!drops || drops.length === 0) return undefined
  const packets = Array.from(open.held, (state) => states.packet(state))
  const { findDrop, isTelling } = known.loaded
  const drop = findDrop(drops, packets, spanOf(open))
  // how this one went on is not known, so the drop may be that of another just like it
  return drop && open.lossy && !isTelling(drop.packet) ? undefined : drop
}

function spanOf({ firstStamp, firstClock, lastStamp, lastClock }: OpenJourney): Span | undefined {
  const [first, last] = [exact(timeText(firstStamp, firstClock)), exact(timeText(lastStamp, lastClock))]
  return first === undefined || last === undefined ? undefined : { first, last }
}

/** Milliseconds since 1970, of a time with its year and zone. */
function exact(time: string | undefined): number | undefined {
  if (time === undefined || time.startsWith('--') || !/\d(?:Z|[+-]\d\d:?\d\d)$/.test(time)) return undefined
  return Date.parse(time)
}
