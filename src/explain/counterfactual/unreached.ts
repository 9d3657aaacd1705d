/** Chains that a packet did not come to, and whose rules would have taken it. */

import { type Hook, NEXT_HOOKS } from '../../model/hook.ts'
import { memo } from '../../model/memo.ts'
import type { Chain, Rule, Table } from '../../model/ruleset.ts'
import { writesMark } from '../../rules/assign.ts'
import type { EvalContext } from '../../rules/eval-context.ts'
import { evaluate } from '../../rules/evaluate.ts'
import { verdictOf } from '../../rules/verdict.ts'
import type { Walk } from '../../rules/walk.ts'
import { type Context, momentAt } from '../context.ts'
import { soleOwnerOf } from '../owners/owners.ts'
import { graphOf } from './chain-graph.ts'
import { asksAll, asksInput, type FailedCondition, missedBy } from './failed-condition.ts'
import { chainRuns, isNat, positionsBelow, skippedRules, type TableTraversal } from './skipped-rules.ts'
import { onwards } from './what-if.ts'

export interface Unreached {
  chain: Chain
  /** Some rule of the table leads there, if not from this base chain. */
  led: boolean
  /** A rule of the chain names this packet's very destination, or its name says that it is for the same service. */
  meant: boolean
  /** Its name does. */
  isAlike: boolean
  /** Where a jump to it would have to stand: a chain that the packet was in, and the number it would get. */
  from: { chain: Chain; ruleNumber: number; moment: EvalContext }
  then: Walk
  /** It would take packets for anywhere in the same way. */
  takesAll: boolean
  /** A rule of its own decides; else it only marks the packet for one that does. */
  decides: boolean
  /** A rule that the packet passed and that leads there, with what it asks for and the packet has not. */
  lead?: Leader & { asks: string; misses: readonly FailedCondition[]; moment: EvalContext }
  /** What leads there stands at another hook. */
  astray?: Astray
}

/** The first rule of that base chain which leads there. */
interface Astray {
  chain: Chain
  rule: Rule
  isOnly: boolean
}

/**
 * The likeliest place first. Chains that no rule behind the pass's base chain leads to; and those that some rule does, but
 * that were not come to, though they speak of this packet's very destination.
 */
export function unreachedChains(context: Context, pass: TableTraversal, wanted: (then: Walk) => boolean): Unreached[] {
  const { sets } = context.world
  const graph = graphOf(pass.table, sets)
  const entered = new Set(pass.steps.map((step) => context.evidence.arrivals[step]!.chain))
  const moment = momentAt(context, pass.steps[0]!)
  const speaking = graph.speakingOf(moment.packet).filter((chain) => chain.hook === undefined && !entered.has(chain))
  const apart = graph.apartFrom(pass.base, twinHooks(pass))
  const places = jumpPlaces(context, pass)
  const found: Unreached[] = []
  const named = isNat(pass) ? namedAlike(pass, entered) : []
  const strayed = graph.led.size > 0 ? strayedTo(pass) : new Map<Chain, Astray>()
  for (const chain of new Set([...speaking, ...apart, ...named, ...strayed.keys()])) {
    context.budget.left -= places.length
    if (context.budget.isUsedUp) break
    const behind = graph.reachableFrom(chain)
    const isOf = (one: Chain) => one === chain || behind.has(one.name)
    const likeliest = places
      // nobody can make chains jump in circles
      .filter((place) => !behind.has(place.chain.name))
      .sort((a, b) => likeness(b.chain, chain) - likeness(a.chain, chain))
      .flatMap((place) => {
        const stack = [...place.stack, { chain, index: 0 }]
        // where nothing leads, nothing has been counted
        const open = graph.led.has(chain.name) ? 'stop' : 'unused'
        const then = onwards(context, pass.table, stack, place.moment, open)
        // what another rule than one of the chain's own decides is not the chain's doing, nor what is not known of one
        const isOpen = then.ending === 'unknown' && then.last !== undefined && isOf(then.last.chain)
        const leads = wanted(then) || (isOpen && !graph.led.has(chain.name))
        if (!leads || !then.matched.some((visit) => visit.chain === chain)) return []
        const takesAll = wanted(onwards(context, pass.table, stack, elsewhere(place.moment), open))
        return [{ from: place, then, takesAll, decides: then.last !== undefined && isOf(then.last.chain) }]
      })[0]
    if (!likeliest) continue
    const led = graph.led.has(chain.name)
    const isAlike = named.includes(chain)
    const lead = led && !isAlike ? leadTo(context, pass, chain) : undefined
    // it would have come there, had nothing stopped it before
    const strays = strayed.get(chain)
    if (led && !isAlike && !lead && isOfOtherBase(pass, graph, chain, strays === undefined)) continue
    const meant = isAlike || strays !== undefined || speaking.includes(chain)
    // where nothing can have: it was not rewritten, and nat's chain for its very destination would have
    if (led && !lead && graph.reachableFrom(pass.base).has(chain.name) && !(meant && isNat(pass))) continue
    const isElsewhere = led && !lead && !leadsByMap(pass.table)
    const astray = strays ?? (isElsewhere ? onlyElsewhere(pass, chain) : undefined)
    // a program leads to its chain at the hook that it is for, as Docker to DOCKER for what is forwarded
    if (astray && !strays && !isNat(pass) && soleOwnerOf(pass.table, chain.name)) continue
    // at whichever hook, it is for what comes in elsewhere: a zone's chain is no other zone's
    if (
      astray &&
      leadersOf(pass.table)
        .get(chain.name)!
        .every(({ rule }) => comesInElsewhere(rule, moment))
    )
      continue
    found.push({ chain, led, meant, isAlike, ...likeliest, ...(lead ? { lead } : {}), ...(astray ? { astray } : {}) })
  }
  return found
    .filter((one) => !found.some((other) => leadsTo(other, one)))
    .sort((a, b) => Number(a.led) - Number(b.led))
}

