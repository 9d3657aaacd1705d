/** What every form of a report takes and gives: explained journeys in, pieces of text out. Nothing here prints. */

import type { Group } from '../analysis/groups.ts'
import type { Diagnostic } from '../model/diagnostic.ts'

export type { Group } from '../analysis/groups.ts'

/** Width in columns. Without `unicode` all marks are ASCII; what comes from the input stays as it is. */
export interface FormOptions {
  width: number
  colour: boolean
  unicode: boolean
  /** Every step, every rule in full length, every note. */
  full: boolean
  /** Several machines are told of. */
  hosts?: boolean
}

export const DEFAULT_FORM_OPTIONS: FormOptions = { width: 80, colour: false, unicode: true, full: false }

/** An input that was read. */
export interface InputFile {
  /** Path, or `standard input`. */
  name: string
  /** What it was recognised as. */
  format: string
  bytes: number
}

/** How much was read. */
export interface Stats {
  /** Bytes of all inputs. */
  bytes: number
  /** Trace events that were read. */
  events: number
  /** Journeys that were found, shown or not. */
  journeys: number
  /** Lines or records that could not be used. */
  skipped: number
  /** Events that the kernel could not deliver. */
  lost: number
  /** Journeys that were closed early because too many were open. */
  evicted?: number
  /** Live: what was left out because it came faster than it could be read. */
  overload?: {
    /** Bytes that were not read. */
    unread: number
    /** Packets that were left out. */
    shedPackets: number
    /** Events of those packets. */
    shedEvents: number
  }
}

/** What is known only when all inputs are read. */
export interface Tail {
  /** The inputs, in the order in which they were read. */
  inputs: readonly InputFile[]
  warnings: readonly Diagnostic[]
  stats: Stats
  /** Packets that were seen on two machines, in the order of their way. Absent: all inputs are of one machine. */
  joined?: readonly JoinedJourneys[]
}

/** One packet, seen on two machines. */
export interface JoinedJourneys {
  from: SeenOnHost
  to: SeenOnHost
}

export interface SeenOnHost {
  /** The machine. */
  host: string
  /** Id of the journey. */
  journey: string
}

/** Gives a report piece by piece; the caller writes the pieces one behind the other. */
export interface Writer {
  /** `groups`: all that will come, where that is known. What they have in common is told once, on top. */
  begin(groups?: readonly Group[]): string
  journey(group: Group): string
  /** `groups`: all that came, where they have grown since they were handed in. */
  end(tail: Tail, groups?: readonly Group[]): string
}

export interface Form {
  describe: string
  /** Of a file that is to hold this form. */
  ending: string
  /** For a person: takes groups, the worst first. Else each journey is handed in by itself, as it completes. */
  folds: boolean
  open(options?: Partial<FormOptions>): Writer
}
