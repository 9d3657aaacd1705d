/** What chains of nft's at a device's ingress drop is gone before any hook of IP: rules that trace there never see it. */
import { nftName } from '../../edits/nft/print.ts'
import { type BaseChain, deviceChainsAt, hangsOn } from '../../journey/base-chains.ts'
import { command } from '../../model/command.ts'
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
  surely: boolean
}

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

function tell({ table, chain }: BaseChain, { rule, surely }: Dropped, wish: Wish): Problem {
  const where = `${table.family} ${table.name} ${chain.name}`
  const devices = chain.devices?.join(', ') ?? 'a device'
  const what = rule ? (rule.handle === undefined ? 'a rule there' : `its handle ${rule.handle}`) : 'its policy'
  const drops = surely && wish.condition ? 'drops' : 'may drop'
  return {
    code: 'before-the-hooks',
    severity: wish.condition ? 'warning' : 'note',
    message: `${where} processes packets from ${devices} before the hooks of IP, and ${what} ${drops} such packets: no trace that begins at those hooks shows them.`,
    evidence: rule?.text ?? `policy ${chain.policy}`,
    fix: {
      description: 'inspect it',
      commands: [command('nft', '-a', 'list', 'chain', table.family, nftName(table.name), nftName(chain.name))],
      safe: false,
      unsafe: 'this command changes nothing; a person must decide what to change',
    },
  }
}

/** Of such packets any; that it is sure of one goes before what may be. */
function dropped(base: BaseChain, wish: Wish, world: World): Dropped | undefined {
  const conditions = [
    ...(wish.condition ? [wish.condition] : []),
    ...[...base.table.chains.values()].flatMap(({ rules }) => rules.flatMap((rule) => rule.conditions)),
  ]
  const budget = new WalkBudget(STEPS)
  let perhaps: Dropped | undefined
  for (const family of wish.families) {
    // too many kinds to try: what every such packet has
    const whole = wish.condition ? requiredOf(wish.condition).packet : {}
    for (const packet of samplePackets(conditions, family) ?? [whole]) {
      if (wish.condition && evaluate(wish.condition, { packet, family, world, hook: 'ingress' }) === false) continue
      const found = dropOf(base, packet, family, world, budget)
      if (found?.surely) return found
      perhaps ??= found
      if (budget.isUsedUp) return perhaps
    }
  }
  return perhaps
}

function dropOf(
  { table, chain }: BaseChain,
  packet: Packet,
  family: IpFamily,
  world: World,
  budget: WalkBudget,
): Dropped | undefined {
  const { ending, last } = walk(
    table,
    [{ chain, index: 0 }],
    { packet, family: table.family === 'netdev' ? 'netdev' : family, world, hook: 'ingress' },
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
