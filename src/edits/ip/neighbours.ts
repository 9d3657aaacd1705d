/** What `ip neighbour` does to the table of neighbours (Linux 6.18, net/core/neighbour.c neigh_add, neigh_delete). */
import type { NeighbourEdit } from '../../model/edit.ts'
import { familyOf } from '../../rules/prefixes.ts'
import type { Draft } from '../draft.ts'
import { EditProblem } from '../problem.ts'
import { knownLink } from './links.ts'

/** Throws EditProblem. */
export function editNeighbour({ op, address, device, mac }: NeighbourEdit, draft: Draft): void {
  const { links, neighbours } = draft.world.host
  if (!neighbours) throw new EditProblem('the neighbours are unknown: `ip neigh` was not given')
  if (links) knownLink(device, links)
  const others = neighbours.filter((one) => one.address !== address || one.device !== device || one.proxy)
  if (op === 'del' && others.length === neighbours.length)
    throw new EditProblem(`${device} has no neighbour entry for ${address}`)
  draft.host().neighbours =
    op === 'del' || mac === undefined
      ? others
      : [...others, { family: familyOf(address), address, device, mac, state: ['PERMANENT'] }]
}
