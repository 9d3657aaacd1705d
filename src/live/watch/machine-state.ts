/** A machine's rules and state while it is watched: read again when that is asked for, and never all the time. */
import type { World } from '../../model/world.ts'
import { LiveProblem } from '../problem.ts'
import { StateReader } from '../state-reader.ts'
import type { TraceHost } from '../trace-host.ts'

/** Reading takes at most this part of the time. */
const SHARE = 4
/** Milliseconds between two readings, at least; twice as long after each that found the rules unchanged, up to the most. */
const [LEAST, MOST] = [5000, 30_000]
/** Milliseconds that a reading is waited for; it goes on behind. */
const PATIENCE = 3000

/** What has no session of its own, and so no rules that are to be left out. */
const NO_SESSION = { id: 'nfwhy-watch' }

export class MachineState {
  world: World | undefined
  /** Another object whenever the rules are others. */
  version: object = {}
  /** When the rules were read, and all of it: milliseconds since 1970. 0: never. */
  rulesRead = 0
  allRead = 0
  /** Why the rules are not known; of listings that cannot be read. */
  problem: string | undefined
  private readonly reader: StateReader
  private reading: Promise<void> | undefined
  /** By performance.now(): when it may be read again. */
  private next = 0
  private between = LEAST

  constructor(place: TraceHost, ending: AbortSignal) {
    this.reader = new StateReader(place, NO_SESSION, ending)
  }

  /** Reads what is older than this, where it may be read already; waits for it, but not for ever. `age`: milliseconds. */
  async refresh(what: 'rules' | 'all', age: number): Promise<void> {
    const now = Date.now()
    const isDue = now - (what === 'rules' ? this.rulesRead : this.allRead) > age
    if (!isDue) return
    if (!this.reading && performance.now() >= this.next) this.reading = this.read(what)
    if (this.reading) await Promise.race([this.reading, wait(PATIENCE)])
  }

  /** Nothing is read any more. */
  async end(): Promise<void> {
    await this.reading
  }

  private async read(what: 'rules' | 'all'): Promise<void> {
    const [began, at] = [performance.now(), Date.now()]
    try {
      const world = what === 'all' || !this.world ? await this.reader.read() : await this.reader.readRules()
      this.take(world, what, at)
    } catch (error) {
      if (!(error instanceof LiveProblem)) throw error
      this.problem = error.message
    } finally {
      const took = performance.now() - began
      this.next = performance.now() + Math.max(this.between, SHARE * took)
      this.reading = undefined
    }
  }

  private take(world: World | undefined, what: 'rules' | 'all', at: number): void {
    this.problem = this.reader.unreadRules.length > 0 ? this.reader.unreadRules.join(', ') : undefined
    const isFirst = this.rulesRead === 0
    this.between = isFirst || this.reader.rulesChanged ? LEAST : Math.min(MOST, 2 * this.between)
    this.rulesRead = at
    if (what === 'all') this.allRead = at
    if (!world) return
    this.world = world
    if (isFirst || this.reader.rulesChanged) this.version = {}
  }
}

const wait = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds).unref())