/** It would have come to the one by the other, which it was not led to either. */
const leadsTo = ({ chain, then }: Unreached, one: Unreached): boolean =>
  one.chain !== chain && then.matched.some((visit) => visit.chain === one.chain)

/**
 * It only marks, and a program calls it from the chains of its services, as kube-proxy KUBE-MARK-MASQ: where no service
 * is, nothing jumps there, and nothing is wrong.
 */
export const isMarkOfServices = ({ table }: Pick<TableTraversal, 'table'>, { name, rules }: Chain): boolean =>
  rules.every((rule) => writesMark(rule) && verdictOf(rule).ending === 'continue') &&
  soleOwnerOf(table, name) !== undefined

/**
 * As kube-proxy names them: `KUBE-EXT-XGLOHA7QRQ3V22RZ` and `KUBE-SVC-…`, `external-4AT6LBPK-shop/cart/tcp/http` and
 * `service-…`. Where the one leads some packets to the other, the rest are meant to stay.
 */
function namedAlike({ table, base }: TableTraversal, entered: ReadonlySet<Chain | undefined>): Chain[] {
  const own = [...entered].filter((chain) => chain !== undefined && chain !== base && keyOf(chain) !== undefined)
  if (own.length === 0) return []
  const led = new Set(own.flatMap((chain) => chain?.rules.map((rule) => verdictOf(rule).chain)))
  const keys = new Set(own.map((chain) => keyOf(chain!)))
  return [...table.chains.values()].filter(
    (one) => one.hook === undefined && !entered.has(one) && !led.has(one.name) && keys.has(keyOf(one) ?? ''),
  )
}

/** Chains that say by their names that they are for this hook, as `zone_lan_forward`, and that one rule of another hook's base chain alone leads to. */
function strayedTo({ table, hook, base }: TableTraversal): Map<Chain, Astray> {
  const found = new Map<Chain, Astray>()
  const isNamed = new RegExp(`(^|[_-])${hook}([_-]|$)`, 'i')
  for (const name of leadersOf(table).keys()) {
    const chain = isNamed.test(name) ? table.chains.get(name) : undefined
    const first = chain && onlyElsewhere({ table, hook, base }, chain)
    if (first) found.set(chain, first)
  }
  return found
}

/** Another hook's base chain, where its rules alone lead to the chain. */
function onlyElsewhere(
  { table, hook, base }: Pick<TableTraversal, 'table' | 'hook' | 'base'>,
  { name }: Chain,
): Astray | undefined {
  const [first, ...more] = leadersOf(table).get(name) ?? []
  if (!first || first.chain.hook === undefined || first.chain === base || first.chain.hook === hook) return undefined
  return more.some(({ chain }) => chain !== first.chain) ? undefined : { ...first, isOnly: more.length === 0 }
}

const comesInElsewhere = ({ conditions }: Rule, moment: EvalContext): boolean =>
  conditions.some((one) => asksInput(one) && evaluate(one, moment) === false)

