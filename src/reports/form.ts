/** What every form of a report takes and gives: explained journeys in, pieces of text out. Nothing here prints. */

import type { Ending } from '../analysis/ending.ts'
import type { Group } from '../analysis/groups.ts'
import type { Exchange } from '../model/exchange.ts'

export type { Group } from '../analysis/groups.ts'

/** Width in columns. Without `unicode` all marks are ASCII; what comes from the input stays as it is. */
export interface FormOptions {
  width: number
  colour: boolean
  unicode: boolean
  /** Every step, every rule in full length, every note. */
  full: boolean
  /** One line for each group, and nothing else. */
  quiet?: boolean
  /** Several machines are told of. */
  hosts?: boolean
}

export const DEFAULT_FORM_OPTIONS: FormOptions = { width: 80, colour: false, unicode: true, full: false }

/** Gives a report piece by piece; the caller writes the pieces one behind the other. */
export interface Writer {
  /** `groups`: all that will come, where that is known. What they have in common is told once, on top. */
  begin(groups?: readonly Group[]): string
  journey(group: Group): string
  /** For programs: behind all journeys, or live as soon as something is known of it. */
  exchange?(exchange: Exchange): string
  /** For programs: what stands before and behind a journey that was written already, as JSON. */
  line?: { before(): string; behind: string }
  /** `groups`: all that came, where they have grown since they were handed in. */
  end(tail: Ending, groups?: readonly Group[]): string
}

export interface Form {
  describe: string
  /** Of a file that is to hold this form. */
  ending: string
  /** For a person: takes groups, the worst first. Else each journey is handed in by itself, as it completes. */
  folds: boolean
  open(options?: Partial<FormOptions>): Writer
}
