/** The rules of each machine as the page lists them, and how many of the packets shown met each. */
import type { MachineInfo } from '../../analysis/analysis.ts'
import type { Group } from '../../analysis/groups.ts'
import { ownerOf } from '../../explain/owners/owners.ts'
import type { Step } from '../../model/journey.ts'
import { withoutOwn } from '../../model/own-table.ts'
import { allPrintable } from '../../model/printable.ts'
import type { Chain, NamedSet, Rule, Table } from '../../model/ruleset.ts'
import type { World } from '../../model/world.ts'
import { withoutChain } from '../../reports/step-words.ts'
import { elementText } from '../../rules/difference.ts'
import type { ChainOf, RuleOf, RulesetOf, TableOf } from '../protocol.ts'

/** Elements of a set that are listed; of more it is told how many there are. */
const MOST_ELEMENTS = 200

/** `legacy` and `iptables-nft` as iptables -V says it. */
export const backendOf = ({ kind, backend }: Table): string =>
  backend === 'nft' ? `${kind}-nft` : backend === 'legacy' && kind === 'iptables' ? 'legacy' : kind

/** `changed`: the machine whose rules are no longer those that its packets met. */
export function tellRulesets(
  machines: readonly MachineInfo[],
  groups: readonly Group[],
  options: { changed?: string | undefined } = {},
): RulesetOf[] {
  const isSingle = machines.length === 1
  return machines.map(({ name, world: all }) => {
    const world = withoutOwn(all)
    const hits = new Hits(groups, isSingle ? undefined : name)
    const isChanged = 'changed' in options && options.changed === name
    return allPrintable({
      ...(name === undefined ? {} : { machine: name }),
      ...(isChanged ? { isChanged } : {}),
      tables: world.tables.map((table) => tableOf(table, world, hits)),
    })
  })
}

const chainKey = (family: string, table: string, chain: string): string => `${family} ${table}\n${chain}`

interface ChainHits {
  packets: number
  byHandle: Map<number, number>
  /** By number and words: the rules may have been others when the packet came. */
  byNumber: Map<string, number>
}

const numberKey = (ruleNumber: number, text: string): string => `${ruleNumber} ${text}`

/** Packets by the rules that they matched, each packet once. A trace names an nft rule by its handle, an iptables one by its number. */
class Hits {
  private readonly chains = new Map<string, ChainHits>()

  constructor(groups: readonly Group[], machine: string | undefined) {
    for (const { journey, count } of groups) {
      if (machine !== undefined && journey.host !== machine) continue
      const met = new Set<string>()
      for (const step of journey.steps) this.note(step, count, met)
    }
  }

  private note({ family, table, chain, ruleNumber, handle, rule, kind }: Step, count: number, met: Set<string>): void {
    if (table === undefined || chain === undefined) return
    const key = chainKey(family, table, chain)
    const hits = this.chains.get(key) ?? { packets: 0, byHandle: new Map(), byNumber: new Map() }
    this.chains.set(key, hits)
    if (!met.has(key)) hits.packets += count
    met.add(key)
    if (kind === 'policy' || kind === 'unknown' || (rule === undefined && handle === undefined)) return
    const id = `${key}\n${handle ?? ruleNumber}`
    if (met.has(id)) return
    met.add(id)
    if (handle !== undefined) hits.byHandle.set(handle, (hits.byHandle.get(handle) ?? 0) + count)
    if (ruleNumber === undefined || rule === undefined) return
    const numbered = numberKey(ruleNumber, rule)
    hits.byNumber.set(numbered, (hits.byNumber.get(numbered) ?? 0) + count)
  }

  inChain({ family, name }: Table, chain: Chain): number {
    return this.chains.get(chainKey(family, name, chain.name))?.packets ?? 0
  }

  of({ family, name }: Table, chain: Chain, { handle, ruleNumber, text }: Rule): number {
    const hits = this.chains.get(chainKey(family, name, chain.name))
    if (!hits) return 0
    const byHandle = handle === undefined ? undefined : hits.byHandle.get(handle)
    return byHandle ?? hits.byNumber.get(numberKey(ruleNumber, text)) ?? 0
  }
}

const tableOf = (table: Table, world: World, hits: Hits): TableOf => ({
  ...{ family: table.family, name: table.name, backend: backendOf(table) },
  chains: [...table.chains.values()].map((chain) => chainOf(table, chain, hits)),
  sets: [...world.sets.values()].filter((set) => set.table === table.name && set.family === table.family).map(setOf),
})

function chainOf(table: Table, chain: Chain, hits: Hits): ChainOf {
  const owner = ownerOf({ family: table.family, table: table.name, chain: chain.name, contents: table })
  return {
    name: chain.name,
    hits: hits.inChain(table, chain),
    ...(chain.hook === undefined ? {} : { hook: chain.hook }),
    ...(chain.priority === undefined ? {} : { priority: chain.priority }),
    ...(chain.policy === undefined ? {} : { policy: chain.policy }),
    ...(owner === undefined ? {} : { owner: owner.name }),
    rules: chain.rules.filter(({ own }) => !own).map((rule) => ruleOf(table, chain, rule, hits)),
  }
}

function ruleOf(table: Table, chain: Chain, rule: Rule, hits: Hits): RuleOf {
  const to = rule.statements.find((one) => one.kind === 'jump' || one.kind === 'goto')
  return {
    number: rule.ruleNumber,
    ...(rule.handle === undefined ? {} : { handle: rule.handle }),
    text: withoutChain(rule.text),
    ...(to && 'chain' in to ? { to: to.chain } : {}),
    hits: hits.of(table, chain, rule),
  }
}

const setOf = ({ name, type, elements, ...set }: NamedSet) => ({
  name,
  what: `${set.dataType === undefined ? 'set' : 'map'} of ${type}`,
  elements: elements.slice(0, MOST_ELEMENTS).map(elementText),
  all: elements.length,
})
