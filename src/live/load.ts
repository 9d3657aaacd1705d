/**
 * What a session leaves out when more comes than it can tell. A packet goes whole, so that nothing is said of half of one;
 * and first those of a kind that was told before: kinds are journeys' classes, the same rules met with the same end.
 */

import type { Overload } from '../analysis/capture.ts'
import type { ClosedJourney, JourneyClass } from '../analysis/closed-journey.ts'

export interface LoadOptions {
  /** Bytes that have come and are not yet read, now, and at most. */
  unread(): number
  most: number
  /** Each packet is told by itself. Else packets of a kind are counted, which costs no more than to leave them out. */
  tellsEach: boolean
  /** Nothing more can be kept of what is told: a kind that is new has no place either. */
  isFull(): boolean
  /** Milliseconds. */
  now?(): number
}

/** Of `most`: from here on packets are left out, until no more than that is unread. */
const HIGH = 1 / 2
const LOW = 1 / 4
/** Milliseconds from the moment when nothing more comes, until what is told is only what is new, and until all is left. */
const HURRY = 150
const OVER = 400
/** What is not much is told all the same, however slow this machine is: packets, and bytes. */
const FEW_PACKETS = 64
const FEW_BYTES = 1 << 20

export class Load {
  /** What was left out; `newKinds`: packets of kinds that were not told. */
  readonly shed = { packets: 0, events: 0, newKinds: 0 }
  private readonly options: LoadOptions
  private readonly now: () => number
  private readonly told = new WeakSet<JourneyClass>()
  private behind = false
  private closedAt = Number.POSITIVE_INFINITY
  private toldSince = 0

  constructor(options: LoadOptions) {
    this.options = options
    this.now = options.now ?? (() => performance.now())
  }

  /** More has come than is read in a while: whoever waits before reading on waits no more. */
  get isBehind(): boolean {
    const { unread, most } = this.options
    this.behind = unread() > most * (this.behind ? LOW : HIGH)
    return this.behind
  }

  /** Nothing more comes, and the time for the rest begins. */
  close(): void {
    this.closedAt = this.now()
    this.toldSince = 0
  }

  /** The time for the rest is over: it is counted, and not read. */
  get isOver(): boolean {
    return this.isLate(OVER) || (this.now() - this.closedAt > OVER && this.options.unread() > FEW_BYTES)
  }

  private isLate(time: number): boolean {
    return this.toldSince >= FEW_PACKETS && this.now() - this.closedAt > time
  }

  /** Is nothing told of this packet? It is counted then. */
  leavesOut(closed: ClosedJourney): boolean {
    const { tellsEach, isFull } = this.options
    const kind = closed.class
    const known = kind !== undefined && this.told.has(kind)
    if (known && !tellsEach) return false
    const mayGo = (known || !kind) && (this.isBehind || this.isLate(HURRY))
    if (mayGo || isFull() || this.isLate(OVER)) {
      this.shed.packets++
      this.shed.events += closed.events
      if (!known) this.shed.newKinds++
      return true
    }
    this.toldSince++
    if (kind) this.told.add(kind)
    return false
  }

  /** Undefined: nothing was left out. `unread`: events. */
  overload(unread: number): Overload | undefined {
    const { packets, events } = this.shed
    return packets + unread === 0 ? undefined : { unread, shedPackets: packets, shedEvents: events }
  }
}
