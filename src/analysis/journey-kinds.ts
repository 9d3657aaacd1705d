/** What journeys of a class share, told apart by what findings and trials make of their values. */
import type { Detector } from '../explain/context.ts'
import { nuancesOf } from '../explain/nuances.ts'
import type { Trials } from '../explain/verify-fixes/verify.ts'
import type { Resolver } from '../journey/resolve.ts'
import type { World } from '../model/world.ts'
import type { JourneyClass } from './closed-journey.ts'
import { MOST_KINDS } from './members.ts'
import type { OwnValues } from './own-values.ts'

/** What takes long to find out, and comes out the same for all journeys of one kind. */
export interface Known {
  found: ReadonlySet<Detector>
  mismatches: readonly (string | undefined)[]
  trials: Trials | undefined
  /** Which capture has told, and how much of the ruleset it had contradicted by then: a rule may not be believed any more. */
  resolver: Resolver
  contradictions: number
}

/** Journeys of a class in which findings see no difference either: of packets that were not sent before, and of those that were. */
export interface Kind {
  first: Known | undefined
  again: Known | undefined
}

/** How many kinds may be kept yet, of all classes together: each holds findings and trials. */
export interface Room {
  kinds: number
}

export const MOST_KINDS_KEPT = 20_000

export class Class implements JourneyClass {
  readonly world: World
  /** Its journeys are alike in all that is asked for, not in their rule lines alone. */
  readonly fine: boolean
  private readonly kinds = new Map<string, Kind>()
  private readonly room: Room

  constructor(world: World, fine: boolean, room: Room) {
    this.world = world
    this.fine = fine
    this.room = room
  }

  /** Undefined where there are too many: what comes after is explained by itself. */
  kindOf({ names, values }: OwnValues): Kind | undefined {
    const key = nuancesOf(this.world).of(names, values)
    let kind = this.kinds.get(key)
    if (!kind && this.kinds.size < MOST_KINDS && this.room.kinds > 0) {
      this.room.kinds--
      kind = { first: undefined, again: undefined }
      this.kinds.set(key, kind)
    }
    return kind
  }
}
