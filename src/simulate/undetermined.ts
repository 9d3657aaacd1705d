import type { Outcome } from '../model/journey.ts'

/** What keeps the model from going on: a question that neither packet nor host state answers. */
export interface Open {
  /** In the rule's own words, as `assume` takes it. */
  condition: string
  reason: string
  /** The walk itself has no end, or none that can be waited for: nothing that is assumed leads on. */
  endless?: true
  /** What becomes of it if what no listing shows lets it pass as it is. */
  otherwise?: Outcome
}

/** Ends a simulation; thrown no further than Simulator.send. No Error: a stack that nobody reads takes longer than the packet. */
export class Undetermined {
  readonly open: Open

  constructor(condition: string, reason: string, endless = false) {
    this.open = { condition, reason, ...(endless ? { endless: true } : {}) }
  }
}
