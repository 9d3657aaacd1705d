/** Which base chains a journey met, in order. */
import type { StepOf, WayOf } from '../../protocol.ts'

/** Steps in a base chain, and in what it called. */
export interface Visit {
  way: string
  hook: string
  key: string
  name: string
  /** A chain of nfwhy's own, which only looks. */
  isOwn: boolean
  steps: StepOf[]
  /** How often it came back to a hook before: what was unwrapped by IPsec, for one, passes them again. */
  lap: number
}

/** Lines of one journey beside each other: text needs room as well. */
const MOST_LAPS = 2

export interface Met {
  way: WayOf
  visits: Visit[]
  laps: number
}

const wayOf = ({ family }: StepOf): string =>
  family === 'bridge' || family === 'arp' || family === 'netdev' ? family : 'ip'

export function meet(way: WayOf): Met {
  const visits: Visit[] = []
  let base: { hook: string; table: string; chain: string } | undefined
  let boxes = new Set<string>()
  let lap = 0
  for (const step of way.steps) {
    const { hook, table, chain, name, isOwn = false } = step
    if (hook === undefined) continue
    const isChain = table !== undefined && chain !== undefined
    if (isChain && (step.depth === 0 || base?.hook !== hook || base.table !== table)) base = { hook, table, chain }
    const of = wayOf(step)
    // a LOG line of an unknown rule has a hook at most
    const words = isOwn ? 'seen here' : isChain ? `${base!.table} ${base!.chain}` : name
    const key = `${of} ${hook} ${words}`
    const before = visits.at(-1)
    if (before?.key === key) {
      before.steps.push(step)
      continue
    }
    const box = `${of} ${hook}`
    if (before && `${before.way} ${before.hook}` !== box && boxes.has(box)) {
      lap++
      boxes = new Set()
    }
    boxes.add(box)
    visits.push({ way: of, hook, key, name: words, isOwn, steps: [step], lap: lap % MOST_LAPS })
  }
  return { way, visits, laps: visits.length === 0 ? 0 : Math.min(lap + 1, MOST_LAPS) }
}
