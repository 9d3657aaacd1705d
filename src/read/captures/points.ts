/** Trace points: which line of which chain an event is about, as the kernel names it; each kept once, known by a number. */
import type { Hook } from '../../model/hook.ts'

export type PointType = 'rule' | 'return' | 'policy' | 'log'

export interface TracePoint {
  type: PointType
  table?: string
  chain?: string
  /** 1-based; a policy's is the number of rules + 1. */
  ruleNumber?: number
  /** Of a LOG line: all that stands before `IN=`; of an NFLOG record its prefix. */
  prefix?: string
  /** It came by NFLOG, so no LOG rule wrote it. */
  nflog?: true
  /** At which hook, where an NFLOG record tells it. */
  hook?: Hook
}

export class TracePoints {
  private readonly list: TracePoint[] = []
  private readonly numbers = new Map<string, number>()
  /** How many of them are prefixes of LOG lines. */
  prefixes = 0

  get size(): number {
    return this.list.length
  }

  /** The number of this point, the same for the same point. */
  number(point: TracePoint): number {
    const key =
      point.prefix === undefined
        ? `${point.table}:${point.chain}:${point.type}:${point.ruleNumber}`
        : `${point.nflog ? `nflog ${point.hook ?? ''}` : ''}"${point.prefix}`
    let number = this.numbers.get(key)
    if (number === undefined) {
      number = this.list.length
      this.list.push(point)
      this.numbers.set(key, number)
      if (point.prefix !== undefined) this.prefixes++
    }
    return number
  }

  get(number: number): TracePoint {
    return this.list[number]!
  }
}
