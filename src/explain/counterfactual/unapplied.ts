/** Why a ban did not act on a packet that got through. */
import { type BaseChain, baseChainsAt, basesOf, deviceChainsAt } from '../../journey/base-chains.ts'
import type { Hook } from '../../model/hook.ts'
import { isPassed } from '../../model/outcome-kinds.ts'
import type { Packet } from '../../model/packet.ts'
import type { Chain, Rule, Table } from '../../model/ruleset.ts'
import type { EvalContext } from '../../rules/eval-context.ts'
import { match } from '../../rules/match.ts'
import { execute, verdictOf } from '../../rules/verdict.ts'
import type { ChainPosition } from '../../rules/walk.ts'
import { type Context, lastPacket, moment, momentAt } from '../context.ts'
import { FIREWALLS } from '../owners/firewalls.ts'
import { GUARDS } from '../owners/guards.ts'
import { ownerOf } from '../owners/owners.ts'
import { asItCame, isOpening, natSeen } from '../reply/request-reply.ts'
import { type Ban, bansOn, isAgainst, isException, isForConnections, namesOf } from './bans.ts'
import { graphOf } from './chain-graph.ts'
import { asks, missedBy } from './failed-condition.ts'
import { isNat, isNatChain, passes, positionsBelow } from './skipped-rules.ts'

export type Reason =
  /**
   * `first`, a rule of the ban's table, accepted the packet or sent it back in front of the ban. `isException`: it is
   * narrower, as an exception is meant to be.
   */
  | { kind: 'behind'; first: { chain: Chain; rule: Rule }; step?: number; isException?: true }
  /** Its base chain hangs on another hook; `rewritten`: as the packet has got another destination. */
  | { kind: 'other-hook'; base: Chain; rewritten: boolean }
  /** It names an address or a port that NAT has replaced by then. */
  | { kind: 'rewritten'; what: 'destination' | 'source' }
  | { kind: 'dormant' | 'not-led' }
  /** `lead` leads to its chain, only for other packets. */
  | { kind: 'other-packets'; lead: { chain: Chain; rule: Rule }; asks: string }
  /** Its base chain hangs on another device, or sees frames. */
  | { kind: 'other-device'; devices: readonly string[] }

export interface Unapplied extends Ban {
  reason: Reason
  /** It is for this sender. */
  against: boolean
}

/** Rules looked at for one packet. */
const MOST_RULES = 100_000

const WAYS: Readonly<Record<string, { on: readonly Hook[]; off: readonly Hook[] }>> = {
  delivered: { on: ['prerouting', 'input'], off: ['forward'] },
  forwarded: { on: ['prerouting', 'forward', 'postrouting'], off: ['input', 'output'] },
  sent: { on: ['output', 'postrouting'], off: ['forward'] },
}

/** The likeliest first. */
export function unappliedBans(context: Context): Unapplied[] {
  const { evidence, journey, world } = context
  const { arrivals } = evidence
  if (!isPassed(journey.outcome) || arrivals.length === 0 || arrivals.some(({ mismatch }) => mismatch)) return []
  const packets = new Set([asItCame(evidence, world), ...arrivals.map(({ packet }) => packet)])
  const moments = [...packets].map((packet) => moment(context, packet, undefined))
  const bans = bansOn(world, moments)
  return bans.length === 0 ? [] : new Search(context, bans).all()
}

class Search {
  private readonly context: Context
  private readonly bans: ReadonlyMap<Rule, Ban>
  private readonly found = new Map<Rule, Unapplied>()
  /** As it came to this host. */
  private readonly came: Packet
  private readonly way: { on: readonly Hook[]; off: readonly Hook[] }
  /** Is it a request? */
  private readonly begins: boolean
  private left = MOST_RULES

  constructor(context: Context, bans: readonly Ban[]) {
    this.context = context
    this.bans = new Map(bans.map((ban) => [ban.rule, ban]))
    this.came = asItCame(context.evidence, context.world)
    this.way = WAYS[context.journey.outcome]!
    const { journey, evidence, world } = context
    this.begins = isOpening(journey, natSeen(evidence), world)
  }

  all(): Unapplied[] {
    this.behindOthers()
    this.onItsWay()
    this.atOtherHooks()
    this.onOtherDevices()
    for (const ban of this.bans.values()) {
      const reason = this.found.has(ban.rule) ? undefined : this.whyNotReached(ban)
      if (reason) this.add(ban, reason)
    }
    // what an exception lets through is meant to pass
    const rank = ({ reason }: Unapplied) => (reason.kind === 'behind' && reason.isException ? 1 : 0)
    return this.left < 0 ? [] : [...this.found.values()].sort((a, b) => rank(a) - rank(b))
  }

