/** What every form of a report takes and gives: explained journeys in, pieces of text out. Nothing here prints. */
import type { Diagnostic } from '../model/diagnostic.ts'
import type { Fix, Journey } from '../model/journey.ts'

/** Packets of one fate: told once, with their number. `F`: the fixes of the journey's findings. */
export interface Group<F = Fix> {
  /** The first of them. */
  journey: Journey<F>
  count: number
  /** Which values all of them share; the others show as `*`. */
  same: { src: boolean; dst: boolean; sport: boolean; dport: boolean }
  /** How many of them, besides the first, are packets that were sent before. */
  sentAgain?: number
  /** When the last of them came. */
  last?: Pick<Journey<unknown>, 'time' | 'uptime'>
  /** Where else these packets were seen: the first journey there of each fate, and how many of these had that. */
  elsewhere?: readonly { host: string; journey: Journey<unknown>; count: number }[]
}

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

/** What is known only when all inputs are read. */
export interface Tail {
  inputs: readonly { name: string; format: string; bytes: number }[]
  warnings: readonly Diagnostic[]
  stats: {
    bytes: number
    events: number
    journeys: number
    skipped: number
    lost: number
    evicted?: number
    overload?: { unread: number; shedPackets: number; shedEvents: number }
  }
  /** Packets that were seen on two machines: ids of their journeys, in the order of their way. */
  joined?: readonly { from: Seen; to: Seen }[]
}

interface Seen {
  host: string
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
