/** Open journeys by the number that all states of their packet share (same-packet.ts), the latest first. */
import type { OpenJourney } from './open.ts'

/**
 * A power of two, some fewer than journeys may be open: those of one place hang behind each other. A Map makes its memory
 * anew every few packets.
 */
const PLACES = 8192

export class ByContent {
  private readonly places: (OpenJourney | undefined)[] = new Array(PLACES).fill(undefined)

  add(journey: OpenJourney): void {
    const place = journey.key & (PLACES - 1)
    journey.sibling = this.places[place]
    this.places[place] = journey
  }

  /** The latest with this key. */
  first(key: number): OpenJourney | undefined {
    return withKey(this.places[key & (PLACES - 1)], key)
  }

  /** The one before it with the same key. */
  next(journey: OpenJourney): OpenJourney | undefined {
    return withKey(journey.sibling, journey.key)
  }

  remove(journey: OpenJourney): void {
    const place = journey.key & (PLACES - 1)
    const first = this.places[place]
    if (first === journey) this.places[place] = journey.sibling
    else for (let one = first; one; one = one.sibling) if (one.sibling === journey) one.sibling = journey.sibling
    journey.sibling = undefined
  }
}

function withKey(from: OpenJourney | undefined, key: number): OpenJourney | undefined {
  let one = from
  while (one && one.key !== key) one = one.sibling
  return one
}
