/** What the doctor finds, as data; and what a cause is. */
import { WHY_NOT } from '../../explain/changes/sayable.ts'
import { type Command, command, inOrder, printCommand } from '../../model/command.ts'
import type { Facts } from '../survey/facts.ts'
import type { Wish } from './wish.ts'

export interface Mend {
  description: string
  /** One after the other; none: a person has to do it. */
  commands?: readonly Command[]
  /** What takes them back, in this order. */
  undo?: readonly Command[]
  /** It disturbs nobody, so `--fix` may run it. */
  safe: boolean
  /** Why it is not safe. */
  unsafe?: string
}

/** What keeps a trace from appearing. */
export interface Problem {
  /** In kebab-case, stable; docs/doctor.md lists them. */
  code: string
  severity: 'error' | 'warning' | 'note'
  /** One sentence. */
  message: string
  /** What was seen: a line of a file or of a command. */
  evidence: string
  fix?: Mend
}

export interface Cause {
  id: string
  /** The three columns of docs/doctor.md. */
  about: { cause: string; check: string; mend: string }
  /** `recorded`: what this asks for is not on every kernel, so the tests use what a probe printed elsewhere. */
  tested: 'in a namespace' | 'recorded'
  /** Facts in, problems out: asks nothing and changes nothing. */
  check(facts: Facts, wish: Wish): Problem[]
}

/** As a person types them, for any POSIX shell. */
export const commandText = (commands: readonly Command[]): string => printCommand(inOrder(...commands))

/** A setting of /proc/sys, by the name that sysctl(8) has for it, and back to what it was. */
export const setting = (name: string, value: string, before: string | undefined) => ({
  commands: [command('sysctl', '-w', `${name}=${value}`)],
  ...(before === undefined ? {} : { undo: [command('sysctl', '-w', `${name}=${before}`)] }),
})

/** Without commands that cannot be said: a name from over there may be anything. */
export function sayableMend(mend: Mend): Mend {
  const { commands, undo, ...rest } = mend
  const why = inOrder(...(commands ?? []), ...(undo ?? [])).whyNot
  return why === undefined
    ? mend
    : { ...rest, safe: false, description: `${mend.description} (no command is given: ${WHY_NOT[why]})` }
}
