/** Which chains of a table lead where, and which speak of which destination; found out once a table. */
import type { Condition } from '../../model/condition.ts'
import type { Hook } from '../../model/hook.ts'
import { memo } from '../../model/memo.ts'
import type { Packet } from '../../model/packet.ts'
import type { Chain, NamedSet, Rule, Table } from '../../model/ruleset.ts'
import { chainsOf } from '../../rules/nft/map.ts'

const graphs = memo((table: Table) => memo((sets: readonly NamedSet[]) => new ChainGraph(table, sets)))

/** `sets`: where verdict maps are looked for. */
export const graphOf = (table: Table, sets: readonly NamedSet[]): ChainGraph => graphs(table)(sets)

class ChainGraph {
  private readonly table: Table
  private readonly sets: readonly NamedSet[]
  /** Chains that some rule leads to. */
  readonly led: ReadonlySet<string>
  private readonly reachable = new Map<Chain, ReadonlySet<string>>()
  private readonly apart = new Map<string, readonly Chain[]>()
  private readonly byDestination = new Map<string, Chain[]>()

  constructor(table: Table, sets: readonly NamedSet[]) {
    this.table = table
    this.sets = sets
    const chains = [...table.chains.values()]
    this.led = new Set(chains.flatMap(({ rules }) => rules.flatMap((rule) => this.targetsOf(rule))))
    for (const chain of chains) {
      const keys = new Set(chain.rules.map(destinationOf))
      for (const key of keys) {
        if (key === undefined) continue
        const speaking = this.byDestination.get(key)
        if (speaking) speaking.push(chain)
        else this.byDestination.set(key, [chain])
      }
    }
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
    const open = [base]
    for (let chain = open.pop(); chain; chain = open.pop())
      for (const name of chain.rules.flatMap((rule) => this.targetsOf(rule))) {
        const next = this.table.chains.get(name)
        if (names.has(name) || !next) continue
        names.add(name)
        open.push(next)
      }
    this.reachable.set(base, names)
    return names
  }

  private targetsOf({ statements }: Rule): string[] {
    return chainsOf(statements, this.sets)
  }

  /**
   * User chains with rules that `base` does not lead to. A chain made for another hook is none for this one: of those that
   * some rule leads to only such as base chains at a twin hook reach.
   */
  apartFrom(base: Chain, twins: readonly Hook[]): readonly Chain[] {
    const key = `${twins.join()} ${base.name}`
    const known = this.apart.get(key)
    if (known) return known
    const chains = [...this.table.chains.values()]
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
