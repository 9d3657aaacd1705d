/** Interfaces that edits name. */
import type { Link } from '../../model/host.ts'
import { closest } from '../../rules/closest.ts'
import type { Draft } from '../draft.ts'
import { didYouMean, EditProblem } from '../problem.ts'

/** Throws EditProblem where no interface has this name. */
export function knownLink(device: string, links: readonly Link[]): Link {
  const found = links.find(({ name }) => name === device)
  const names = links.map(({ name }) => name)
  if (!found) throw new EditProblem(`there is no interface ${device}${didYouMean(closest(device, names))}`)
  return found
}

/** A copy of its own, in the place of the one that others have. Throws EditProblem. */
export function linkToEdit(device: string, draft: Draft): Link {
  const { links } = draft.world.host
  if (!links) throw new EditProblem('the interfaces are unknown: `ip -j addr show` was not given')
  const found = knownLink(device, links)
  const copy = { ...found }
  draft.host().links = links.map((one) => (one === found ? copy : one))
  return copy
}
