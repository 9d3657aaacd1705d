/** What the page and a server say of a watch: drops that the kernel counts. Times are milliseconds since 1970. */

/** One kind of drop: those of one reason, rule, protocol and interfaces. */
export interface WatchedKind {
  id: number
  reason: string
  /** `filter INPUT rule 3`, or why the rule is not known; empty: netfilter has nothing to do with it. */
  rule: string
  /** `in eth0 out eth1`. */
  interfaces: string
  /** Nothing is lost with it. */
  isHarmless: boolean
  /** In the last ten minutes. */
  recent: number
  /** Of these, in each minute. */
  minutes: number[]
  /** In all. */
  count: number
  last: number
  /** The most frequent of the last ten minutes: `tcp 10.0.0.2:40000 → 10.0.0.1:22`. */
  tuples: { packet: string; count: number }[]
  /** `12 tuples`. */
  tupleCount: string
  /** The first of them, explained, as a terminal shows it. */
  text: string
}

export interface WatchPage {
  began: number
  now: number
  /** In all. */
  count: number
  /** In the last ten minutes. */
  recent: number
  /** What the sums leave out, and of when the rules are, in sentences. */
  notes: string[]
  /** Kinds of the last ten minutes, the most frequent first. */
  kinds: WatchedKind[]
}
