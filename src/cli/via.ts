/** `--via COMMAND`. */
import { LiveProblem } from '../live/problem.ts'
import { parseVia, type TraceHost } from '../live/trace-host.ts'
import { UserError } from '../model/user-error.ts'

/** Throws UserError. */
export function placeOf(text: string): TraceHost {
  try {
    return parseVia(text)
  } catch (error) {
    throw error instanceof LiveProblem ? new UserError(error.message, error.hint) : error
  }
}
