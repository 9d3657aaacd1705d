/** A fix as the commands that a person types for it. */
import { type Command, inOrder } from '../model/command.ts'
import type { Edit } from '../model/edit.ts'
import type { Exchange } from '../model/exchange.ts'
import type { Fix, Journey, PrintedFix } from '../model/journey.ts'
import { type EditPrinting, editCommand } from './print.ts'

/** A fix's commands. */
export interface FixCommands {
  /** Absent where it is done by hand. */
  command?: Command
  undo?: Command
}

/** A fix is printed for the terminal, for JSON, and before that to see whether it can be said. No memo: copies share edits. */
const known = new WeakMap<readonly Edit[], FixCommands>()

/** What a person types for the fix, and to take it back; also the command that only shows something. */
export function fixCommands(fix: Fix): FixCommands {
  const { edits, undo, look } = fix
  if (!edits) return look ? { command: look } : {}
  const before = known.get(edits)
  if (before) return before
  const printing = printingOf(edits)
  const commands = { command: joined(edits, printing), ...(undo ? { undo: joined(undo, printing) } : {}) }
  known.set(edits, commands)
  return commands
}

/**
 * A rule that is deleted is put back as the ruleset lists it; and as its number means another rule in another table, the
 * table is named, whichever it is.
 */
const printingOf = (edits: readonly Edit[]): EditPrinting =>
  edits.some(deletesRule) ? { namesFilter: true } : { typed: true }

const deletesRule = (edit: Edit): boolean =>
  (edit.kind === 'rule' || (edit.kind === 'nft' && 'rule' in edit.object)) && edit.op === 'delete'

function joined(edits: readonly Edit[], printing: EditPrinting): Command {
  const commands = edits.map((edit) => editCommand(edit, printing))
  return commands.length === 1 ? commands[0]! : inOrder(...commands)
}

/** The fix with its commands in place of edits. */
export function printedFix(fix: Fix): PrintedFix {
  const { description, edits: _, undo: __, look: ___, ...told } = fix
  return { description, ...fixCommands(fix), ...told }
}

/** The journey as JSON documents have it: each fix with its commands. */
export function printedJourney(journey: Journey): Journey<PrintedFix> {
  return { ...journey, findings: journey.findings.map((one) => ({ ...one, fix: one.fix.map(printedFix) })) }
}

/** The same of an exchange. */
export function printedExchange(exchange: Exchange): Exchange<PrintedFix> {
  return { ...exchange, findings: exchange.findings.map((one) => ({ ...one, fix: one.fix.map(printedFix) })) }
}
