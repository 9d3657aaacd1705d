/**
 * Where the map draws what: hooks have their places in netfilter's packet flow, chains stand in them by priority, and a
 * journey is a line through those that it met. Lengths are pixels at the drawing's own size.
 */
import type { EntryOf, MapOf, StepOf, WayOf } from '../../protocol.ts'

export const LINE = 16
const HEAD = 20
const BOX_GAP = 14
/** In a box, left of its chains: room for two lines. */
export const GUTTER = 26
/** Left of the boxes of a narrow drawing. */
const LANE = 18
/** Columns of a wide drawing: left edge and width. */
const WIDE = {
  width: 940,
  prerouting: [0, 210],
  input: [262, 180],
  forward: [262, 416],
  output: [498, 180],
  postrouting: [730, 210],
} as const
export const PLACES = ['prerouting', 'forward', 'input', 'output', 'postrouting'] as const

export interface Chain {
  /** `filter INPUT`. */
  name: string
  /** Priority, policy, number of rules. */
  title: string
  /** Absent: one of the kernel's own steps. */
  key?: string
  y: number
  /** The rules that the journeys met there and below, where it is unfolded. */
  steps: { y: number; step: StepOf }[]
  /** Were there any? */
  isMet: boolean
}

export interface Box {
  hook: string
  way: string
  x: number
  y: number
  width: number
  height: number
  chains: Chain[]
}

export interface Stop {
  box: Box
  y: number
  step: StepOf
}

/** A journey's line. */
export interface Route {
  way: WayOf
  stops: Stop[]
}

export interface Layout {
  width: number
  height: number
  boxes: Box[]
  routes: Route[]
}

const keyOf = (way: string, hook: string, table: string, chain: string): string => `${way} ${hook} ${table} ${chain}`

const wayOf = ({ family }: StepOf): string =>
  family === 'bridge' || family === 'arp' || family === 'netdev' ? family : 'ip'

/** Each step with the base chain that it happened in: of what was called, the one that called. */
function placed(steps: readonly StepOf[]): { step: StepOf; way: string; hook: string; key: string; base: string }[] {
  let base: { hook: string; table: string; chain: string } | undefined
  return steps.flatMap((step) => {
    const { hook, table, chain } = step
    if (hook === undefined || table === undefined || chain === undefined) return []
    if (step.depth === 0 || base?.hook !== hook || base.table !== table) base = { hook, table, chain }
    const way = wayOf(step)
    return [{ step, way, hook, key: keyOf(way, hook, table, base.chain), base: `${table} ${base.chain}` }]
  })
}

interface Wanted {
  map: MapOf | undefined
  ways: readonly WayOf[]
  isIp6: boolean
  /** Chains that are unfolded, by key. */
  unfolded: ReadonlySet<string>
  isWide: boolean
  /** Of the page, for a narrow drawing. */
  width: number
}

