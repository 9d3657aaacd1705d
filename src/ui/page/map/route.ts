/** A journey's line: down the left of each hook's box, past the chains that it met, and beside the boxes to the next. */
import type { StepOf, WayOf } from '../../protocol.ts'
import { type Box, LANE, LINE, SIDE_LANE } from './boxes.ts'
import type { Met, Visit } from './visits.ts'

type Point = [x: number, y: number]

export interface Route {
  way: WayOf
  points: Point[]
  /** Where it enters boxes. */
  arrows: Point[]
  /** Chains that it met, steps where they are unfolded. */
  stops: { x: number; y: number; step: StepOf; chain: string }[]
}

interface Wanted {
  met: readonly Met[]
  boxes: readonly Box[]
  isWide: boolean
  /** Of all lines. */
  lanes: number
}

export function routesOf({ met, boxes, isWide, lanes }: Wanted): Route[] {
  let first = 0
  return met.flatMap((one) => {
    if (one.visits.length === 0) return []
    const route = routeOf(one, boxes, { isWide, lanes, first })
    first += one.laps
    return [route]
  })
}

interface Lanes {
  isWide: boolean
  lanes: number
  first: number
}

function routeOf({ way, visits }: Met, boxes: readonly Box[], { isWide, lanes, first }: Lanes): Route {
  const route: Route = { way, points: [], arrows: [], stops: [] }
  const find = (of: string, hook: string) => boxes.find((one) => one.way === of && one.hook === hook)
  let last: Box | undefined
  const enter = (box: Box, lane: number) => {
    const x = box.x + 8 + LANE * lane
    // lines that come from the right gap cross least in this order
    const y = box.y + 17 - 5 * (lane % 4)
    if (last) {
      const exit: Point = [route.points.at(-1)![0], last.y + last.height - 4 - 5 * (isWide ? lane : lanes - 1 - lane)]
      route.points.push(exit, ...beside(exit[1], last, box, y, lane, isWide))
    } else route.points.push([box.x - 8, y])
    route.points.push([x, y])
    route.arrows.push([box.x, y])
    last = box
  }
  for (const [i, visit] of visits.entries()) {
    const box = find(visit.way, visit.hook)!
    const lane = first + visit.lap
    const before = visits[i - 1]
    if (isForwarded(before, visit)) {
      // no chain hangs there, and yet it went this way
      const forward = find(visit.way, 'forward')
      if (forward) enter(forward, lane)
    }
    if (box !== last) enter(box, lane)
    const chain = box.chains.find(({ key }) => key === visit.key)!
    const x = box.x + 8 + LANE * lane
    const stop = (y: number, step: StepOf) => {
      route.stops.push({ x, y: y + LINE / 2, step, chain: visit.key })
      route.points.push([x, y + LINE / 2])
    }
    const steps = chain.notes.filter((one) => one.kind === 'step' && one.way === way && visit.steps.includes(one.step))
    stop(chain.y, visit.steps[0]!)
    for (const { y, step } of steps) stop(y, step)
    const end = chain.notes.find((one) => one.kind === 'end' && one.way === way)
    if (i === visits.length - 1 && end) route.points.push([x, end.y + LINE / 2])
  }
  return route
}

const isForwarded = (before: Visit | undefined, { way, hook }: Visit): boolean =>
  before?.hook === 'prerouting' && hook === 'postrouting' && before.way === way

/** From the foot of a box to the left of another's head, and through no box. */
function beside(y: number, from: Box, to: Box, toY: number, lane: number, isWide: boolean): Point[] {
  const apart = SIDE_LANE * lane
  const x = isWide ? to.x - 8 - apart : 4 + apart
  const right = from.x + from.width
  const isNext = to.x > right && to.x - right < to.width
  const isRow = from.way === to.way && from.hook === 'input'
  // nothing stands between them; left of output there is forward, further down
  if (!isWide || (to.hook === 'output' ? isNext && isRow : isNext || to.x === from.x))
    return [
      [x, y],
      [x, toY],
    ]
  const isLeft = from.hook === 'input' || from.hook === 'postrouting' || from.hook === 'egress'
  const away = isLeft ? from.x - 8 - apart : right + 4 + apart
  const below = from.below + 6 + apart
  const leaving: Point[] = [
    [away, y],
    [away, below],
  ]
  if (to.hook !== 'output') return [...leaving, [x, below], [x, toY]]
  const beyond = to.x + to.width + 4 + apart
  const above = to.y - 4 - 2 * (lane % 4)
  return [...leaving, [beyond, below], [beyond, above], [x, above], [x, toY]]
}
