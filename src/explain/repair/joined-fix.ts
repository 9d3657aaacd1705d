/** Several fixes as one, whose commands are typed one after the other. */
import type { Fix } from '../../model/journey.ts'
import { together } from '../changes/proposal.ts'
import { ownerOfAll } from '../owners/undone.ts'

/** `tried`: what came of all together. `notes`: absent: all that the fixes have. */
export function joinedFix(
  fixes: readonly Fix[],
  { verified, after, given = [] }: Pick<Fix, 'verified' | 'after' | 'given'>,
  notes: readonly string[] = fixes.flatMap(notesOf),
): Fix {
  const told = [...new Set(notes)]
  return {
    description: fixes.map(({ description }) => description).join('; then '),
    ...together(...fixes.map(({ edits = [], undo = [] }) => ({ edits, undo }))),
    ...(verified && after ? { verified, after } : {}),
    ...(given.length > 0 ? { given } : {}),
    ...(told.length > 0 ? { note: told.join('; ') } : {}),
    ...ownerOfAll(fixes),
  }
}

export const notesOf = ({ note }: Fix): string[] => note?.split('; ') ?? []