export function layOut({ map, ways, isIp6, unfolded, isWide, width }: Wanted): Layout {
  // chains that it cannot meet
  const otherFamily = isIp6 ? 'ip' : 'ip6'
  const met = ways.map((way) => placed(way.steps))
  const all = met.flat()
  const boxes: Box[] = []
  const build = (way: string, hook: string, x: number, y: number, boxWidth: number): Box => {
    const hooks = map?.ways.find((one) => one.way === way)?.hooks ?? []
    const entries = (hooks.find((one) => one.hook === hook)?.entries ?? []).filter(
      (one) => one.kind === 'core' || one.family !== otherFamily,
    )
    const chains: Chain[] = []
    let at = HEAD
    const add = (name: string, title: string, key?: string) => {
      const here = key === undefined ? [] : all.filter((one) => one.key === key)
      const chain: Chain = { name, title, y: y + at, steps: [], isMet: here.length > 0, ...(key ? { key } : {}) }
      chains.push(chain)
      at += LINE
      if (key === undefined || !unfolded.has(key)) return
      for (const { step } of here) {
        chain.steps.push({ y: y + at, step })
        at += LINE
      }
    }
    for (const entry of entries) add(nameOf(entry), titleOf(entry), keyOfEntry(way, hook, entry))
    // where no ruleset was given, or it is not the one that was traced
    for (const one of all)
      if (one.way === way && one.hook === hook && !chains.some(({ key }) => key === one.key))
        add(one.base, 'met by the packet', one.key)
    const box = { hook, way, x, y, width: boxWidth, height: at + 6, chains }
    boxes.push(box)
    return box
  }

  let top = 0
  for (const way of ['netdev', 'arp', 'bridge']) {
    const hooks = ['ingress', ...PLACES, 'egress'].filter(
      (hook) =>
        map?.ways.some((one) => one.way === way && one.hooks.some((of) => of.hook === hook)) ||
        all.some((one) => one.way === way && one.hook === hook),
    )
    if (hooks.length === 0) continue
    const each = isWide ? (WIDE.width - (hooks.length - 1) * BOX_GAP) / Math.max(hooks.length, 3) : width - LANE
    let below = 0
    hooks.forEach((hook, i) => {
      const box = build(way, hook, isWide ? i * (each + BOX_GAP) : LANE, isWide ? top : top + below, each)
      below = isWide ? Math.max(below, box.height) : below + box.height + BOX_GAP
    })
    top += below + BOX_GAP
  }
  for (const hook of ['ingress', 'egress'])
    if (
      map?.ways.some(({ way, hooks }) => way === 'ip' && hooks.some((one) => one.hook === hook)) ||
      all.some((one) => one.way === 'ip' && one.hook === hook)
    ) {
      const box = build('ip', hook, isWide ? 0 : LANE, top, isWide ? WIDE.width / 3 : width - LANE)
      top += box.height + BOX_GAP
    }
  if (isWide) {
    const at = (hook: keyof typeof WIDE & (typeof PLACES)[number], y: number) =>
      build('ip', hook, WIDE[hook][0], y, WIDE[hook][1])
    const upper = Math.max(at('input', top).height, at('output', top).height)
    const forward = at('forward', top + upper + BOX_GAP * 2)
    at('prerouting', top)
    at('postrouting', top)
    top = Math.max(forward.y + forward.height, ...boxes.map((box) => box.y + box.height))
  } else
    for (const hook of PLACES) {
      top += build('ip', hook, LANE, top, width - LANE).height + BOX_GAP
    }
  return {
    width: isWide ? WIDE.width : width,
    height: top + 4,
    boxes,
    routes: ways.map((way, i) => ({ way, stops: stopsOf(met[i]!, boxes) })),
  }
}

/** Each base chain that was met, in order, with the last step in it; where it is unfolded, each step. */
function stopsOf(met: ReturnType<typeof placed>, boxes: readonly Box[]): Stop[] {
  const stops: Stop[] = []
  let before: string | undefined
  for (const { step, way, hook, key } of met) {
    const box = boxes.find((one) => one.way === way && one.hook === hook)
    const chain = box?.chains.find((one) => one.key === key)
    if (!box || !chain) continue
    const y = chain.steps.find((one) => one.step === step)?.y ?? chain.y
    if (key === before && y === chain.y) stops[stops.length - 1] = { box, y, step }
    else stops.push({ box, y, step })
    before = key
  }
  return stops
}

const nameOf = (entry: EntryOf): string => (entry.kind === 'core' ? entry.does : `${entry.table} ${entry.chain}`)

const keyOfEntry = (way: string, hook: string, entry: EntryOf): string | undefined =>
  entry.kind === 'core' ? undefined : keyOf(way, hook, entry.table, entry.chain)

function titleOf(entry: EntryOf): string {
  if (entry.kind === 'core') return `priority ${entry.priority}: the kernel's own`
  const { family, backend, priority, policy, rules } = entry
  const count = rules === 1 ? '1 rule' : `${rules} rules`
  return `${family} (${backend}), priority ${priority}, policy ${policy ?? 'unknown'}, ${count}`
}
