/** Journeys, findings and fixes as JSON has them: a command is text for a POSIX shell. */
import { printCommand } from '../model/command.ts'
import type { Fix, Journey } from '../model/journey.ts'
import type { FixDocument, JourneyDocument } from './documents.ts'

export const printedJourney = (journey: Journey): JourneyDocument => ({
  ...journey,
  findings: journey.findings.map((finding) => ({ ...finding, fix: finding.fix.map(printedFix) })),
})

export const printedFix = ({ description, command, undo, ...rest }: Fix): FixDocument => ({
  description,
  ...(command ? { command: printCommand(command) } : {}),
  ...(undo ? { undo: printCommand(undo) } : {}),
  ...rest,
})
