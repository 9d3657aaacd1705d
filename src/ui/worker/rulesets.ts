/** The rules of each machine as the page lists them, and how many of the packets shown met each. */
import type { MachineInfo } from '../../analysis/analysis.ts'
import type { Group } from '../../analysis/groups.ts'
import { ownerOf } from '../../explain/owners/owners.ts'
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

export function tellRulesets(machines: readonly MachineInfo[], groups: readonly Group[]): RulesetOf[] {
  return machines.map(({ name, world: all }) => {
    const world = withoutOwn(all)
    const hits = hitsOf(groups, name)
    return allPrintable({
      ...(name === undefined ? {} : { machine: name }),
      tables: world.tables.map((table) => tableOf(table, world, hits)),
    })
  })
}

const keyOf = (family: string, table: string, chain: string, rule: Pick<Rule, 'ruleNumber' | 'handle'>): string =>
  JSON.stringify([family, table, chain, rule.handle ?? rule.ruleNumber])

/** Packets by the rules that they met. */
function hitsOf(groups: readonly Group[], machine: string | undefined): Map<string, number> {
  const hits = new Map<string, number>()
  for (const { journey, count } of groups) {
    if (machine !== undefined && journey.host !== machine) continue
    for (const { family, table, chain, ruleNumber, handle, kind } of journey.steps) {
      if (kind !== 'rule' || table === undefined || chain === undefined || ruleNumber === undefined) continue
      for (const id of new Set([handle, ruleNumber])) {
        const key = JSON.stringify([family, table, chain, id])
        if (id !== undefined) hits.set(key, (hits.get(key) ?? 0) + count)
      }
    }
  }
  return hits
}

const tableOf = (table: Table, world: World, hits: ReadonlyMap<string, number>): TableOf => ({
  ...{ family: table.family, name: table.name, backend: backendOf(table) },
  chains: [...table.chains.values()].map((chain) => chainOf(table, chain, hits)),
  sets: [...world.sets.values()].filter((set) => set.table === table.name && set.family === table.family).map(setOf),
})

function chainOf(table: Table, chain: Chain, hits: ReadonlyMap<string, number>): ChainOf {
  const owner = ownerOf({ family: table.family, table: table.name, chain: chain.name, contents: table })
  return {
    name: chain.name,
    ...(chain.hook === undefined ? {} : { hook: chain.hook }),
    ...(chain.priority === undefined ? {} : { priority: chain.priority }),
    ...(chain.policy === undefined ? {} : { policy: chain.policy }),
    ...(owner === undefined ? {} : { owner: owner.name }),
    rules: chain.rules.filter(({ own }) => !own).map((rule) => ruleOf(table, chain, rule, hits)),
  }
}

function ruleOf(table: Table, chain: Chain, rule: Rule, hits: ReadonlyMap<string, number>): RuleOf {
  const to = rule.statements.find((one) => one.kind === 'jump' || one.kind === 'goto')
  return {
    number: rule.ruleNumber,
    ...(rule.handle === undefined ? {} : { handle: rule.handle }),
    text: withoutChain(rule.text),
    ...(to && 'chain' in to ? { to: to.chain } : {}),
    hits: hits.get(keyOf(table.family, table.name, chain.name, rule)) ?? 0,
  }
}

const setOf = ({ name, type, elements, ...set }: NamedSet) => ({
  name,
  what: `${set.dataType === undefined ? 'set' : 'map'} of ${type}`,
  elements: elements.slice(0, MOST_ELEMENTS).map(elementText),
  all: elements.length,
})
