/** Fixes whose command cannot be said keep their description, and tell why. */
import { fixCommands } from '../../edits/fix.ts'
import type { WhyNot } from '../../model/command.ts'
import type { Fix } from '../../model/journey.ts'
import type { Proposal } from './proposal.ts'

export const WHY_NOT: Readonly<Record<WhyNot, string>> = {
  character: 'a name in the change has a character that no command can contain',
  name: 'the program does not accept a name in the change',
  nameless: 'the command would have to name an interface of which the capture has only the index',
  unlisted: 'the command would have to name an address of this host, which no listing shows',
  language: 'nft cannot express a name or a text in the change',
}

export function sayable({ unsayable, kind: _, ...fix }: Proposal): Fix {
  const { command, undo } = fixCommands(fix)
  const why = unsayable ?? command?.whyNot ?? undo?.whyNot
  if (why === undefined) return fix
  const { edits: __, undo: ___, look: ____, ...rest } = fix
  const note = `no command is given: ${WHY_NOT[why]}`
  return { ...rest, unverified: note, note: rest.note === undefined ? note : `${note}; ${rest.note}` }
}
