/**
 * Trace points: which line of which chain an event is about, as the capture names it; each kept once, known by a number.
 * iptables-legacy names a rule by its number; nft by family, table and chain, with the rule's own words or its handle.
 */
import type { Hook } from '../../model/hook.ts'
import type { RuleFamily } from '../../model/ruleset.ts'

/** `begin`: no step, but the packet as it came into a base chain (nft's `packet:` lines). */
export type PointType = 'rule' | 'return' | 'policy' | 'log' | 'begin'

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
  /** From here on: of nft's tracing alone. The table's family; its presence tells nft's points from legacy ones. */
  family?: RuleFamily
  handle?: number
  /** The rule in the words of the tool that printed it. */
  text?: string
  /** What the rule, the policy or the end of the chain said: `accept` `continue` `jump X` …; absent: it does not tell. */
  verdict?: string
}

/** Different rules, texts and verdicts of one capture; only rubbish has more. */
const MOST_NFT = 1 << 17

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
    const before = this.list.length
    const number = this.keep(point, key)
    if (number === before && point.prefix !== undefined) this.prefixes++
    return number
  }

  /** The same for a point of nft's tracing; -1 where there are too many to be a ruleset's. */
  nftNumber(point: TracePoint): number {
    const { family, table, chain, type, handle, verdict, text } = point
    const key = `${family} ${table} ${chain} ${type} ${handle} ${verdict} ${text}`
    return this.list.length < MOST_NFT ? this.keep(point, key) : (this.numbers.get(key) ?? -1)
  }

  private keep(point: TracePoint, key: string): number {
    let number = this.numbers.get(key)
    if (number === undefined) {
      number = this.list.length
      this.list.push(point)
      this.numbers.set(key, number)
    }
    return number
  }

  get(number: number): TracePoint {
    return this.list[number]!
  }
}
