/** Base chains of nft's that are made for a rule which has nowhere to stand. */
import type { NftEdit } from '../../model/edit.ts'
import type { RuleFamily, Table } from '../../model/ruleset.ts'
import type { World } from '../../model/world.ts'
import { nftProposals } from './later.ts'
import type { Change } from './proposal.ts'
import type { Chosen, Doing } from './rule-changes.ts'

interface BaseChain {
  name: string
  type: 'filter' | 'nat' | 'route'
  hook: 'prerouting' | 'output' | 'postrouting'
  prio: number
}

/** Undefined where the table has a chain of that name, or nft no words for the rule. A table that is not there is made, too. */
export function addInNewChain(
  { tables }: World,
  table: Pick<Table, 'family' | 'name'>,
  base: BaseChain,
  chosen: Chosen,
  doing: Doing,
): Change | undefined {
  const family = table.family as RuleFamily
  const known = tables.find((one) => one.family === family && one.name === table.name)
  const { name, ...more } = base
  const rule = nftProposals.loaded.nftChanges.add(
    { family, table: table.name, chain: name },
    { chain: name },
    chosen,
    doing,
  )
  if (known?.chains.has(name) || !rule || 'unsayable' in rule) return undefined
  const whole = (op: NftEdit['op']): NftEdit => ({ kind: 'nft', op, object: { table: { family, name: table.name } } })
  const chain = (op: NftEdit['op'], body: object = {}): NftEdit => ({
    ...{ kind: 'nft', op },
    object: { chain: { family, table: table.name, name, ...body } },
  })
  return {
    edits: [...(known ? [] : [whole('add')]), chain('add', { ...more, policy: 'accept' }), ...rule.edits],
    undo: known ? [chain('flush'), chain('delete')] : [whole('delete')],
  }
}