  /** What the packet met ended its way through a table, or through a chain. */
  private behindOthers(): void {
    const { context } = this
    for (const pass of passes(context)) {
      if (isNat(pass)) continue
      for (const step of pass.steps) {
        const { chain, rule, ending } = context.evidence.arrivals[step]!
        if (!chain || !rule || (ending !== 'accept' && ending !== 'return')) continue
        const here = { chain, index: rule.ruleNumber }
        const positions = ending === 'accept' ? [...positionsBelow(context, step), here] : [here]
        this.behind(pass.table, positions, momentAt(context, step), [{ chain, rule }], step)
      }
    }
  }

  private behind(table: Table, at: ChainPosition[], now: EvalContext, front: Place[], step?: number): void {
    const hit = this.look(table, at, now, front)
    if (!hit || hit.front.length === 0) return
    const against = this.isAgainst(hit.rule)
    const excepts = hit.front.some(({ rule }) => isException(rule, hit.rule, against))
    // of a connection that there is, nobody asks why it may go on
    if (excepts && (!this.begins || hit.front.some(({ rule }) => isForConnections(rule)))) return
    const reason: Reason = { kind: 'behind', first: hit.front[0]!, ...(step === undefined ? {} : { step }) }
    this.add(hit, excepts ? { ...reason, isException: true } : reason)
  }

  private onItsWay(): void {
    const { context } = this
    const { world, journey, evidence } = context
    const passed = new Set(passes(context).map(({ base }) => base))
    for (const hook of this.way.on)
      for (const { table, chain } of baseChainsAt(world, journey.family, hook, false)) {
        const start = [{ chain, index: 0 }]
        const steps = evidence.arrivals.flatMap((one, i) => (one.hook === hook ? [i] : []))
        const i = steps.find((step) => evidence.arrivals[step]!.chain === chain) ?? steps[0]
        // of the other packet filter, which the capture does not show
        if (!passed.has(chain)) this.behind(table, start, this.at(hook, i), [])
        else if (i !== undefined) this.asItWas(table, start, this.at(hook, i))
      }
  }

  /** Does a rule ask for what NAT has replaced? */
  private asItWas(table: Table, start: ChainPosition[], now: EvalContext): void {
    const { packet } = now
    for (const what of ['destination', 'source'] as const) {
      const was = endOf(this.came, what)
      if (JSON.stringify(was) === JSON.stringify(endOf(packet, what))) continue
      const hit = this.look(table, start, { ...now, packet: { ...packet, ...was } }, [])
      if (hit && hit.front.length === 0 && match(hit.rule, now).truth !== true)
        this.add(hit, { kind: 'rewritten', what })
    }
  }

  private atOtherHooks(): void {
    const { context, came } = this
    const { world, journey } = context
    const last = lastPacket(context)
    const rewritten = came.dst !== last.dst || came.dport !== last.dport
    for (const hook of this.way.off)
      for (const { table, chain } of baseChainsAt(world, journey.family, hook, false)) {
        const now = this.at(hook, undefined, { ...endOf(came, 'source'), ...endOf(came, 'destination') })
        const hit = this.look(table, [{ chain, index: 0 }], now, [])
        if (!hit || hit.front.length > 0) continue
        const names = namesOf(hit.rule)
        const service = hook === 'input' && rewritten && (names.has('dport') || names.has('dst'))
        if (service || this.isAgainst(hit.rule) || (hook !== 'input' && this.isAgainst(hit.rule, 'dst')))
          this.add(hit, { kind: 'other-hook', base: chain, rewritten: hook === 'input' && rewritten })
      }
  }

  /** Tables of the families bridge and netdev, and chains of inet at a device. */
  private onOtherDevices(): void {
    const { context, came } = this
    const { world } = context
    if (came.in === undefined) return
    const devices = deviceChainsAt(world, 'ingress').filter(({ chain }) => !chain.devices?.includes(came.in ?? ''))
    const frames = (['prerouting', 'input', 'forward'] as const).flatMap((hook) => {
      const bridged = came.physIn !== undefined
      return bridged ? [] : baseChainsAt(world, 'bridge', hook, false)
    })
    for (const { table, chain, hook } of [...devices, ...frames] satisfies BaseChain[]) {
      const now = {
        ...this.at(hook, undefined, came),
        family: table.family === 'bridge' ? 'bridge' : 'netdev',
      } as const
      const { in: _, ...elsewhere } = now.packet
      const hit = this.look(table, [{ chain, index: 0 }], { ...now, packet: elsewhere }, [])
      if (hit && hit.front.length === 0 && this.isAgainst(hit.rule))
        this.add(hit, { kind: 'other-device', devices: chain.devices ?? [] })
    }
  }

