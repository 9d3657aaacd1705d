/** Fixes whose command cannot be said keep their description, and tell why. */
import type { WhyNot } from '../model/command.ts'
import type { Fix } from '../model/journey.ts'

export const WHY_NOT: Readonly<Record<WhyNot, string>> = {
  character: 'a name in it has a character that no command can hold',
  name: 'a name in it is none that the program would take as a name',
  language: 'nft has no words for a name or a text in it',
}

export function sayable(fix: Fix): Fix {
  const { command, undo, ...rest } = fix
  const why = command?.whyNot ?? undo?.whyNot
  if (why === undefined) return fix
  const note = `no command is given: ${WHY_NOT[why]}`
  return { ...rest, unverified: note, note: rest.note === undefined ? note : `${note}; ${rest.note}` }
}
