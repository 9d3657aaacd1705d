/** Which chain was entered from where: depth of each step, and the step that jumped there. */
import { type Hook, IPTABLES_HOOKS } from '../model/hook.ts'
import type { Resolved } from './resolved.ts'

interface Frame {
  chain: string
  /** Index of the step that jumped or went here. */
  caller: number | undefined
  /** +1 for each jump; unknown where the journey was first seen in the middle. */
  depth: number | undefined
}

export class ChainStack {
  readonly depths: (number | undefined)[] = []
  private frames: Frame[] = []
  private table: string | undefined
  private hook: Hook | undefined
  private previous: Resolved | undefined

  /** The step at index `i` happens in its chain; tells who led there. */
  arrive(step: Resolved, hook: Hook | undefined, i: number): Frame {
    const frame = this.frameOf(step, hook, i)
    this.depths.push(frame.depth)
    if (step.kind !== 'log') this.previous = step
    return frame
  }

  private frameOf(step: Resolved, hook: Hook | undefined, i: number): Frame {
    const chain = step.chain ?? ''
    if (step.table !== this.table || hook !== this.hook) {
      // a LOG line whose rule is not known stands beside the walk
      if (step.table === undefined) return { chain, caller: undefined, depth: undefined }
      this.frames = []
      this.table = step.table
      this.hook = hook
      this.previous = undefined
    }
    const base = (step.inChain?.hook ?? IPTABLES_HOOKS[chain]) !== undefined
    if (base) {
      if (this.frames[0]?.chain !== chain) this.frames = [{ chain, caller: undefined, depth: 0 }]
      this.frames.length = 1
      return this.frames[0]!
    }
    const led = this.previous?.target === chain
    if (led && this.previous!.ending === 'goto') {
      // the chain that was left by goto is not come back to
      const depth = this.frames.at(-1)?.depth
      if (IPTABLES_HOOKS[this.frames.at(-1)?.chain ?? ''] === undefined) this.frames.pop()
      return this.push({ chain, caller: i - 1, depth })
    }
    const known = this.frames.findLastIndex((frame) => frame.chain === chain)
    if (known >= 0 && !led) {
      this.frames.length = known + 1
      return this.frames[known]!
    }
    const below = this.frames.at(-1)
    const depth = below?.depth === undefined ? undefined : below.depth + 1
    // without a ruleset: a chain not met before was entered from the line before it
    return this.push({ chain, caller: below && this.previous ? i - 1 : undefined, depth })
  }

  private push(frame: Frame): Frame {
    this.frames.push(frame)
    return frame
  }
}
