/**
 * How long chains are walked before that is given up. Chains that jump twice each to the next double the way with every
 * one of them: the kernel loads such a ruleset, and nobody can follow it.
 */
import { countWords } from '../model/count-words.ts'

/** Rules evaluated for one packet: ten times as many as a packet meets in one chain of 50,000. */
export const PACKET_STEPS = 500_000

/** For all questions about one journey: what if this rule had matched, would this command help. */
export const JOURNEY_STEPS = 2_000_000

/** Of these each journey has so many for itself; the others it shares with all that are explained in one run. */
const OWN_STEPS = 100_000
const RUN_STEPS = 100_000_000

/** A packet that meets more in the kernel would keep a processor busy for seconds. */
export const KERNEL_STEPS = 1_000_000_000

/** A journey shows no more rules that matched. */
export const MOST_LINES = 50_000

/** From so many lines on, what is known to be a repetition is counted and not shown. */
export const MOST_REPEATED = 10_000

/** So many jumps are followed before it is remembered what chains do: it takes longer than to walk a short chain again. */
const REMEMBER_AFTER = 256

export class WalkBudget {
  /** Only counted down; below 0 it is used up. */
  left: number
  readonly steps: number
  /** Remember what a chain does, from so many jumps of a walk on. */
  readonly rememberAfter: number

  private readonly isPart: boolean

  constructor(steps: number, rememberAfter = REMEMBER_AFTER, isPart = false) {
    this.isPart = isPart
    this.steps = steps
    this.left = steps
    this.rememberAfter = rememberAfter
  }

  /** What one packet may use of it. */
  forPacket(): WalkBudget {
    return new WalkBudget(Math.max(0, Math.min(PACKET_STEPS, this.left)), this.rememberAfter, true)
  }

  get isUsedUp(): boolean {
    return this.left < 0
  }

  /** Why a walk ended. */
  get reason(): string {
    return this.steps < PACKET_STEPS && this.isPart
      ? `the model stopped: this packet's path took too many steps`
      : `given up after ${countWords(this.steps)} steps through its chains`
  }
}

/** For the journeys of one run: where all of them ask for the most, later ones are answered less. */
export class RunBudget {
  private left: number

  constructor(steps = RUN_STEPS) {
    this.left = steps
  }

  /** Does what `explained` does within what is left for one journey. */
  share<T>(explained: (budget: WalkBudget) => T): T {
    const budget = new WalkBudget(Math.min(JOURNEY_STEPS, OWN_STEPS + this.left))
    try {
      return explained(budget)
    } finally {
      this.left = Math.max(0, this.left - Math.max(0, budget.steps - budget.left - OWN_STEPS))
    }
  }
}
