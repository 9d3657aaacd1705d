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
  readonly fine: boolean
  private readonly kinds = new Map<string, Kind>()
  /** The first that was asked for, until there is a second to be told apart from it: of most classes one journey is explained. */
  private first: ({ kind: Kind } & Pick<OwnValues, 'names' | 'values'>) | undefined
  private readonly room: Room

  constructor(world: World, fine: boolean, room: Room) {
    this.world = world
    this.fine = fine
    this.room = room
  }

  /** Undefined where there are too many: what comes after is explained by itself. */
  kindOf({ names, values }: OwnValues): Kind | undefined {
    if (this.kinds.size === 0 && !this.first) {
      const kind = this.another()
      if (kind) this.first = { kind, names: [...names], values: [...values] }
      return kind
    }
    const nuances = nuancesOf(this.world)
    if (this.first) this.kinds.set(nuances.of(this.first.names, this.first.values), this.first.kind)
    this.first = undefined
    const key = nuances.of(names, values)
    let kind = this.kinds.get(key)
    if (!kind && this.kinds.size < MOST_KINDS) {
      kind = this.another()
      if (kind) this.kinds.set(key, kind)
    }
    return kind
  }

  private another(): Kind | undefined {
    if (this.room.kinds === 0) return undefined
    this.room.kinds--
    return { first: undefined, again: undefined }
  }
}
