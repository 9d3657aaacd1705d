/** A proposal as it is typed on one host. */
import type { Fix } from '../../model/journey.ts'
import type { World } from '../../model/world.ts'
import { withExactUndo } from '../changes/exact-undo.ts'
import type { Proposal } from '../changes/proposal.ts'
import { sayable } from '../changes/sayable.ts'
import { withVariant } from '../changes/variant.ts'
import { withOwner } from './undone.ts'

/** With an exact undo, by the program that changes these rules here, and with who will undo it. */
export const forThisHost = (proposed: Proposal, world: World): Fix =>
  sayable(withOwner(withVariant(withExactUndo(proposed, world), world), world))
