/** A change as a fix has it printed. */
import { type FixCommands, fixCommands } from '../../src/edits/fix.ts'
import { propose } from '../../src/explain/changes/change.ts'
import type { Changing } from '../../src/explain/changes/proposal.ts'

export function commandsOf(change: Changing | undefined): FixCommands {
  const [fix] = propose('', change)
  return fix ? fixCommands(fix) : {}
}

export function said(change: Changing | undefined): { command?: string; undo?: string } {
  const { command, undo } = commandsOf(change)
  return { ...(command ? { command: String(command) } : {}), ...(undo ? { undo: String(undo) } : {}) }
}
