/** What takes an edit back, told from the Worlds before and after it, where one edit can. */
import type { ChainEdit, Edit, NeighbourEdit } from '../model/edit.ts'
import type { Chain } from '../model/ruleset.ts'
import type { World } from '../model/world.ts'
import { iptablesTable } from './draft.ts'
import { undoRule } from './iptables/undo.ts'
import { undoNft } from './nft/undo.ts'

/** Undefined where nothing is known to, or it needs what the World does not hold. */
export function undoEdit(edit: Edit, before: World, after: World): Edit[] | undefined {
  switch (edit.kind) {
    case 'rule':
      return undoRule(edit, before, after)
    case 'chain':
      return undoChain(edit, chainOf(edit, before))
    case 'nft':
      return undoNft(edit, before)
    case 'ipset':
      return edit.op === 'add' && !edit.exist ? [{ ...edit, op: 'del', options: {} }] : undefined
    case 'sysctl': {
      const value = before.host.sysctls?.get(edit.name)
      return value === undefined ? undefined : [{ ...edit, value }]
    }
    case 'neighbour':
      return undoNeighbour(edit, before)
    default:
      return undefined
  }
}

/** What the kernel has learned it learns again. */
function undoNeighbour({ op, mac: _, ...entry }: NeighbourEdit, { host }: World): Edit[] | undefined {
  const known = host.neighbours?.find(
    ({ address, device, proxy }) => address === entry.address && device === entry.device && !proxy,
  )
  if (!known) return op === 'replace' ? [{ ...entry, op: 'del' }] : undefined
  return known.mac === undefined || !known.state.includes('PERMANENT')
    ? undefined
    : [{ ...entry, op: 'replace', mac: known.mac }]
}

const chainOf = (edit: ChainEdit, world: World): Chain | undefined =>
  iptablesTable(world, edit)?.chains.get(edit.chain ?? '')

function undoChain(edit: ChainEdit, before: Chain | undefined): Edit[] | undefined {
  const { kind, family, table, chain, op, newName, backend } = edit
  const place = { kind, family, table, ...(backend ? { backend } : {}) }
  if (chain === undefined) return undefined
  if (op === 'policy' && before?.policy) return [{ ...place, chain, op, policy: before.policy }]
  if (op === 'new') return [{ ...place, chain, op: 'delete' }]
  return op === 'rename' && newName !== undefined ? [{ ...place, chain: newName, op, newName: chain }] : undefined
}
