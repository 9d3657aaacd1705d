import type { Route, RoutingRule } from '../../model/host.ts'
import type { RuleRef } from '../../model/journey.ts'
import type { Packet } from '../../model/packet.ts'
import type { Table } from '../../model/ruleset.ts'
import type { World } from '../../model/world.ts'
import { hex } from '../../rules/iptables/values/numbers.ts'
import { lookupRoute, questionOf, type RouteQuestion, routeDevices } from '../../rules/route.ts'
import { changesOf, propose } from '../changes.ts'
import { type Context, type Detected, type Detector, finding } from '../context.ts'
import { asked, markBehind, whyUnmarked } from '../counterfactual/marks.ts'
import { passes } from '../counterfactual/skipped-rules.ts'
import { needsSource } from '../counterfactual/undeliverable.ts'
import { addInNewChain } from '../nft-base-chain.ts'
import type { Proposal } from '../proposal.ts'
import { nameRef, refAt } from '../refs.ts'
import { addRoutingRule, isDefault, KERNEL_TABLES } from '../routes.ts'
import type { Chosen, Doing, Mark } from '../rule-changes.ts'
import { type Asker, restoresMark, tellWhy } from './mark-missing.ts'

/** A routing rule would have led it another way, had it the mark; or no routing rule goes by the mark that it has. */
export const markUnrouted: Detector = {
  code: 'mark-missing',
  detect(context) {
    const { journey, world } = context
    const { routes, routingRules } = world.host
    const marking = markingSteps(context)
    if (!routes || !routingRules || !marking) return []
    const inVain = markedInVain(context, marking.last)
    if (inVain.length > 0) return inVain
    const question = questionAt(context, marking.last)
    const route = question && lookupRoute(question, world.host)
    if (!question || !route) return []
    // else it may well have gone where it was to go
    const unmarked = question.mark ? lookupRoute({ ...question, mark: 0 }, world.host) : undefined
    const sure = journey.outcome === 'vanished' || needsSource(context) === 'surely'
    // many rules may ask for one mark
    const ways = new Map<number, Route | null | undefined>()
    for (const rule of routingRules) {
      if (rule.family !== journey.family || rule.mark === undefined || rule.not) continue
      const mark = { value: rule.mark >>> 0, mask: (rule.markMask ?? ALL_BITS) >>> 0 }
      if (!ways.has(mark.value)) ways.set(mark.value, lookupRoute({ ...question, mark: mark.value }, world.host))
      const other = ways.get(mark.value)
      if (!other || isSameWay(route, other)) continue
      // the route that is there for its destination leads there without any mark: one is too many, and none is missing
      if (unmarked && !isDefault(unmarked) && isSameWay(unmarked, other)) continue
      const found = tell(context, rule, mark, marking.last, sure)
      if (found.length > 0) return found
    }
    return unasked(context, marking.last, sure)
  },
}

export const ALL_BITS = 0xffffffff

export const isSameWay = (a: Route, b: Route): boolean =>
  a.type === b.type && routeDevices(a).join() === routeDevices(b).join() && a.gateway === b.gateway

/** The last step in front of the routing decision. */
export function markingSteps({ evidence, journey }: Context): { last: number } | undefined {
  const last = evidence.arrivals.findLastIndex(({ hook }) => hook === (journey.packet.in ? 'prerouting' : 'output'))
  return last < 0 ? undefined : { last }
}

/** What the routes were asked, where all of its marks are shown. */
export function questionAt(context: Context, last: number): RouteQuestion | undefined {
  const { evidence } = context
  const mark = markBehind(context, last)
  if (mark === undefined) return undefined
  return questionOf({ ...evidence.arrivals[last]!.packet, ...(evidence.routed ?? {}), mark })
}

function tell(context: Context, rule: RoutingRule, mark: Mark, last: number, sure: boolean): Detected[] {
  const { action } = rule
  const asker: Asker = {
    ...{ name: `Routing rule ${rule.priority}`, ...mark, step: last + 1 },
    askFor: ({ value, mask }) => routed(rule.family, { value, mask }, action),
  }
  const why = whyUnmarked(context, mark, last + 1)
  if (!why || why.kind === 'nobody') return markedTooLate(context, asker, last, sure)
  // marks for others are missed by most packets
  if (!sure && why.kind !== 'other' && why.kind !== 'lost') return []
  const found = tellWhy(context, asker, why, true)
  return sure || (why.kind === 'lost' && restoresMark(context, why.step))
    ? found
    : found.map((one) => ({ ...one, severity: 'note', fix: [] }))
}

function routed(family: RoutingRule['family'], { value, mask }: Mark, action: RoutingRule['action']): Proposal[] {
  const bits = mask >>> 0 === ALL_BITS ? {} : { markMask: mask >>> 0 }
  const table = typeof action === 'object' && 'table' in action ? action.table : undefined
  if (table === undefined || value === 0) return []
  const change = addRoutingRule({ family, mark: value >>> 0, ...bits, action: { table } })
  return propose(`use table ${table} to route packets with this mark`, change, 'affects every packet with this mark')
}

/** Has step `i` given it the mark? */
const carriesBehind = (context: Context, i: number, { value, mask }: Mark): boolean => {
  const [before, behind] = [markBehind(context, i - 1), markBehind(context, i)]
  return behind !== undefined && before !== behind && (behind & mask) >>> 0 === value
}

