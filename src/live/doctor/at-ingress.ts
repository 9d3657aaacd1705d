/** What chains of nft's at a device's ingress drop is gone before any hook of IP: rules that trace there never see it. */
import { listChain } from '../../edits/nft/list-chain.ts'
import { type BaseChain, deviceChainsAt, hangsOn } from '../../journey/base-chains.ts'
import type { Packet } from '../../model/packet.ts'
import type { Rule } from '../../model/ruleset.ts'
import type { World } from '../../model/world.ts'
import { evaluate } from '../../rules/evaluate.ts'
import { verdictOf } from '../../rules/verdict.ts'
import { walk } from '../../rules/walk.ts'
import { WalkBudget } from '../../rules/walk-budget.ts'
import type { Facts } from '../survey/facts.ts'
import type { Problem } from './problem.ts'
import { isOwnTable, rulesOf } from './rules.ts'
import { samplePackets } from './samples.ts'
import { type IpFamily, requiredOf, type Wish } from './wish.ts'

/** Rules that are evaluated for one chain. */
const STEPS = 100_000

interface Dropped {
  /** Absent: the chain's policy. */
  rule?: Rule
  /** Of the packets that are asked for it drops all, or some; or some, perhaps. */
  drops: 'all' | 'some' | 'may'
}

/** `dropped`: not for certain, where the rules do not tell. */
type Way = { rule?: Rule; surely: boolean } | undefined

export function droppedAtIngress(facts: Facts, wish: Wish): Problem[] {
  const { world, traces } = rulesOf(facts)
  const { in: name } = wish.packet
  // a trace that begins there shows what comes behind
  const traced = traces.flatMap(({ bases }) => bases.filter(({ hook }) => hook === 'ingress'))
  return deviceChainsAt(world, 'ingress')
    .filter(({ table, chain, priority }) => {
      const isAsked = name === undefined || !chain.devices || hangsOn(chain.devices, name)
      return isAsked && !isOwnTable(table) && !traced.some((one) => one.priority < priority)
    })
    .flatMap((base) => {
      const found = dropped(base, wish, world)
      return found ? [tell(base, found, wish)] : []
    })
}

const WORDS = { all: 'drops such packets', some: 'drops some of such packets', may: 'may drop such packets' } as const

function tell({ table, chain }: BaseChain, { rule, drops }: Dropped, wish: Wish): Problem {
  const where = `${table.family} ${table.name} ${chain.name}`
  const devices = chain.devices?.join(', ') ?? 'a device'
  const what = rule ? (rule.handle === undefined ? 'a rule there' : `its handle ${rule.handle}`) : 'its policy'
  const shown = drops === 'some' ? 'these' : 'them'
  return {
    code: 'before-the-hooks',
    severity: wish.condition && drops !== 'some' ? 'warning' : 'note',
    message: `${where} processes packets from ${devices} before the hooks of IP, and ${what} ${WORDS[wish.condition ? drops : 'may']}: no trace that begins at those hooks shows ${shown}.`,
    evidence: rule?.text ?? `policy ${chain.policy}`,
    fix: {
      description: 'inspect it',
      commands: [listChain(table.family, table.name, chain.name)],
      safe: false,
      unsafe: 'this command changes nothing; a person must decide what to change',
    },
  }
}

/** Of such packets all that differ for the chain; too many kinds to try: what every one has. */
function dropped(base: BaseChain, wish: Wish, world: World): Dropped | undefined {
  const conditions = [
    ...(wish.condition ? [wish.condition] : []),
    ...[...base.table.chains.values()].flatMap(({ rules }) => rules.flatMap((rule) => rule.conditions)),
  ]
  const budget = new WalkBudget(STEPS)
  const ways: Way[] = []
  for (const family of wish.families) {
    const whole = wish.condition ? requiredOf(wish.condition).packet : {}
    for (const packet of samplePackets(conditions, family) ?? [whole]) {
      if (wish.condition && evaluate(wish.condition, { packet, family, world, hook: 'ingress' }) === false) continue
      ways.push(wayOf(base, packet, family, world, budget))
      if (budget.isUsedUp) break
    }
  }
  const away = ways.filter((way) => way !== undefined)
  const sure = away.find(({ surely }) => surely)
  const way = sure ?? away[0]
  if (!way) return undefined
  const isAll = away.length === ways.length && away.every(({ surely }) => surely) && !budget.isUsedUp
  return { ...(way.rule ? { rule: way.rule } : {}), drops: isAll ? 'all' : sure ? 'some' : 'may' }
}

function wayOf({ table, chain }: BaseChain, packet: Packet, family: IpFamily, world: World, budget: WalkBudget): Way {
  const { ending, last } = walk(
    table,
    [{ chain, index: 0 }],
    // of which IP version a sample is that has no address, the family says
    { packet, family, world, hook: 'ingress' },
    budget,
  )
  if (ending === 'drop' || ending === 'reject') return last && { rule: last.rule, surely: true }
  if (ending === 'policy') return chain.policy === 'drop' ? { surely: true } : undefined
  if (ending !== 'unknown' || !last) return undefined
  const rest = [last.rule, ...last.chain.rules.slice(last.rule.ruleNumber)]
  const rule = rest.find((one) => /^(drop|reject)$/.test(verdictOf(one).ending))
  if (rule) return { rule, surely: false }
  return chain.policy === 'drop' ? { surely: false } : undefined
}
