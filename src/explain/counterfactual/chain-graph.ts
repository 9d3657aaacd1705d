/**
 * Which chains of a table lead where, and which speak of which destination; found out once a table, and of each chain once:
 * a table with one change shares all others with the one before.
 */
import { baseChainsAt } from '../../journey/base-chains.ts'
import type { Condition } from '../../model/condition.ts'
import type { Hook } from '../../model/hook.ts'
import { memo } from '../../model/memo.ts'
import type { Family, Packet } from '../../model/packet.ts'
import type { Chain, NamedSet, Rule, Table } from '../../model/ruleset.ts'
import type { Statement } from '../../model/statement.ts'
import type { World } from '../../model/world.ts'
import { chainsOf } from '../../rules/nft/map.ts'

interface OwnWords {
  /** The chains that its rules lead to, each once; verdict maps, in the order of the rules. */
  leads: readonly (string | Statement)[]
  /** Keys of destinations that its rules ask for, each once. */
  destinations: readonly string[]
}

const wordsOf = memo(({ rules }: Chain): OwnWords => {
  const leads = new Set<string | Statement>()
  const destinations = new Set<string>()
  for (const rule of rules) {
    for (const one of rule.statements)
      if (one.kind === 'jump' || one.kind === 'goto') leads.add(one.chain)
      else if (one.kind === 'vmap') leads.add(one)
    const key = destinationOf(rule)
    if (key !== undefined) destinations.add(key)
  }
  return { leads: [...leads], destinations: [...destinations] }
})

const isName = (lead: string | Statement): lead is string => typeof lead === 'string'

const graphs = memo((table: Table) => memo((sets: readonly NamedSet[]) => new ChainGraph(table, sets)))

/** `sets`: where verdict maps are looked for. */
export const graphOf = (table: Table, sets: readonly NamedSet[]): ChainGraph => graphs(table)(sets)

/** All that a packet may be asked at a hook: the rules of its base chains, and of the chains that these lead to. */
export const rulesAt = (world: World, family: Family, hook: Hook): Rule[] =>
  baseChainsAt(world, family, hook, false).flatMap(({ table, chain }) => rulesFrom(table, chain, world.sets))

/** The rules of the chain, and of the chains that these lead to. */
export const rulesFrom = (table: Table, chain: Chain, sets: readonly NamedSet[]): Rule[] =>
  [chain.name, ...graphOf(table, sets).reachableFrom(chain)].flatMap((name) => table.chains.get(name)?.rules ?? [])

interface Node {
  chain: Chain
  leads: readonly string[]
}

class ChainGraph {
  private readonly sets: readonly NamedSet[]
  private readonly nodes = new Map<string, Node>()
  /** Chains that some rule leads to. */
  readonly led: ReadonlySet<string>
  private readonly reachable = new Map<Chain, ReadonlySet<string>>()
  private readonly apart = new Map<string, readonly Chain[]>()
  private readonly byDestination = new Map<string, Chain[]>()

  constructor(table: Table, sets: readonly NamedSet[]) {
    this.sets = sets
    const led = new Set<string>()
    for (const [name, chain] of table.chains) {
      const leads = this.leadsOf(chain)
      for (const lead of leads) led.add(lead)
      this.nodes.set(name, { chain, leads })
      for (const key of wordsOf(chain).destinations) {
        const speaking = this.byDestination.get(key)
        if (speaking) speaking.push(chain)
        else this.byDestination.set(key, [chain])
      }
    }
    this.led = led
  }

  private leadsOf(chain: Chain): readonly string[] {
    const { leads } = wordsOf(chain)
    return leads.every(isName) ? leads : leads.flatMap((one) => (isName(one) ? one : chainsOf([one], this.sets)))
  }

  private speaking(key: string): readonly Chain[] | undefined {
    return this.byDestination.get(key)
  }

  /** Chains with a rule for exactly this address, and this port or any, whatever else it asks. */
  speakingOf({ dst, dport }: Packet): readonly Chain[] {
    return [...(this.speaking(`${dst} ${dport}`) ?? []), ...(this.speaking(`${dst} any`) ?? [])]
  }

  /** The names of all chains that the rules of `base` lead to, over any number of jumps. */
  reachableFrom(base: Chain): ReadonlySet<string> {
    const known = this.reachable.get(base)
    if (known) return known
    const names = new Set<string>()
    const open = [this.leadsOf(base)]
    for (let leads = open.pop(); leads; leads = open.pop())
      for (const name of leads) {
        const next = this.nodes.get(name)
        if (!next || names.has(name)) continue
        names.add(name)
        if (next.leads.length > 0) open.push(next.leads)
      }
    this.reachable.set(base, names)
    return names
  }

  /**
   * User chains with rules that `base` does not lead to. A chain made for another hook is none for this one: of those that
   * some rule leads to only such as base chains at a twin hook reach.
   */
  apartFrom(base: Chain, twins: readonly Hook[]): readonly Chain[] {
    const key = `${twins.join()} ${base.name}`
    const known = this.apart.get(key)
    if (known) return known
    const chains = [...this.nodes.values()].map(({ chain }) => chain)
    const reachable = this.reachableFrom(base)
    const byTwins = chains
      .filter(({ hook }) => hook !== undefined && twins.includes(hook))
      .map((twin) => this.reachableFrom(twin))
    const apart = chains.filter(
      ({ name, hook, rules }) =>
        hook === undefined &&
        rules.length > 0 &&
        !reachable.has(name) &&
        (!this.led.has(name) || byTwins.some((names) => names.has(name))),
    )
    this.apart.set(key, apart)
    return apart
  }
}

function destinationOf({ conditions }: Rule): string | undefined {
  const address = conditions.map((one) => exactly(one, / daddr$/)).find((value) => value !== undefined)
  const port = conditions.map((one) => exactly(one, / dport$/)).find((value) => value !== undefined)
  return address === undefined ? undefined : `${address} ${port ?? 'any'}`
}

/** One host or port. */
function exactly(condition: Condition, field: RegExp): string | number | undefined {
  if (condition.kind !== 'compare' || condition.op !== '==' || !field.test(condition.field)) return undefined
  const { value } = condition
  if (typeof value !== 'object') return value
  if (!('prefix' in value)) return undefined
  return value.length === (value.prefix.includes(':') ? 128 : 32) ? value.prefix : undefined
}