/** Rules that jump there, by the chain's name. */
export const leadersOf = memo(({ chains }: Table): ReadonlyMap<string, readonly Leader[]> => {
  const found = new Map<string, Leader[]>()
  for (const chain of chains.values())
    for (const rule of chain.rules) {
      const to = verdictOf(rule).chain
      const known = to === undefined ? undefined : found.get(to)
      if (known) known.push({ chain, rule })
      else if (to !== undefined) found.set(to, [{ chain, rule }])
    }
  return found
})

interface Leader {
  chain: Chain
  rule: Rule
}

/** A map may lead to any chain. */
const leadsByMap = memo(({ chains }: Table): boolean =>
  [...chains.values()].some(({ rules }) =>
    rules.some(({ statements }) => statements.some(({ kind }) => kind === 'vmap')),
  ),
)

/** What is behind its kind: a hash of the service. */
const keyOf = ({ name }: Chain): string | undefined => /-([A-Z0-9]{16}|[A-Z0-9]{8}-.+)$/.exec(name)?.[1]

/** Of several the one that asks for the least else. */
function leadTo(context: Context, pass: TableTraversal, to: Chain): Unreached['lead'] {
  const [lead] = [...skippedRules(context, pass)]
    .filter(({ rule }) => verdictOf(rule).chain === to.name)
    .flatMap(({ chain, rule, moment }) => {
      const misses = missedBy(rule, moment)
      return misses ? [{ chain, rule, misses, moment }] : []
    })
    .sort((a, b) => a.misses.length - b.misses.length)
  return lead && { ...lead, asks: asksAll(lead.misses) }
}

/** Turned round in a port, it gives another one. */
export const OTHER_PORT = 0x5555

/** A packet like it, for nobody. */
export const elsewhere = (moment: EvalContext): EvalContext => {
  const { packet, family } = moment
  const port = packet.dport === undefined ? {} : { dport: packet.dport ^ OTHER_PORT }
  return { ...moment, packet: { ...packet, ...port, dst: family === 'ip6' ? '2001:db8:dead::1' : '198.51.100.254' } }
}

/**
 * Another base chain of this hook leads there, or, `orLater`, of one to come: a packet that is dropped before has not come
 * to it yet, and one that was there went on.
 */
function isOfOtherBase(pass: TableTraversal, graph: Graph, { name }: Chain, orLater: boolean): boolean {
  const { table, base, hook } = pass
  if (graph.reachableFrom(base).has(name)) return false
  const hooks = [base.hook, ...(orLater && hook && !isNat(pass) ? hooksAfter(hook) : [])]
  return [...table.chains.values()].some(
    (one) => one !== base && hooks.includes(one.hook) && graph.reachableFrom(one).has(name),
  )
}

type Graph = ReturnType<typeof graphOf>

/** On a way through or to this host: what is sent to itself comes to prerouting once more. */
const hooksAfter = (hook: Hook): Hook[] =>
  NEXT_HOOKS[hook].filter((one) => one !== 'prerouting').flatMap((one) => [one, ...hooksAfter(one)])

/** In nat, what comes in and what this host sends are rewritten alike. */
export function twinHooks(pass: TableTraversal): readonly Hook[] {
  if (!isNat(pass)) return []
  const { hook } = pass
  return hook === 'prerouting' || hook === 'output' ? ['prerouting', 'output'] : ['postrouting', 'input']
}

/** In each chain that the packet was in: at the end where it left it there, else in front of what it met there last. */
export function jumpPlaces(context: Context, pass: TableTraversal) {
  const { steps } = pass
  const left = new Set(chainRuns(context, pass).map(({ chain }) => chain))
  const last = new Map<string, number>()
  for (const step of steps) {
    const { chain, caller } = context.evidence.arrivals[step]!
    if (chain) last.set(`${caller ?? ''} ${chain.name}`, step)
  }
  return [...last.values()].map((step) => {
    const chain = context.evidence.arrivals[step]!.chain!
    const last = left.has(chain) ? undefined : context.journey.steps[step]!.ruleNumber
    const ruleNumber = last ?? chain.rules.length + 1
    const behind = { chain, index: ruleNumber - 1 }
    return {
      chain,
      ruleNumber,
      step,
      moment: momentAt(context, step),
      stack: [...positionsBelow(context, step), behind],
    }
  })
}

/** How many characters the names share at their beginning, or at their end. A letter or two are chance: `marks` and `rules`. */
export function likeness({ name: a }: Chain, { name: b }: Chain): number {
  let [front, back] = [0, 0]
  while (front < a.length && a[front] === b[front]) front++
  while (back < a.length && a.at(-1 - back) === b.at(-1 - back)) back++
  const shared = Math.max(front, back)
  return shared < FEWEST_SHARED ? 0 : shared
}

const FEWEST_SHARED = 3