  /** Nothing leads to its chain, or nothing for such packets. */
  private whyNotReached({ table, chain, rule }: Ban): Reason | undefined {
    const { context, came } = this
    const { family } = context.journey
    if (table.family !== family && !(table.family === 'inet' && (family === 'ip' || family === 'ip6'))) return undefined
    if (!this.isAgainst(rule) || isNatChain(table, chain)) return undefined
    const now = this.at(this.way.on.find((hook) => hook !== 'prerouting')!, undefined, came)
    if (match(rule, now).truth !== true) return undefined
    if (table.flags?.includes('dormant')) return { kind: 'dormant' }
    const graph = graphOf(table, context.world.sets)
    const bases = basesOf(table).filter((base) => base === chain || graph.reachableFrom(base).has(chain.name))
    if (bases.length === 0) return { kind: 'not-led' }
    // a rule for a service's port in a chain for that service is where it belongs
    if ([...namesOf(rule).keys()].some((side) => side !== 'src' && side !== 'in')) return undefined
    const [nearest] = bases
      .filter(({ hook }) => hook && this.way.on.includes(hook))
      .flatMap((base) => [base, ...[...graph.reachableFrom(base)].flatMap((name) => table.chains.get(name) ?? [])])
      .flatMap((from) => from.rules.map((one) => ({ chain: from, rule: one })))
      .filter((lead) => verdictOf(lead.rule).chain === chain.name)
      .flatMap((lead) => {
        const misses = missedBy(lead.rule, now)
        return misses && misses.length > 0 ? [{ lead, misses }] : []
      })
      .sort((a, b) => a.misses.length - b.misses.length)
    return nearest && { kind: 'other-packets', lead: nearest.lead, asks: nearest.misses.map(asks).join(' ') }
  }

  /** The packet at a hook: as step `i` shows it, or as the last one does. */
  private at(hook: Hook, i: number | undefined, given: Partial<Packet> = {}): EvalContext {
    const { context } = this
    const { packet } = i === undefined ? moment(context, lastPacket(context), hook) : momentAt(context, i)
    const facts = i === undefined ? context.connection[context.ended.step] : {}
    const whole: Packet = { ...packet, ...facts, ...given }
    if (hook === 'prerouting' || hook === 'input' || hook === 'ingress') delete whole.out
    if (hook === 'output' || hook === 'postrouting') delete whole.in
    return moment(context, whole, hook)
  }

  private isAgainst(rule: Rule, side: 'src' | 'dst' = 'src'): boolean {
    return isAgainst(rule, side, this.came, this.context.world)
  }

  /** The first rule that would have stopped the packet, and those in front of it that would have let it go. */
  private look(table: Table, positions: readonly ChainPosition[], start: EvalContext, front: readonly Place[]) {
    const stack = [...positions]
    let [now, before] = [start, front]
    for (let at = stack.pop(); at && stack.length < MOST_DEEP; at = stack.pop()) {
      const { chain } = at
      for (let i = at.index; i < chain.rules.length; i++) {
        if (--this.left < 0) return undefined
        const rule = chain.rules[i]!
        const matched = match(rule, now)
        if (matched.truth !== true) continue
        const { verdict, moment: then } = execute(rule, matched.moment)
        now = then
        const { ending } = verdict
        if (ending === 'drop' || ending === 'reject')
          return this.bans.has(rule) ? { table, chain, rule, front: before } : undefined
        if (ending === 'queue' || ending === 'stolen') return undefined
        if (ending === 'accept') before = [...before, { chain, rule }]
        if (ending === 'return') break
        const target = table.chains.get(verdict.chain ?? '')
        if (!target) continue
        if (ending === 'jump') stack.push({ chain, index: i + 1 })
        stack.push({ chain: target, index: 0 })
        break
      }
    }
    return undefined
  }

  private add({ table, chain, rule }: Ban, reason: Reason): void {
    const owner = ownerOf({ family: table.family, table: table.name, chain: chain.name, rule, contents: table })
    // what programs keep apart by themselves is no ban of anybody's
    if (owner && !FIREWALLS.includes(owner) && !GUARDS.includes(owner)) return
    if (!this.found.has(rule)) this.found.set(rule, { table, chain, rule, reason, against: this.isAgainst(rule) })
  }
}

const MOST_DEEP = 64

/** Its address and port, as far as it has them. */
function endOf({ src, sport, dst, dport }: Packet, what: 'destination' | 'source'): Partial<Packet> {
  const end = what === 'source' ? { src, sport } : { dst, dport }
  return Object.fromEntries(Object.entries(end).filter(([, value]) => value !== undefined))
}

interface Place {
  chain: Chain
  rule: Rule
}
