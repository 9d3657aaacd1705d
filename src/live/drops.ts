/** The kernel's own reasons for what it drops in a place's namespace, next to the trace of it: a packet that vanishes between two hooks has one. */
import { addDrops } from '../explain/kernel-drops/find.ts'
import { loadDrops } from '../explain/kernel-drops/later.ts'
import { type DropWatch, watchDrops } from '../kernel/bpf/watch.ts'
import { Unavailable } from '../kernel/unavailable.ts'
import type { Drop } from '../model/host.ts'
import { BUDGET, mostDrops } from './budget.ts'
import type { Facts } from './survey/facts.ts'

/** Milliseconds that drops have at the end, which the kernel told and nobody has looked at yet. */
const REST = 200

export class DropReasons {
  /** Host state that grows: what journeys are explained with. */
  readonly drops: Drop[] = []
  private readonly onDrops: (drops: readonly Drop[]) => void
  private readonly most: number
  private readonly holdBytes: number
  private watch: DropWatch | undefined

  /** `places`: that are traced at the same time. */
  constructor(onDrops: (drops: readonly Drop[]) => void, places: number) {
    this.onDrops = onDrops
    this.most = mostDrops(places)
    this.holdBytes = BUDGET.unreadDrops / places
  }

  /** Undefined where it works; else why it does not here. The place has to be on our own kernel. */
  async start({ namespace }: Facts): Promise<string | undefined> {
    const inode = Number(/\[(\d+)\]/.exec(namespace ?? '')?.[1])
    if (!(inode > 0)) return 'the network namespace is unknown'
    const watch = watchDrops({ namespaceInode: inode, holdBytes: this.holdBytes })
    try {
      await Promise.all([watch.ready, loadDrops()])
    } catch (error) {
      await watch.stop().catch(() => {})
      if (error instanceof Unavailable) return error.message
      throw error
    }
    watch.onDrops((drops) => {
      addDrops(this.drops, drops, this.most)
      this.onDrops(drops)
    })
    this.watch = watch
    return undefined
  }

  /** Drops that the kernel had no room for. */
  get lost(): number {
    return this.watch?.lost() ?? 0
  }

  /** Resolves when what the kernel dropped until now is among `drops`. */
  async caughtUp(): Promise<void> {
    await this.watch?.caughtUp()
  }

  async stop(): Promise<void> {
    await this.watch?.stop(REST)
  }
}
