/** Whether a rule that traces is reached: by which rule before it packets leave the chain. */
import type { Condition } from '../../model/condition.ts'
import type { Packet } from '../../model/packet.ts'
import type { Chain, Rule, Table } from '../../model/ruleset.ts'
import type { World } from '../../model/world.ts'
import { evaluateAll } from '../../rules/evaluate.ts'
import { verdictOf } from '../../rules/verdict.ts'
import { walk } from '../../rules/walk.ts'
import { WalkBudget } from '../../rules/walk-budget.ts'
import { type Base, leadsTo, sees, type TraceRule } from './rules.ts'
import { samplePackets } from './samples.ts'
import { type IpFamily, requiredOf, type Wish } from './wish.ts'

/** The rule by which they leave. */
export interface Ender {
  chain: Chain
  rule: Rule
  /** Of the packets that are wished and that the rule which traces matches; `may`: it is not known. */
  ends: 'all' | 'some' | 'may'
}

/** Undefined: every such packet reaches the rule; or there is none. */
export function enderBefore(trace: TraceRule, wish: Wish, world: World): Ender | undefined {
  const families = wish.families.filter((family) => sees(trace, family))
  const found = trace.bases.map((base) => enderIn(trace, base, families, wish, world)).filter((one) => one !== 'none')
  const enders = found.filter((one) => one !== undefined)
  const [first] = enders
  if (!first || enders.every(({ ends }) => ends === 'all'))
    return found.length === enders.length ? first : asSome(first)
  return enders.find(({ ends }) => ends === 'some') ?? asSome(first)
}

/** By another way packets reach it. */
const asSome = (one: Ender | undefined): Ender | undefined =>
  one && (one.ends === 'all' ? { ...one, ends: 'some' } : one)

/** Where a packet goes: to the rule, or away from it, surely or perhaps; undefined: nothing leads it there. */
type Way = 'reached' | (Omit<Ender, 'ends'> & { surely: boolean }) | undefined

/** Rules that are evaluated for one rule that traces. */
const STEPS = 1_000_000

/** `none`: no such packet comes this way. */
function enderIn(
  trace: TraceRule,
  base: Base,
  families: readonly IpFamily[],
  wish: Wish,
  world: World,
): Ender | undefined | 'none' {
  const table = upTo(trace)
  const budget = new WalkBudget(STEPS)
  const asked: Condition[] = [
    ...(wish.condition ? [wish.condition] : []),
    ...trace.rule.conditions,
    ...(base.chain === trace.chain ? [] : base.through.conditions),
  ]
  const ways: Way[] = []
  for (const family of families) {
    const wayOf = (packet: Packet) => follow(table, trace, base, { packet, family, world }, budget)
    // what every such packet has may decide it
    const whole = wayOf(requiredOf({ kind: 'all', of: asked }).packet)
    if (isSure(whole)) {
      ways.push(whole)
      continue
    }
    const packets = samplePackets([...asked, ...conditionsBefore(trace, base)], family)
    if (!packets) ways.push(whole)
    for (const packet of packets ?? []) {
      const context = { packet, family, world, hook: base.hook }
      if (evaluateAll(asked, context) === false) continue
      ways.push(wayOf(packet))
      if (budget.isUsedUp) break
    }
  }
  const led = ways.filter((way) => way !== undefined)
  const away = led.filter((way) => way !== 'reached')
  const sure = away.find(({ surely }) => surely)
  const [perhaps] = away
  if (led.length === 0) return 'none'
  if (sure && away.length === led.length && away.every(({ surely }) => surely)) return enderOf(sure, 'all')
  return sure ? enderOf(sure, 'some') : perhaps && enderOf(perhaps, 'may')
}

const enderOf = ({ chain, rule }: Omit<Ender, 'ends'>, ends: Ender['ends']): Ender => ({ chain, rule, ends })

const isSure = (way: Way): boolean => way === 'reached' || way?.surely === true

interface Start {
  packet: Packet
  family: IpFamily
  world: World
}

function follow(table: Table, trace: TraceRule, { chain, hook }: Base, start: Start, budget: WalkBudget): Way {
  const base = table.chains.get(chain.name)!
  const { matched, ending, last } = walk(table, [{ chain: base, index: 0 }], { ...start, hook }, budget)
  if (last?.rule === goalOf(table, trace)) return 'reached'
  if (ending === 'unknown') return last && { chain: last.chain, rule: last.rule, surely: false }
  if (ending !== 'policy') return last && { chain: last.chain, rule: last.rule, surely: true }
  // it went back from a chain that leads there, or was never sent there
  const back = matched.findLast(
    ({ chain, rule }) =>
      /^(?:return|goto)$/.test(verdictOf(rule).ending) &&
      (chain === base || chain.name === trace.chain.name || chain.rules.some((one) => leads(trace, one))),
  )
  return back && { chain: back.chain, rule: back.rule, surely: true }
}

const leads = ({ table, chain }: TraceRule, rule: Rule): boolean => leadsTo(table, rule, chain.name, new Set())

/** The table, in which the rule takes every packet that comes to it. */
function upTo({ table, chain, rule }: TraceRule): Table {
  const { iptables, ...rest } = rule
  const goal: Rule = { ...rest, conditions: [], statements: [{ kind: 'accept' }] }
  const rules = [...chain.rules.slice(0, rule.ruleNumber - 1), goal]
  return { ...table, chains: new Map(table.chains).set(chain.name, { ...chain, rules }) }
}

const goalOf = ({ chains }: Table, { chain }: TraceRule): Rule => chains.get(chain.name)!.rules.at(-1)!

/** Of the rules before it, with those of chains that they jump to. */
function conditionsBefore({ table, chain, rule }: TraceRule, base: Base): Condition[] {
  const seen = new Set<string>()
  const of = (rules: readonly Rule[]): Condition[] =>
    rules.flatMap(({ conditions, statements }) => [
      ...conditions,
      ...statements.flatMap((one) => (one.kind === 'jump' || one.kind === 'goto' ? ofChain(one.chain) : [])),
    ])
  const ofChain = (name: string): Condition[] => {
    if (seen.has(name)) return []
    seen.add(name)
    return of(table.chains.get(name)?.rules ?? [])
  }
  seen.add(chain.name)
  const own = of(chain.rules.slice(0, rule.ruleNumber - 1))
  return base.chain === chain ? own : [...own, ...of(base.chain.rules.slice(0, base.through.ruleNumber))]
}