/** A rule sets it where the way is chosen already. */
function markedTooLate(context: Context, asker: Asker, last: number, sure: boolean): Detected[] {
  const { journey, evidence } = context
  const step = journey.steps.findIndex(({ kind }, i) => i > last && kind === 'rule' && carriesBehind(context, i, asker))
  const ref = step < 0 ? undefined : refAt(context, step)
  if (!ref) return []
  const words = `${nameRef(ref)} sets the mark after the routing decision`
  const { packet, hook } = evidence.arrivals[last]!
  const table = evidence.arrivals[step]!.table
  const chain = table && chainAt(table, hook)
  const change =
    chain === undefined
      ? undefined
      : changesOf(ref).add(
          { ...ref, chain },
          { chain },
          { kind: 'such', packet, hints: hook === undefined ? {} : { hook } },
          { kind: 'mark', mark: { value: asker.value, mask: asker.mask } },
        )
  return [
    finding(
      'mark-missing',
      sure ? 'warning' : 'note',
      `${asker.name} requires mark ${hex(asker.value)}, and ${words}.`,
      {
        steps: [step + 1],
        rules: [ref],
        fix: sure ? propose(`set the mark in ${chain ?? 'an earlier chain'}`, change) : [],
      },
    ),
  ]
}

/** A chain of type filter marks what this host sends: only one of type route has it routed again (nft_chain_route.c). */
function markedInVain(context: Context, last: number): Detected[] {
  const { journey, evidence, world } = context
  if (journey.packet.in !== undefined) return []
  for (const { table, base, hook, steps } of passes(context)) {
    if (hook !== 'output' || table.kind !== 'nft' || base.type !== 'filter') continue
    for (const step of steps) {
      const [before, mark] = [markBehind(context, step - 1) ?? 0, markBehind(context, step)]
      const ref = refAt(context, step)
      const { packet } = evidence.arrivals[step]!
      const question = questionOf(packet)
      if (step > last || mark === undefined || mark === before || !ref || !question) continue
      const [was, meant] = [before, mark].map((one) => lookupRoute({ ...question, mark: one }, world.host))
      if (!was || !meant || isSameWay(was, meant) || !routeDevices(was).includes(packet.out ?? '')) continue
      const ways = routeDevices(meant).join(' or ')
      const message = `${nameRef(ref)} gives it mark ${hex(mark)}, which leads out of ${ways}, but ${base.name} is of type filter: only a chain of type route makes the kernel route it again.`
      return [
        finding('mark-missing', 'warning', message, {
          steps: [step + 1],
          rules: [ref],
          culprit: step,
          fix: markedInTime(world, ref, table, { ...packet, mark }),
        }),
      ]
    }
  }
  return []
}

/** The same mark in a chain of type route, which is made where the table has none. */
function markedInTime(world: World, ref: RuleRef, table: Table, packet: Packet): Proposal[] {
  const known = [...table.chains.values()].find(({ type, hook }) => type === 'route' && hook === 'output')
  const chosen: Chosen = { kind: 'such', packet, hints: { hook: 'output' } }
  const doing: Doing = { kind: 'mark', mark: { value: packet.mark ?? 0, mask: ALL_BITS } }
  const change = known
    ? changesOf(ref).add({ ...ref, chain: known.name }, { chain: known.name }, chosen, doing)
    : addInNewChain(world, table, { name: 'route_output', type: 'route', hook: 'output', prio: MANGLE }, chosen, doing)
  return propose('mark such packets in a chain of type route', change, 'the kernel routes them again there')
}

const MANGLE = -150

/** The table's own base chain at that hook. */
const chainAt = ({ chains }: Table, hook: string | undefined): string | undefined =>
  [...chains.values()].find((one) => one.hook === hook && one.type !== 'nat')?.name

/** It has a mark that nobody reads, and there is a table that nobody leads to. */
/** The rule that has given it the mark, in front of the routing decision. */
export function markingStep(context: Context, last: number, mark: Mark): { ref: RuleRef; step: number } | undefined {
  const step = context.journey.steps.findLastIndex(
    ({ kind }, i) => i <= last && kind === 'rule' && carriesBehind(context, i, mark),
  )
  const ref = step < 0 ? undefined : refAt(context, step)
  return ref && { ref, step }
}

function unasked(context: Context, last: number, sure: boolean): Detected[] {
  const { journey, world } = context
  const { routes = [], routingRules = [] } = world.host
  if (!sure) return []
  const mark = (questionAt(context, last)?.mark ?? 0) >>> 0
  const marking = mark === 0 ? undefined : markingStep(context, last, { value: mark, mask: ALL_BITS })
  if (!marking || asked(context, { value: mark, mask: ALL_BITS }) > 0) return []
  const { ref, step } = marking
  const led = new Set(
    routingRules.map(({ action }) => (typeof action === 'object' && 'table' in action ? action.table : '')),
  )
  const tables = new Set(
    routes.flatMap(({ family, table }) => (family === journey.family && !led.has(table) ? table : [])),
  )
  for (const own of [...KERNEL_TABLES, '']) tables.delete(own)
  const [table, ...others] = tables
  if (table === undefined || others.length > 0) return []
  const family = journey.family as RoutingRule['family']
  return [
    finding(
      'mark-missing',
      'warning',
      `${nameRef(ref)} set mark ${hex(mark)}, and no routing rule matches it: none selects table ${table}.`,
      {
        steps: [step + 1],
        rules: [ref],
        fix: routed(family, { value: mark, mask: ALL_BITS }, { table }),
        doubt: 0.1,
      },
    ),
  ]
}
