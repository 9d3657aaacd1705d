/** A fix as findings propose it, and the change it is made of. */
import type { WhyNot } from '../../model/command.ts'
import type { Edit } from '../../model/edit.ts'
import type { Fix } from '../../model/journey.ts'
import { covers, readPrefix } from '../../rules/routing-table.ts'
import { addressBytes } from '../../rules/values.ts'
import type { Owned } from '../owners/owner.ts'

/** What it costs that a rule of nat accepts such packets: an accept ends its base chain, and no other hook's. */
export const SKIPS_NAT = 'later rules of this nat chain do not apply to them either'

/** The same in other tables: it ends the rule's chain, and those that led there. */
export const SKIPS_LATER =
  'later rules of that chain, and of those that lead to it, do not apply to such packets either'

/** What it costs to delete a rule that stops more than this packet. */
export const OPENS_ALL_DROPPED = 'opens everything that the rule dropped'

/** `unverified` of a fix that is still to be tried. With any other reason it is not: the model would say nothing of it. */
export const NOT_TRIED = 'not tried'

/** Edits, and those that take them back. */
export interface Change {
  edits: readonly Edit[]
  undo: readonly Edit[]
}

/** One change behind the other; undone backwards. */
export const together = (...changes: readonly Change[]): Change => ({
  edits: changes.flatMap(({ edits }) => edits),
  undo: nextHopsKept(changes.toReversed().flatMap(({ undo }) => undo)),
})

/**
 * The kernel restores no route whose next hop it cannot reach: the route to a next hop is taken away behind what is restored.
 * One that leads by a router itself makes no next hop reachable, and in place of one it has to go first.
 */
function nextHopsKept(undo: readonly Edit[]): Edit[] {
  const restored = undo.flatMap((one) => (one.kind === 'route' && one.op === 'add' ? [one.route] : []))
  const nextHops = restored.flatMap(({ gateway = '' }) => addressBytes(gateway) ?? [])
  const isNeeded = (one: Edit) => {
    if (one.kind !== 'route' || one.op !== 'del') return false
    const { destination = '', table, gateway, nexthops } = one.route
    if (gateway !== undefined || nexthops !== undefined) return false
    if (restored.some((other) => other.destination === destination && other.table === table)) return false
    const network = readPrefix(destination)
    return network !== undefined && nextHops.some((hop) => covers(network, hop))
  }
  return [...undo.filter((one) => !isNeeded(one)), ...undo.filter(isNeeded)]
}

/** What would have to be edited has a name that no command can say. */
export interface Unspeakable {
  unsayable: WhyNot
  kind: Edit['kind']
}

export type Changing = Change | Unspeakable

/** A fix as findings propose it; sayable.ts makes a reason of what cannot be said. */
export type Proposal = Fix &
  Partial<Unspeakable> & {
    /** Who owns the rule that the change gets past, in a chain that is nobody's: owners/undone.ts makes a note of it. */
    beside?: Owned
  }

/** One change of several; none where one of them has no words. */
export function allOf(changes: readonly (Changing | undefined)[]): Changing | undefined {
  const said: Change[] = []
  for (const one of changes) {
    if (!one || 'unsayable' in one) return one
    said.push(one)
  }
  return together(...said)
}
